/** What an engine says about one object, in a shape both engines are brought to. */

/** `xorKey` is −1 where the pattern has none. */
export interface FoundMatch {
  readonly offset: number;
  readonly length: number;
  readonly xorKey: number;
}

export interface FoundPattern {
  readonly identifier: string;
  readonly matches: readonly FoundMatch[];
}

export interface FoundRule {
  readonly namespace: string;
  readonly rule: string;
  readonly tags: readonly string[];
  /** Public patterns that match, as declared. Two anonymous ones both are `$`. */
  readonly patterns: readonly FoundPattern[];
}

/** By `namespace:rule`: the public rules that match. */
export type Answer = ReadonlyMap<string, FoundRule>;

export interface SourceText {
  readonly namespace: string;
  readonly text: string;
}

export type ExternalTexts = Readonly<Record<string, string>>;

export function answerOf(rules: readonly FoundRule[]): Answer {
  return new Map(rules.map((rule) => [`${rule.namespace}:${rule.rule}`, rule]));
}
