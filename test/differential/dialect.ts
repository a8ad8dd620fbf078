/**
 * Differences from the reference that are meant, each a defect of the reference, named as in `shared/yara/DIALECT.md`. An
 * entry is a predicate over a pattern and the difference, written so that it covers nothing else: `dialect.test.ts` shows
 * for each a case just inside and one just outside.
 */
import type { Expression, Pattern, Rule, TextPattern } from '../../shared/yara/syntax/ast.ts';
import { hasByte } from '../../shared/yara/syntax/byte-set.ts';
import type { RegexNode } from '../../shared/yara/syntax/regex-ast.ts';
import type { FoundMatch } from './answers.ts';
import type { PatternDifference } from './compare.ts';
import { isConstant, patternsOf, walk } from './expressions.ts';

export interface DialectEntry {
  readonly name: string;
  /** What the reference does. */
  readonly why: string;
  explains(pattern: Pattern, difference: PatternDifference, context: DialectContext): boolean;
}

export interface DialectContext {
  readonly rule: Rule;
  readonly bytes: Uint8Array;
}

export const dialect: readonly DialectEntry[] = [
  {
    name: 'anchored-report',
    why: 'a literal that is only asked for at one constant offset is reported there and nowhere else',
    explains(pattern, { onlyOurs, onlyReference, changed }, { rule }) {
      if (!isCasedLiteral(pattern) || onlyReference.length > 0 || changed.length > 0) return false;
      const offset = onlyAnchor(rule, pattern);
      return offset !== undefined && onlyOurs.every((match) => BigInt(match.offset) !== offset);
    },
  },
  {
    name: 'class-as-mask',
    why: 'a class of 2^k bytes whose lowest and highest differ in k bits is taken for a byte with these k bits free',
    explains(pattern, { onlyOurs, onlyReference, changed }, { bytes }) {
      const mistaken = pattern.kind === 'regex' ? classesOf(pattern.regex.root).flatMap(mistakenFor) : [];
      if (mistaken.length === 0) return false;
      const has = ({ offset, length }: FoundMatch, side: 'missed' | 'invented'): boolean =>
        bytes.subarray(offset, offset + length).some((byte) => mistaken.some((each) => each[side].has(byte)));
      return (
        onlyOurs.every((match) => has(match, 'missed')) &&
        onlyReference.every((match) => has(match, 'invented')) &&
        changed.every(({ ours, reference }) => has(ours, 'missed') || has(reference, 'invented'))
      );
    },
  },
  {
    name: 'trailing-gap',
    why: 'a regex that ends in a variable gap of dots needs one byte behind it, and `.` at the end or before a newline is lost',
    explains(pattern, difference, { bytes }) {
      const gaps = gapsOf(pattern);
      return (
        gaps.trailing &&
        onlyShorterAtEdges(difference, bytes, gaps) &&
        !onlyShorterAtEdges(difference, bytes, { ...gaps, trailing: false })
      );
    },
  },
  {
    name: 'leading-gap',
    why: 'a regex that begins with a variable gap of dots needs one byte before it',
    explains(pattern, difference, { bytes }) {
      const gaps = gapsOf(pattern);
      return gaps.leading && onlyShorterAtEdges(difference, bytes, { ...gaps, trailing: false });
    },
  },
];

/** Entries that are told by asking the reference in another way: see `question.ts`. */
export const COUNTED_LOOP = 'counted-loop';
export const SHARED_CONSTRAINTS = 'shared-constraints';

/** The first entry that explains a difference in what a pattern matches. */
export function explainPattern(
  pattern: Pattern,
  difference: PatternDifference,
  context: DialectContext,
): string | undefined {
  return dialect.find((entry) => entry.explains(pattern, difference, context))?.name;
}

function classesOf(node: RegexNode): Uint32Array[] {
  switch (node.kind) {
    case 'class':
      return [node.set];
    case 'group':
    case 'repeat':
      return classesOf(node.node);
    case 'sequence':
      return node.items.flatMap(classesOf);
    case 'alternation':
      return node.alternatives.flatMap(classesOf);
    default:
      return [];
  }
}

interface Gaps {
  readonly leading: boolean;
  readonly trailing: boolean;
}

/** Whether a regex begins or ends in `.*`, `.{2,5}` and the like, in its outermost sequence and without `/s`. */
function gapsOf(pattern: Pattern): Gaps {
  if (pattern.kind !== 'regex' || pattern.modifiers.wide) return { leading: false, trailing: false };
  const { root } = pattern.regex;
  const items = root.kind === 'sequence' ? root.items : [root];
  const isGap = (node: RegexNode | undefined): boolean =>
    node?.kind === 'repeat' && node.min !== node.max && node.node.kind === 'dot' && !node.node.includesNewline;
  return { leading: isGap(items[0]), trailing: isGap(items.at(-1)) };
}

/** Ours has what the reference has, and more only where a gap is stopped by an edge of the data or a newline. */
function onlyShorterAtEdges(
  { onlyOurs, onlyReference, changed }: PatternDifference,
  bytes: Uint8Array,
  gaps: Gaps,
): boolean {
  const stops = (at: number): boolean => at < 0 || at >= bytes.length || bytes[at] === 0x0a;
  const isStopped = ({ offset, length }: FoundMatch): boolean =>
    (gaps.trailing && stops(offset + length)) || (gaps.leading && stops(offset - 1));
  return (
    onlyReference.length === 0 &&
    onlyOurs.every(isStopped) &&
    changed.every(
      ({ ours, reference }) =>
        gaps.trailing && ours.length === reference.length + 1 && stops(ours.offset + ours.length),
    )
  );
}

/** Bytes of a class that are not in the mask it is taken for, and the other way round. */
interface Mistaken {
  readonly missed: ReadonlySet<number>;
  readonly invented: ReadonlySet<number>;
}

function mistakenFor(set: Uint32Array): Mistaken[] {
  const members = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => hasByte(set, byte));
  const lowest = members[0] ?? 0;
  const free = lowest ^ (members.at(-1) ?? 0);
  const masked = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => (byte & ~free) === (lowest & ~free));
  if (masked.length !== members.length) return [];
  const missed = new Set(members.filter((byte) => !masked.includes(byte)));
  return missed.size === 0 ? [] : [{ missed, invented: new Set(masked.filter((byte) => !members.includes(byte))) }];
}

function isCasedLiteral(pattern: Pattern): boolean {
  if (pattern.kind === 'hex') return pattern.root.kind === 'bytes' && pattern.root.masks.every((mask) => mask === 0xff);
  return pattern.kind === 'text' && isPlainText(pattern);
}

function isPlainText({ modifiers: { nocase, xor, base64, base64wide } }: TextPattern): boolean {
  return nocase === undefined && xor === undefined && base64 === undefined && base64wide === undefined;
}

/** The one constant at which a condition asks for the pattern; undefined where it asks for anything else too. */
function onlyAnchor(rule: Rule, pattern: Pattern): bigint | undefined {
  const offsets = new Set<bigint | undefined>();
  if (rule.condition === undefined) return undefined;
  walk(rule.condition, (expression) => {
    switch (expression.kind) {
      case 'patternMatch':
        if (expression.identifier.name !== pattern.identifier.name) break;
        offsets.add(expression.anchor?.kind === 'at' ? constantOf(expression.anchor.offset) : undefined);
        break;
      case 'patternCount':
      case 'patternOffset':
      case 'patternLength':
        if (expression.identifier.name === pattern.identifier.name) offsets.add(undefined);
        break;
      case 'of': {
        const { set, anchor } = expression;
        if ((set.kind !== 'them' && set.kind !== 'patternList') || !patternsOf(rule, set).includes(pattern)) break;
        offsets.add(anchor?.kind === 'at' ? constantOf(anchor.offset) : undefined);
        break;
      }
      case 'forOf':
        if (patternsOf(rule, expression.set).includes(pattern)) offsets.add(undefined);
        break;
      default:
        break;
    }
  });
  return offsets.size === 1 ? [...offsets][0] : undefined;
}

/** The value of a constant made of integers with `+ - *`, as far as both engines fold it. */
function constantOf(expression: Expression): bigint | undefined {
  if (!isConstant(expression)) return undefined;
  if (expression.kind === 'integer') return expression.value;
  if (expression.kind !== 'arithmetic') return undefined;
  const [first, ...rest] = expression.operands.map(constantOf);
  return rest.reduce((value, right, at) => {
    if (value === undefined || right === undefined) return undefined;
    switch (expression.operators[at]) {
      case '+':
        return value + right;
      case '-':
        return value - right;
      case '*':
        return value * right;
      default:
        return undefined;
    }
  }, first);
}
