/** Spans of heads, the one that ends first in front. A span may be made to end later while it is held. */
import type { Head } from './head-tracker.ts';

/** A head goes on with a piece that starts at `from … to`. */
export interface Span {
  readonly head: Head;
  readonly from: number;
  to: number;
  /** What the heap knows of `to`. */
  key: number;
}

export class SpanHeap {
  #spans: Span[] = [];

  add(span: Span): void {
    const spans = this.#spans;
    let at = spans.length;
    spans.push(span);
    for (let above = (at - 1) >> 1; at > 0 && spans[above]!.key > span.key; above = (at - 1) >> 1) {
      spans[at] = spans[above]!;
      at = above;
    }
    spans[at] = span;
  }

  /** Removes a span that ends before `now`; undefined when there is none. */
  takeBefore(now: number): Span | undefined {
    const spans = this.#spans;
    for (let first = spans[0]; first !== undefined && first.key < now; first = spans[0]) {
      if (first.to > first.key) {
        first.key = first.to;
        this.#sink(first);
        continue;
      }
      const last = spans.pop()!;
      if (spans.length > 0) this.#sink(last);
      return first;
    }
    return undefined;
  }

  all(): readonly Span[] {
    return this.#spans;
  }

  clear(): void {
    this.#spans = [];
  }

  /** Puts a span in the place of the first one, and down to where it belongs. */
  #sink(span: Span): void {
    const spans = this.#spans;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below + 1 < spans.length && spans[below + 1]!.key < spans[below]!.key) below++;
      if (below >= spans.length || spans[below]!.key >= span.key) break;
      spans[at] = spans[below]!;
      at = below;
    }
    spans[at] = span;
  }
}
