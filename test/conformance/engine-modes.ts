/**
 * Our engine, asked one question in every way there is: whole, in pieces of several sizes, from a bundle that was encoded
 * and decoded, through checkpoints, with and without what an object may lack, with a scanner that was used before.
 * All of them must answer the same.
 */
import {
  compileRules,
  decodeRules,
  encodeRules,
  resumeScanner,
  RuleCompileError,
  scanBytes,
  StreamScanner,
} from '../../shared/yara/index.ts';
import type {
  CompiledRules,
  Externals,
  RuleMatch,
  RuleSource,
  ScanOptions,
  ScanResult,
} from '../../shared/yara/index.ts';
import { comparableMeta, patternRecord, sortedOnce } from './answer.ts';
import type { Answer, MatchTuple } from './answer.ts';
import { randomFor, randomPieces } from './seed.ts';

/** A byte at a time is tried on objects up to this size; beyond it pieces of an odd size do. */
const BYTE_BY_BYTE_LIMIT = 1 << 16;

/** How often a scan is broken off; some of the places are the same, some the start or the end. */
const CHECKPOINTS = 6;

export interface Question {
  /** Chooses the random splits. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly externals?: Externals;
}

export interface EngineMode {
  readonly name: string;
  run(rules: CompiledRules, question: Question): Promise<ScanResult>;
}

export type Compiled =
  | { readonly rules: CompiledRules; readonly warnings: readonly string[] }
  | { readonly rules: undefined; readonly errors: readonly string[]; readonly message: string };

/** The last compilation: families ask the same rules of many objects in a row. */
let last: { readonly key: string; readonly compiled: Compiled } | undefined;

export interface RulesToCompile {
  readonly sources: readonly RuleSource[];
  readonly externals?: Externals;
  readonly includes?: Readonly<Record<string, string>>;
}

export function compileFor({ sources, externals, includes }: RulesToCompile): Compiled {
  const key = JSON.stringify([sources, externals, includes], (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
  if (last?.key !== key)
    last = { key, compiled: compileNow({ sources, ...(externals && { externals }), ...(includes && { includes }) }) };
  return last.compiled;
}

function compileNow({ sources, externals, includes }: RulesToCompile): Compiled {
  try {
    const rules = compileRules([...sources], {
      ...(externals && { externals }),
      ...(includes && { includes: (path) => (path in includes ? { text: includes[path]!, name: path } : undefined) }),
    });
    return { rules, warnings: sortedOnce(rules.warnings.map((warning) => warning.code)) };
  } catch (error) {
    if (!(error instanceof RuleCompileError)) throw error;
    const errors = error.diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
    return { rules: undefined, errors: errors.map((diagnostic) => diagnostic.code), message: error.message };
  }
}

/** The mode all others are compared with. */
export const wholeMode: EngineMode = {
  name: 'whole',
  run: (rules, question) => scanBytes(rules, question.bytes, optionsFor(question, {})),
};

/** Every other mode that reports all matches. */
export const fullModes: readonly EngineMode[] = [
  streamMode('one byte at a time, size and ranges unknown', (bytes) =>
    pieces(bytes, bytes.length > BYTE_BY_BYTE_LIMIT ? 4093 : 1),
  ),
  streamMode(
    '7 bytes at a time, ranges unknown',
    (bytes) => pieces(bytes, bytes.length > BYTE_BY_BYTE_LIMIT ? 10007 : 7),
    { size: true },
  ),
  streamMode('4096 bytes at a time, size unknown', (bytes) => pieces(bytes, 4096), { readAt: true }),
  streamMode('seeded pieces', randomlySplit('a'), { size: true, readAt: true }),
  streamMode('seeded pieces, size and ranges unknown', randomlySplit('b')),
  {
    name: 'from a decoded bundle',
    run: (rules, question) => scanBytes(throughBundle(rules), question.bytes, optionsFor(question, {})),
  },
  {
    name: 'seeded pieces from a decoded bundle',
    run: (rules, question) =>
      stream(
        throughBundle(rules),
        randomlySplit('c')(question.bytes, question.name),
        optionsFor(question, { size: true, readAt: true }),
      ),
  },
  checkpointMode('through checkpoints', { size: true, readAt: true }),
  checkpointMode('through checkpoints, size and ranges unknown', {}),
  {
    name: 'by a scanner that was used before',
    async run(rules, question) {
      const scanner = new StreamScanner(rules, question.externals ? { externals: question.externals } : {});
      // Once to the end and once not, so that neither a result nor a window may be left over.
      scanner.write(question.bytes);
      await scanner.end();
      scanner.reset(optionsFor(question, {}));
      scanner.write(question.bytes.subarray(0, question.bytes.length >> 1));
      scanner.reset(optionsFor(question, { size: true }));
      scanner.write(question.bytes);
      return scanner.end();
    },
  },
];

/** Modes of the short report: the same verdicts, the first matches only. */
export const evidenceModes: readonly EngineMode[] = [
  {
    name: 'evidence of the whole',
    run: (rules, question) => scanBytes(rules, question.bytes, { ...optionsFor(question, {}), report: 'evidence' }),
  },
  {
    name: 'evidence of seeded pieces',
    run: (rules, question) =>
      stream(rules, randomlySplit('d')(question.bytes, question.name), {
        ...optionsFor(question, { size: true, readAt: true }),
        report: 'evidence',
      }),
  },
];

/** What the engine said, in the shape the reference's answers have. */
export function answerOf(result: ScanResult, warnings: readonly string[]): Answer {
  return { errors: [], warnings, rules: result.matches.map(ruleAnswer) };
}

function ruleAnswer({ rule, namespace, tags, meta, patterns }: RuleMatch): Answer['rules'][number] {
  return {
    rule,
    namespace,
    tags,
    meta: meta.map(([name, value]) => [name, comparableMeta(value)] as const),
    patterns: patternRecord(
      patterns.map(({ identifier, matches }) => ({
        identifier,
        matches: matches.map(({ offset, length, xorKey }): MatchTuple =>
          xorKey === undefined ? [offset, length] : [offset, length, xorKey],
        ),
      })),
    ),
  };
}

interface Known {
  readonly size?: boolean;
  readonly readAt?: boolean;
}

function optionsFor({ bytes, externals }: Question, known: Known): ScanOptions {
  return {
    ...(externals && { externals }),
    ...(known.size === true && { size: bytes.length }),
    ...(known.readAt === true && { readAt: rangesOf(bytes) }),
  };
}

/** Ranges of an object in memory, which insists on being asked for bytes the object may have. */
function rangesOf(bytes: Uint8Array): (offset: number, length: number) => Promise<Uint8Array> {
  return (offset, length) => {
    if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(length) || length <= 0) {
      return Promise.reject(new RangeError(`asked for ${length} bytes at ${offset}`));
    }
    return Promise.resolve(bytes.slice(offset, offset + length));
  };
}

/** The rules as another process would have them; encoding hashes the whole bundle, so one copy serves all modes. */
const decoded = new WeakMap<CompiledRules, CompiledRules>();

function throughBundle(rules: CompiledRules): CompiledRules {
  const known = decoded.get(rules);
  if (known) return known;
  const copy = decodeRules(encodeRules(rules));
  decoded.set(rules, copy);
  return copy;
}

type Split = (bytes: Uint8Array, name: string) => readonly Uint8Array[];

function streamMode(name: string, split: Split, known: Known = {}): EngineMode {
  return {
    name,
    run: (rules, question) => stream(rules, split(question.bytes, question.name), optionsFor(question, known)),
  };
}

function stream(rules: CompiledRules, chunks: readonly Uint8Array[], options: ScanOptions): Promise<ScanResult> {
  const scanner = new StreamScanner(rules, options);
  writeAll(scanner, chunks);
  return scanner.end();
}

/** Overwrites each chunk once it is written: whoever kept it instead of copying it gives another answer. */
function writeAll(scanner: StreamScanner, chunks: readonly Uint8Array[]): void {
  for (const chunk of chunks) {
    const own = chunk.slice();
    scanner.write(own);
    own.fill(0xaa);
  }
}

function checkpointMode(name: string, known: Known): EngineMode {
  return {
    name,
    async run(rules, question) {
      const random = randomFor(question.name, name);
      const options = optionsFor(question, known);
      // Another process: it has the bundle and the checkpoint, and nothing else.
      const others = throughBundle(rules);
      let scanner = new StreamScanner(rules, options);
      const cuts = Array.from({ length: CHECKPOINTS }, () => random.below(question.bytes.length + 1)).sort(
        (a, b) => a - b,
      );
      for (const cut of cuts) {
        writeAll(scanner, randomPieces(question.bytes.subarray(scanner.position, cut), random));
        scanner = resumeScanner(others, scanner.checkpoint(), options);
      }
      writeAll(scanner, randomPieces(question.bytes.subarray(scanner.position), random));
      if (scanner.position !== question.bytes.length) throw new Error(`the scanner stands at ${scanner.position}`);
      return resumeScanner(others, scanner.checkpoint(), options).end();
    },
  };
}

function pieces(bytes: Uint8Array, length: number): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += length) all.push(bytes.subarray(at, at + length));
  return all;
}

function randomlySplit(word: string): Split {
  return (bytes, name) => randomPieces(bytes, randomFor(name, word));
}
