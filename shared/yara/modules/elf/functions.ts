/**
 * Hashes of what an ELF file imports. Names are put in lower case, sorted as bytes and joined by commas; `import_md5` takes
 * the undefined symbols, `telfhash` the global functions that are visible by default and say something about the program.
 * Without any name, and of what is no ELF file, MD5 is that of nothing, and telfhash undefined.
 * Source: github.com/trendmicro/telfhash, README.
 */
import { compareText } from '../../scan/text-operators.ts';
import type { CallContext, Implementation, ObjectView } from '../module.ts';
import { computeOver } from '../range-computations.ts';
import { ElfFile, type ElfSymbol } from './parser.ts';
import { tlsh } from './tlsh.ts';

export const elfFunctions: Readonly<Record<string, Implementation>> = {
  'elf.import_md5()': (context) =>
    hashOnce(context, 'imports', () => computeOver('md5', joinedNames(context, 'imports', isImport))),
  'elf.telfhash()': (context) => hashOnce(context, 'functions', () => tlsh(telfhashText(context))),
};

/** What telfhash is the hash of. */
export function telfhashText(context: CallContext): Uint8Array {
  return joinedNames(context, 'functions', isTelling);
}

/** Files with more symbols, or longer names in all, have no known hash; names may be longer as long as they do not count. */
const MAX_SYMBOLS = 1 << 20;
const MAX_NAMES_BYTES = 1 << 24;
const MAX_READ_BYTES = 1 << 26;

function isImport({ section, name }: ElfSymbol): boolean {
  return section === 0 && name !== undefined && name.length > 0;
}

const FUNCTION = 2;
const GLOBAL = 1;
const DEFAULT = 0;

/** Names that most programs have. */
const COMMON: ReadonlySet<string> = new Set([
  '__libc_start_main',
  'main',
  'abort',
  'cachectl',
  'cacheflush',
  'puts',
  'atol',
  'malloc_trim',
]);

function isTelling({ name, type, bind, visibility }: ElfSymbol): boolean {
  if (type !== FUNCTION || bind !== GLOBAL || visibility !== DEFAULT || name === undefined) return false;
  const text = decoder.decode(name);
  return !COMMON.has(text) && !/^(?:[._]|mem|str)/.test(text) && !text.endsWith('64');
}

/** How far a file's symbols have been read, so that a call that ended for want of bytes goes on from there. */
interface Gathered {
  next: number;
  /** Of all names. */
  readBytes: number;
  /** Of those that count. */
  bytes: number;
  readonly names: Uint8Array[];
  hash?: { readonly value: Uint8Array | undefined };
}

const gathered = new WeakMap<ElfFile, Map<What, Gathered>>();

type What = 'imports' | 'functions';

function hashOnce(context: CallContext, what: What, hash: () => Uint8Array | undefined): Uint8Array | undefined {
  const state = stateOf(elfFileOf(context), what);
  return (state.hash ??= { value: hash() }).value;
}

function elfFileOf(context: CallContext): ElfFile {
  const file = context.root('elf');
  if (!(file instanceof ElfFile)) throw new Error('bug: the root of elf is another module’s');
  return file;
}

function joinedNames(context: CallContext, what: What, counts: (symbol: ElfSymbol) => boolean): Uint8Array {
  const file = elfFileOf(context);
  const { count, symbol } = file.importSymbols();
  if (count > MAX_SYMBOLS) return context.object.refuse('limit:elfSymbols');
  const state = stateOf(file, what);
  for (; state.next < count; state.next++) {
    const candidate = symbol(state.next);
    const readBytes = state.readBytes + (candidate.name?.length ?? 0);
    if (readBytes > MAX_READ_BYTES) return context.object.refuse('limit:elfNames');
    state.readBytes = readBytes;
    if (counts(candidate)) keep(state, lowerCase(candidate.name!), context.object);
  }
  return joined(state.names.sort(compareText));
}

function stateOf(file: ElfFile, what: What): Gathered {
  let states = gathered.get(file);
  if (states === undefined) gathered.set(file, (states = new Map<What, Gathered>()));
  let state = states.get(what);
  if (state === undefined) states.set(what, (state = { next: 0, readBytes: 0, bytes: 0, names: [] }));
  return state;
}

function keep(state: Gathered, name: Uint8Array, object: ObjectView): void {
  if (state.bytes + name.length > MAX_NAMES_BYTES) object.refuse('limit:elfNames');
  state.bytes += name.length;
  state.names.push(name);
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

function lowerCase(name: Uint8Array): Uint8Array {
  return encoder.encode(decoder.decode(name).toLowerCase());
}

const COMMA = 0x2c;

function joined(names: readonly Uint8Array[]): Uint8Array {
  const text = new Uint8Array(names.reduce((length, name) => length + name.length + 1, 0));
  let at = 0;
  for (const name of names) {
    text.set(name, at);
    at += name.length;
    text[at++] = COMMA;
  }
  return text.subarray(0, Math.max(0, at - 1));
}
