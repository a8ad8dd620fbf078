/** Parts of a PE file that say where things are, to be damaged, and calls worth asking about it. */
import { compileTextRegex } from '../../../shared/yara/compiler/compile-text-regex.ts';
import type { RegexValue } from '../../../shared/yara/modules/module.ts';
import { PeFile } from '../../../shared/yara/modules/pe/file.ts';
import { PeImage, type PeSection } from '../../../shared/yara/modules/pe/image.ts';
import { quoted, type Call } from './dump.ts';
import { memoryView } from './memory-view.ts';
import type { Part } from './mutate.ts';

/** Headers, section table and the start of what the data directories point to. */
export function partsOf(bytes: Uint8Array): Part[] {
  const image = new PeImage(memoryView(bytes));
  const pe = image.headerOffset ?? 0;
  const sections = image.sections();
  const pointedTo = image
    .directories()
    .map((_, index) => image.directoryExtent(index, true))
    .filter((extent) => extent !== undefined)
    .map(({ start, size }) => ({ offset: start, length: Math.min(size, 400) }));
  return [
    { offset: 0, length: pe },
    { offset: pe, length: 300 },
    ...(sections.length > 0 ? [{ offset: sections[0]!.at, length: sections.length * 40 }] : []),
    ...pointedTo.filter(({ offset, length }) => length > 0 && offset < bytes.length),
  ];
}

const EDGES = [-1, 0, 1, 0x200, 0x1000, 0x7fffffff, 0xffffffff, 0x100000000];

export function callsOf(bytes: Uint8Array): Call[] {
  const file = new PeFile(memoryView(bytes));
  return [...addressCalls(file.image.sections()), ...importCalls(file), ...exportCalls(file), ...otherCalls(file)];
}

function addressCalls(sections: readonly PeSection[]): Call[] {
  const addresses = sections.flatMap(({ virtualAddress, virtualSize, rawSize }) =>
    [0, 1, rawSize - 1, rawSize, virtualSize, virtualSize - 1].map((distance) => virtualAddress + distance),
  );
  const offsets = sections.flatMap(({ rawOffset, rawSize }) =>
    [-1, 0, 1, rawSize - 1, rawSize].map((distance) => rawOffset + distance),
  );
  return [
    ...[...new Set([...EDGES, ...addresses])].map((address) => call('rva_to_offset', address)),
    ...[...new Set([...EDGES, ...offsets])].map((offset) => call('section_index', offset)),
    ...['.text', '.rsrc', 'text', ''].map((name) => call('section_index', name)),
  ];
}

function importCalls({ imports, delayedImports }: PeFile): Call[] {
  const libraries = [imports, delayedImports].flatMap((list) => few(list.libraries()));
  const known = libraries.flatMap((library) =>
    few(library.functions).map(({ name, ordinal }) => [text(library.name), text(name!), ordinal ?? 1] as const),
  );
  const asked = [...known, ...known.map(([library, name]) => [swapped(library), swapped(name), 7] as const)];
  return [...asked, ['KERNEL32.dll', 'ExitProcess', 1] as const, ['', '', 0] as const].flatMap(
    ([library, name, ordinal]) => [
      ...['import_rva', 'delayed_import_rva'].flatMap((of) => [call(of, library, name), call(of, library, ordinal)]),
      call('imports', library),
      call('imports', library, name),
      call('imports', library, ordinal),
      ...[0, 1, 2, 3, 4].flatMap((flags) => [
        call('imports', flags, library),
        call('imports', flags, library, name),
        call('imports', flags, library, ordinal),
        call('imports', flags, /^[a-k]/i, /a.*[A-F]/),
      ]),
      call('imports', /\.dll$/, /^Get/),
      call('imports', /\.DLL$/, /./),
    ],
  );
}

function exportCalls({ exports }: PeFile): Call[] {
  const known = few(exports.functions());
  const names = known.flatMap(({ name }) => (name() === undefined ? [] : [text(name()!)]));
  const wanted = [
    ...names,
    ...names.map(swapped),
    ...known.map(({ ordinal }) => ordinal),
    ...EDGES,
    'DllMain',
    '',
    /^Dll/,
    /[x-z]$/i,
    /^$/,
  ];
  return wanted.flatMap((argument) => [call('exports', argument), call('exports_index', argument)]);
}

function otherCalls({ resources, rich }: PeFile): Call[] {
  const languages = few(resources.resources()).map(({ language }) => language ?? 0);
  const tools = few(rich.tools());
  return [
    ...[...EDGES, 9, 1033, ...languages, ...languages.map((language) => language & 0xff)].flatMap((language) => [
      call('locale', language),
      call('language', language),
    ]),
    ...[...tools, { toolid: 0, version: 0 }, { toolid: 1, version: -1 }].flatMap(({ toolid, version }) => [
      richCall('toolid', toolid),
      richCall('toolid', toolid, version),
      richCall('version', version),
      richCall('version', version, toolid),
    ]),
  ];
}

function few<Item>(items: readonly Item[]): Item[] {
  return [0, 1, Math.floor(items.length / 2), items.length - 1]
    .filter((index, at, all) => index >= 0 && index < items.length && all.indexOf(index) === at)
    .map((index) => items[index]!);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** Capitals for small letters and the other way round. */
function swapped(name: string): string {
  return name.replace(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
}

type Given = number | string | RegExp;

function call(name: string, ...given: readonly Given[]): Call {
  return callOf(`pe.${name}`, `pe.${name}`, given);
}

function richCall(name: string, ...given: readonly number[]): Call {
  return callOf(`pe.rich_signature.${name}`, `pe.RichSignature.${name}`, given);
}

function callOf(path: string, link: string, given: readonly Given[]): Call {
  const written = given.map((one) => (typeof one === 'string' ? quoted(Buffer.from(one, 'latin1')) : String(one)));
  const types = given.map((one) => (typeof one === 'number' ? 'integer' : typeof one === 'string' ? 'text' : 'regex'));
  return {
    text: `${path}(${written.join(', ')})`,
    link: `${link}(${types.join(', ')})`,
    arguments: given.map((one) => (one instanceof RegExp ? regexValue(one) : one)),
  };
}

function regexValue(regex: RegExp): RegexValue {
  const compiled = compileTextRegex(String(regex));
  return { ask: (asked) => ({ isMatch: compiled.isIn(Buffer.from(asked).toString()), cost: 1 }) };
}
