/**
 * Differences from the reference that are meant, each a defect of the reference, named as in `shared/yara/DIALECT.md`. An
 * entry is a predicate over a pattern and the difference, written so that it covers nothing else: `dialect.test.ts` shows
 * for each a case just inside and one just outside.
 */
import type { HexPattern, Pattern, RegexPattern, Rule } from '../../shared/yara/syntax/ast.ts';
import type { FoundMatch } from './answers.ts';
import type { PatternDifference } from './compare.ts';
import { arbiterOf } from './arbiter.ts';
import {
  classesOf,
  gapsOf,
  hasAlternatives,
  hasCountedJump,
  hasPart,
  isCountedLoop,
  isRepeatedText,
  longestMatch,
  mistakenFor,
  type Gaps,
} from './regex-shape.ts';

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
      if (pattern.kind !== 'regex' || !isRight(pattern, difference, bytes)) return false;
      const gaps = gapsOf(pattern.regex.root);
      const leadingOnly = { ...gaps, trailing: false };
      return gaps.trailing && isAtEdges(difference, bytes, gaps) && !isAtEdges(difference, bytes, leadingOnly);
    },
  },
  {
    name: 'leading-gap',
    why: 'a regex that begins with a variable gap of dots needs one byte before it',
    explains(pattern, difference, { bytes }) {
      if (pattern.kind !== 'regex' || !isRight(pattern, difference, bytes)) return false;
      const gaps = gapsOf(pattern.regex.root);
      return gaps.leading && isAtEdges(difference, bytes, { ...gaps, trailing: false });
    },
  },
  {
    name: 'counted-loop',
    why: 'x{n,m} with m > 10 is run by a counter of which one is kept where several are needed: matches or lengths are wrong',
    explains(pattern, difference, { bytes }) {
      if (pattern.kind === 'text') return false;
      const isCounted =
        pattern.kind === 'hex' ? hasCountedJump(pattern.root) : hasPart(pattern.regex.root, isCountedLoop);
      return isCounted && isRight(pattern, difference, bytes);
    },
  },
  {
    name: 'both-forms-length',
    why: 'where the plain and the wide form of a regex match at one start, the length is that of the wide one',
    explains(pattern, { onlyOurs, onlyReference, changed }, { bytes }) {
      if (pattern.kind !== 'regex' || !pattern.modifiers.ascii || !pattern.modifiers.wide) return false;
      if (onlyOurs.length > 0 || onlyReference.length > 0) return false;
      const arbiter = arbiterOf(pattern);
      return changed.every(({ ours, reference }) => {
        const lengths = arbiter?.(bytes, ours.offset);
        return lengths?.has(ours.length) === true && lengths.has(reference.length);
      });
    },
  },
  {
    name: 'atom-inside-repeat',
    why: 'a text inside a repeated group is found in any round and counted as the first: `/(ab){1,2}/` takes three rounds',
    explains(pattern, difference, { bytes }) {
      return (
        pattern.kind === 'regex' && hasPart(pattern.regex.root, isRepeatedText) && isRight(pattern, difference, bytes)
      );
    },
  },
  {
    name: 'first-atom-length',
    why: 'where several texts lead to the same start, the length is that of the one met, not of the preferred alternative',
    explains(pattern, difference, { bytes }) {
      if (pattern.kind === 'text') return false;
      const hasSeveral =
        pattern.kind === 'hex'
          ? hasAlternatives(pattern.root)
          : hasPart(pattern.regex.root, ({ kind }) => kind === 'alternation');
      if (!hasSeveral) return false;
      const { onlyOurs, onlyReference } = difference;
      return onlyOurs.length === 0 && onlyReference.length === 0 && isRight(pattern, difference, bytes);
    },
  },
  {
    name: 're-scan-limit',
    why: 'a regex is followed for 4,096 bytes each way from the text that was looked for, which ours does not know',
    explains(pattern, { onlyOurs, onlyReference, changed }, { bytes }) {
      if (pattern.kind !== 'regex') return false;
      const bytesPerUnit = pattern.modifiers.wide ? 2 : 1;
      if (bytesPerUnit * longestMatch(pattern.regex.root) < NEAR_LIMIT.least) return false;
      const arbiter = arbiterOf(pattern);
      if (arbiter === undefined || onlyOurs.length + onlyReference.length > MOST_JUDGED) return false;
      const isNear = ({ length }: FoundMatch): boolean => length >= NEAR_LIMIT.least && length <= NEAR_LIMIT.most;
      return (
        [...onlyOurs, ...onlyReference].every((match) => isNear(match) && arbiter(bytes, match.offset).size > 0) &&
        changed.every(({ ours, reference }) => isNear(ours.length > reference.length ? ours : reference))
      );
    },
  },
];

/** Lengths that the reference's bound of 4,096 bytes before and behind a text can cut. */
const NEAR_LIMIT = { least: 4090, most: 8200 } as const;

/** The entry that is told by asking the reference about the rule alone: see `question.ts`. */
export const SHARED_CONSTRAINTS = 'shared-constraints';

/** The first entry that explains a difference in what a pattern matches. */
export function explainPattern(
  pattern: Pattern,
  difference: PatternDifference,
  context: DialectContext,
): string | undefined {
  return dialect.find((entry) => entry.explains(pattern, difference, context))?.name;
}

/** Differing places that are judged; where there are more, none is explained. */
const MOST_JUDGED = 3000;

/** Wherever the two differ, a plain machine says what ours says. */
function isRight(
  pattern: HexPattern | RegexPattern,
  { onlyOurs, onlyReference, changed }: PatternDifference,
  bytes: Uint8Array,
): boolean {
  const arbiter = arbiterOf(pattern);
  if (arbiter === undefined || onlyOurs.length + onlyReference.length + changed.length > MOST_JUDGED) return false;
  return (
    onlyOurs.every(({ offset, length }) => arbiter(bytes, offset).has(length)) &&
    onlyReference.every(({ offset }) => arbiter(bytes, offset).size === 0) &&
    changed.every(({ ours }) => arbiter(bytes, ours.offset).has(ours.length))
  );
}

/** Ours has more only where a gap is stopped: by an edge of the data, a newline, or what is no unit of a wide text. */
function isAtEdges({ onlyOurs, onlyReference, changed }: PatternDifference, bytes: Uint8Array, gaps: Gaps): boolean {
  const stops = (at: number): boolean => at < 0 || at >= bytes.length || bytes[at] === 0x0a;
  const stopsWide = (at: number): boolean => stops(at) || bytes[at + 1] !== 0;
  const isStopped = ({ offset, length }: FoundMatch): boolean => {
    const end = offset + length;
    const isWide = length % 2 === 0 && bytes[offset + 1] === 0;
    return (
      (gaps.trailing && (stops(end) || (isWide && stopsWide(end)))) ||
      (gaps.leading && (stops(offset - 1) || (isWide && stopsWide(offset - 2))))
    );
  };
  if (onlyReference.length > 0 || (changed.length > 0 && !gaps.trailing)) return false;
  return onlyOurs.every(isStopped) && changed.every(({ ours }) => isStopped(ours));
}
