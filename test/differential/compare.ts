/** How two answers about the same object differ, rule by rule. */
import type { Answer, FoundMatch, FoundPattern, FoundRule } from './answers.ts';

export type Difference =
  | {
      readonly kind: 'verdict';
      readonly rule: string;
      /** A reason where ours could not decide. */
      readonly ours: boolean | string;
      readonly reference: boolean;
    }
  | {
      readonly kind: 'tags';
      readonly rule: string;
      readonly ours: readonly string[];
      readonly reference: readonly string[];
    }
  | PatternDifference
  /** Ours threw where it must answer; of no rule in particular. */
  | { readonly kind: 'threw'; readonly rule: string; readonly error: string }
  /** The lists of patterns that match are not the same ones, and cannot be told apart because they bear no names. */
  | { readonly kind: 'anonymous'; readonly rule: string; readonly ours: number; readonly reference: number };

export interface PatternDifference {
  readonly kind: 'matches';
  readonly rule: string;
  readonly identifier: string;
  /** Which of those with the same name that match: anonymous ones bear the same. */
  readonly place: number;
  readonly onlyOurs: readonly FoundMatch[];
  readonly onlyReference: readonly FoundMatch[];
  /** At the same offset: other lengths or keys. */
  readonly changed: readonly { readonly ours: FoundMatch; readonly reference: FoundMatch }[];
  readonly referenceCount: number;
}

/** Only rules of `asked`, `namespace:rule`, are compared. */
export function differencesOf(
  asked: Iterable<string>,
  ours: Answer,
  undecided: ReadonlyMap<string, string>,
  reference: Answer,
): Difference[] {
  const differences: Difference[] = [];
  for (const rule of asked) {
    const our = ours.get(rule);
    const other = reference.get(rule);
    const reason = undecided.get(rule);
    if (reason !== undefined) differences.push({ kind: 'verdict', rule, ours: reason, reference: other !== undefined });
    else if ((our === undefined) !== (other === undefined)) {
      differences.push({ kind: 'verdict', rule, ours: our !== undefined, reference: other !== undefined });
    } else if (our !== undefined && other !== undefined) compareRule(rule, our, other, differences);
  }
  return differences;
}

function compareRule(rule: string, ours: FoundRule, reference: FoundRule, differences: Difference[]): void {
  if (ours.tags.join(' ') !== reference.tags.join(' ')) {
    differences.push({ kind: 'tags', rule, ours: ours.tags, reference: reference.tags });
  }
  const names = new Set([...ours.patterns, ...reference.patterns].map(({ identifier }) => identifier));
  for (const identifier of names) {
    const our = ours.patterns.filter((pattern) => pattern.identifier === identifier);
    const other = reference.patterns.filter((pattern) => pattern.identifier === identifier);
    if (identifier === '$' && our.length !== other.length) {
      differences.push({ kind: 'anonymous', rule, ours: our.length, reference: other.length });
      continue;
    }
    for (let place = 0; place < Math.max(our.length, other.length); place++) {
      const difference = comparePattern(rule, identifier, place, our[place], other[place]);
      if (difference !== undefined) differences.push(difference);
    }
  }
}

function comparePattern(
  rule: string,
  identifier: string,
  place: number,
  ours: FoundPattern | undefined,
  reference: FoundPattern | undefined,
): PatternDifference | undefined {
  const our = ours?.matches ?? [];
  const other = reference?.matches ?? [];
  if (our.length === other.length && our.every((match, at) => isSame(match, other[at]!))) return undefined;
  const ourStarts = new Map(our.map((match) => [match.offset, match]));
  const otherStarts = new Map(other.map((match) => [match.offset, match]));
  return {
    kind: 'matches',
    rule,
    identifier,
    place,
    onlyOurs: our.filter(({ offset }) => !otherStarts.has(offset)),
    onlyReference: other.filter(({ offset }) => !ourStarts.has(offset)),
    changed: our.flatMap((match) => {
      const there = otherStarts.get(match.offset);
      return there === undefined || isSame(match, there) ? [] : [{ ours: match, reference: there }];
    }),
    referenceCount: other.length,
  };
}

function isSame(a: FoundMatch, b: FoundMatch): boolean {
  return a.offset === b.offset && a.length === b.length && a.xorKey === b.xorKey;
}
