/**
 * What one engine said about one case, in a shape both engines can be brought to: the reference lists no patterns without
 * a match and has no counts, so neither does this. Rules stand in the order declared; private rules and patterns are left out.
 */
import type { MetaValue } from '../../shared/yara/scan/scan-result.ts';

/** `[offset, length]`, and the key where the pattern is an xor pattern. */
export type MatchTuple = readonly [offset: number, length: number, xorKey?: number];

export interface RuleAnswer {
  readonly rule: string;
  readonly namespace: string;
  readonly tags: readonly string[];
  readonly meta: readonly (readonly [name: string, value: ComparableMeta])[];
  /** Only patterns with a match. The second anonymous pattern of a rule is `$(2)`, the third `$(3)`. */
  readonly patterns: Readonly<Record<string, readonly MatchTuple[]>>;
}

/** Integers and floats are one type here, for the reference hands both out as numbers. */
export type ComparableMeta = string | number | boolean | Uint8Array;

export interface Answer {
  /** Codes of all errors, in the order found; with any of them `rules` is empty. */
  readonly errors: readonly string[];
  /** Codes of compile warnings, each once, sorted. */
  readonly warnings: readonly string[];
  readonly rules: readonly RuleAnswer[];
}

export interface NamedPattern {
  readonly identifier: string;
  readonly matches: readonly MatchTuple[];
}

/** Names anonymous patterns by their place and drops those without a match. */
export function patternRecord(patterns: readonly NamedPattern[]): Record<string, readonly MatchTuple[]> {
  const record: Record<string, readonly MatchTuple[]> = {};
  for (const { identifier, matches } of patterns) {
    if (matches.length === 0) continue;
    let name = identifier;
    for (let n = 2; name in record; n++) name = `${identifier}(${n})`;
    record[name] = matches;
  }
  return record;
}

/** A text that is UTF-8 becomes a string, whichever form an engine gave it. */
export function comparableMeta(value: MetaValue | readonly number[]): ComparableMeta {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object') return value;
  const bytes = Uint8Array.from(value);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
}

export function sortedOnce(codes: readonly string[]): string[] {
  return [...new Set(codes)].sort();
}
