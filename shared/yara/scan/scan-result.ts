/**
 * What a scan is asked and what it answers. Everything in a result but `stats` is the same for every way of cutting the
 * object into chunks. Offsets, lengths and counts are safe-integer numbers of bytes from the object's start.
 */
import type { Externals } from '../compiler/externals.ts';

export interface ScanOptions {
  /** The object's size in bytes, where it is known before the first byte. */
  readonly size?: number;
  /** The bytes that exist at `offset … offset + length`. Without it only what is retained answers. */
  readonly readAt?: (offset: number, length: number) => Promise<Uint8Array>;
  /** Values for externals the rules were compiled with; types must fit. */
  readonly externals?: Externals;
  /** `all` (default): every match with exact counts. `evidence`: the first 16 per pattern. Verdicts are identical. */
  readonly report?: 'all' | 'evidence';
  readonly limits?: Partial<ScanLimits>;
  readonly abortSignal?: AbortSignal;
  /** Has the scan measure what each rule and pattern takes (`ScanStats.profile`), which makes it slower. */
  readonly profile?: boolean;
  /** Takes the lines that rules write through the module `console`: at the end, in the order of the rules. */
  readonly onConsole?: (line: string) => void;
}

/** Every bound a scan has; meeting one never changes a verdict silently. */
export interface ScanLimits {
  /** Matches kept and reported per pattern. */
  readonly matchesPerPattern: number;
  /** Bytes of stored matches of all patterns together. */
  readonly matchBytes: number;
  /** Bytes read at other places than the stream, per object. */
  readonly readBytes: number;
  /** Reads at other places than the stream, per object. */
  readonly reads: number;
  /** Times that one condition waits for bytes. */
  readonly pageRounds: number;
  /** Steps of all conditions together. */
  readonly evaluationSteps: number;
  /** Bytes kept of the head and of the tail of an object that cannot be read at other places. */
  readonly retainedBytes: number;
  /**
   * Steps of matching that one pattern may take for each byte of the object, on the average. Only what can take many is
   * counted: automata that counted repeats are unrolled to, and heads of chains between gaps. A pattern that takes more is
   * unknown from there on, and rules that need it are undecided.
   */
  readonly stepsPerByte: number;
}

export interface PatternMatch {
  readonly offset: number;
  readonly length: number;
  readonly xorKey?: number;
}

export interface PatternMatches {
  /** With its `$`. */
  readonly identifier: string;
  readonly kind: 'text' | 'hex' | 'regex';
  readonly matches: readonly PatternMatch[];
  readonly count: number;
  readonly countIsExact: boolean;
  /** True when there were more matches than are listed. */
  readonly isTruncated: boolean;
}

export type MetaValue = string | Uint8Array | bigint | number | boolean;

export interface RuleMatch {
  readonly rule: string;
  readonly namespace: string;
  readonly tags: readonly string[];
  /** In order, repeats kept. Integers are bigint, floats number; text that is not UTF-8 keeps its bytes. */
  readonly meta: readonly (readonly [name: string, value: MetaValue])[];
  /** The public patterns as declared, those without a match too. */
  readonly patterns: readonly PatternMatches[];
}

/** A rule whose condition could not be decided, which is not the same as undefined. */
export interface UndecidedRule {
  readonly rule: string;
  readonly namespace: string;
  /** Such as `limit:matchesPerPattern`, `unseekable`. */
  readonly reason: string;
  readonly detail: string;
}

export interface ScanResult {
  readonly matches: readonly RuleMatch[];
  readonly undecided: readonly UndecidedRule[];
  readonly warnings: readonly string[];
  readonly coverage: {
    /** Bytes of the stream that were matched. */
    readonly bytesSeen: number;
    /** Bytes seen and bytes read at other places. */
    readonly bytesRead: number;
    readonly size?: number;
  };
  readonly stats: ScanStats;
}

export interface ScanStats {
  readonly candidates: number;
  readonly verifications: number;
  readonly evaluations: number;
  readonly pageReads: number;
  /** Bytes left unread or unmatched because every rule was settled. */
  readonly bytesNotNeeded: number;
  /** Where it was asked for; of a scan that was gone on with, since then. */
  readonly profile?: ScanProfile;
}

/** Times in milliseconds. Rules and patterns that cost nothing are left out. */
export interface ScanProfile {
  /** Looking for literals and atoms of all patterns at once. */
  readonly filterMs: number;
  /** Settling rules by the object's size and header. */
  readonly gatesMs: number;
  readonly rules: readonly RuleProfile[];
}

export interface RuleProfile {
  readonly rule: string;
  readonly namespace: string;
  readonly evaluations: number;
  readonly evaluationMs: number;
  readonly patterns: readonly PatternProfile[];
}

export interface PatternProfile {
  readonly identifier: string;
  readonly kind: PatternMatches['kind'];
  /** Places that the filter named. */
  readonly candidates: number;
  /** Those that were a literal, and stretches that an automaton read. */
  readonly verifications: number;
  readonly ms: number;
}

/** The stream and the promised size differ, or `readAt` broke its word; there is no result. */
export class SourceError extends Error {
  readonly code = 'SOURCE_ERROR';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SourceError';
  }
}
