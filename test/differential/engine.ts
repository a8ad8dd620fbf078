/** Our engine, asked with every match reported and in a way that chance chooses: pieces, bundle, checkpoints, ranged reads. */
import {
  compileRules,
  decodeRules,
  encodeRules,
  resumeScanner,
  StreamScanner,
  type CompiledRules,
  type Diagnostic,
  type ScanOptions,
  type ScanResult,
} from '../../shared/yara/index.ts';
import { answerOf, type Answer, type ExternalTexts, type SourceText } from './answers.ts';
import { Random } from './random.ts';

/** Above this an object cannot be held by what a scan retains, and is given with ranged reads. */
const RETAINED = 1024 * 1024;
/** A checkpoint holds the window and the matches: not for large objects again and again. */
const OFTEN_RESUMED = 32 * 1024;
const WHOLE = 1 << 24;

export interface EngineRules {
  /** `namespace:rule` of all that compiled, private ones included. */
  readonly rules: ReadonlySet<string>;
  /** Errors of the rules that were left out. */
  readonly skipped: readonly Diagnostic[];
  scan(bytes: Uint8Array, externals: ExternalTexts, random: Random): Promise<EngineAnswer>;
  /** One of each kind of way, the plainest first. */
  scanInAllWays(bytes: Uint8Array, externals: ExternalTexts): Promise<EngineAnswer[]>;
}

export interface EngineAnswer {
  readonly rules: Answer;
  /** `namespace:rule` with the reason. */
  readonly undecided: ReadonlyMap<string, string>;
  /** How it was asked, for a report of a difference. */
  readonly mode: string;
  /** What was thrown instead of an answer. */
  readonly error?: string;
}

export function compileByEngine(sources: readonly SourceText[], externals: ExternalTexts): EngineRules {
  const rules = compileRules([...sources], { externals, onInvalidRule: 'skip' });
  const decoded = decodeRules(encodeRules(rules));
  const set: RuleSet = { rules, decoded, reused: new StreamScanner(rules, { externals }) };
  return {
    rules: new Set(rules.rules.map(({ namespace, rule }) => `${namespace}:${rule}`)),
    skipped: rules.skipped,
    scan: (bytes, values, random) => scan(set, bytes, chooseWay(bytes, values, random), random),
    async scanInAllWays(bytes, values) {
      const answers: EngineAnswer[] = [];
      const random = new Random(bytes.length);
      for (const kind of ['compiled rules', 'a decoded bundle', 'checkpoints', 'a scanner used before'] as const) {
        for (const longestPiece of kind === 'compiled rules'
          ? [WHOLE, 1 + (bytes.length >> 13)]
          : [1 + (bytes.length >> 5)]) {
          const options = optionsFor(bytes, values, true, bytes.length > RETAINED || kind === 'compiled rules');
          const way = { name: `${kind}, pieces of at most ${longestPiece} bytes`, kind, longestPiece, options };
          answers.push(await scan(set, bytes, way, random));
        }
      }
      return answers;
    },
  };
}

async function scan(set: RuleSet, bytes: Uint8Array, way: Way, random: Random): Promise<EngineAnswer> {
  try {
    return read(await scanThisWay(set, bytes, way, random), way.name);
  } catch (error) {
    // Whatever it is, it is an answer that the engine must not give.
    set.reused = new StreamScanner(set.rules, { externals: way.options.externals ?? {} });
    return { rules: new Map(), undecided: new Map(), mode: way.name, error: describe(error) };
  }
}

interface RuleSet {
  readonly rules: CompiledRules;
  readonly decoded: CompiledRules;
  reused: StreamScanner;
}

interface Way {
  readonly name: string;
  readonly kind: 'compiled rules' | 'a decoded bundle' | 'a scanner used before' | 'checkpoints';
  readonly longestPiece: number;
  readonly options: ScanOptions;
}

function chooseWay(bytes: Uint8Array, externals: ExternalTexts, random: Random): Way {
  const isLarge = bytes.length > RETAINED;
  const isSizeKnown = random.chance(50);
  const isSeekable = isLarge || random.chance(50);
  const kinds = [
    'compiled rules',
    'a decoded bundle',
    'a scanner used before',
    'a scanner used before',
    'a scanner used before',
    'a scanner used before',
  ] as const;
  const kind = bytes.length < OFTEN_RESUMED && random.chance(12) ? 'checkpoints' : random.pick(kinds);
  const longestPiece = random.pick(bytes.length < 4096 ? [1, 3, 17, 400, WHOLE] : [61, 1000, 70_000, WHOLE]);
  return {
    name: `${kind}, pieces of at most ${longestPiece} bytes, size ${isSizeKnown ? '' : 'un'}known, ${isSeekable ? '' : 'not '}seekable`,
    kind,
    longestPiece: kind === 'checkpoints' ? Math.max(longestPiece, Math.ceil(bytes.length / 6), 1) : longestPiece,
    options: optionsFor(bytes, externals, isSizeKnown, isSeekable),
  };
}

function optionsFor(
  bytes: Uint8Array,
  externals: ExternalTexts,
  isSizeKnown: boolean,
  isSeekable: boolean,
): ScanOptions {
  return {
    externals,
    report: 'all',
    ...(isSizeKnown && { size: bytes.length }),
    ...(isSeekable && { readAt: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)) }),
  };
}

async function scanThisWay(set: RuleSet, bytes: Uint8Array, way: Way, random: Random): Promise<ScanResult> {
  const { kind, longestPiece, options } = way;
  let scanner = set.reused;
  if (kind === 'a scanner used before') scanner.reset(options);
  else scanner = new StreamScanner(kind === 'compiled rules' ? set.rules : set.decoded, options);
  for (const piece of pieces(bytes, longestPiece, random)) {
    scanner.write(piece);
    // Another process goes on: it has the bundle and the checkpoint, and nothing else.
    if (kind === 'checkpoints') scanner = resumeScanner(set.decoded, scanner.checkpoint(), options);
  }
  return scanner.end();
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 6).join('\n') : String(error);
}

/** The same chunk again and again, so that one kept instead of copied would be seen to change. */
function* pieces(bytes: Uint8Array, longest: number, random: Random): Generator<Uint8Array> {
  const chunk = new Uint8Array(Math.min(longest, bytes.length));
  for (let at = 0; at < bytes.length;) {
    const length = Math.min(longest === WHOLE ? longest : 1 + random.below(longest), bytes.length - at);
    chunk.set(bytes.subarray(at, at + length));
    yield chunk.subarray(0, length);
    at += length;
  }
}

function read({ matches, undecided }: ScanResult, mode: string): EngineAnswer {
  const rules = matches.map(({ rule, namespace, tags, patterns }) => ({
    rule,
    namespace,
    tags,
    patterns: patterns
      .filter((pattern) => pattern.matches.length > 0)
      .map((pattern) => ({
        identifier: pattern.identifier,
        matches: pattern.matches.map(({ offset, length, xorKey }) => ({ offset, length, xorKey: xorKey ?? -1 })),
      })),
  }));
  return {
    rules: answerOf(rules),
    undecided: new Map(undecided.map(({ namespace, rule, reason }) => [`${namespace}:${rule}`, reason])),
    mode,
  };
}
