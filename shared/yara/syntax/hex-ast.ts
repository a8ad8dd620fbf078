/** The tree of a hex pattern: what stands between its braces. */
import type { Span } from './diagnostic.ts';

export type HexNode = HexBytes | HexNegatedByte | HexJump | HexAlternatives | HexSequence;

/**
 * A run of bytes. Byte `i` fits `b` when `(b & masks[i]) === values[i]`; so `??` is value 0 with mask 0, `4?` is value
 * 0x40 with mask 0xf0. Runs are as long as possible: two never stand side by side in a sequence.
 */
export interface HexBytes {
  readonly kind: 'bytes';
  readonly span: Span;
  readonly values: Uint8Array;
  /** As long as `values`. */
  readonly masks: Uint8Array;
}

/** `~41`, `~4?`: one byte for which `(b & mask) !== value`. The mask is 0xff, 0xf0 or 0x0f. */
export interface HexNegatedByte {
  readonly kind: 'negatedByte';
  readonly span: Span;
  readonly value: number;
  readonly mask: number;
}

/** `[min-max]`: any bytes, as few as possible. Neighbours are merged, so two never stand side by side. */
export interface HexJump {
  readonly kind: 'jump';
  readonly span: Span;
  /** 0 … 2^32−1 as written; merged ones may add up to more. */
  readonly min: number;
  /** `≥ min`; undefined is without end. */
  readonly max: number | undefined;
}

/** `(a | b)`: the first that fits. None is empty. A short one that stands alone, `(a)`, is dissolved; a long one stays. */
export interface HexAlternatives {
  readonly kind: 'alternatives';
  readonly span: Span;
  readonly alternatives: readonly HexNode[];
}

/** One after the other: at least two items, none of them a sequence. (Empty only as the body of a broken pattern.) */
export interface HexSequence {
  readonly kind: 'sequence';
  readonly span: Span;
  readonly items: readonly HexNode[];
}
