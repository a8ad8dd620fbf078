/**
 * The object as modules see it: reads that either give what is there or end by `NotHeld`, whose `need` says what is to be
 * fetched before the call can be made again.
 */
import type { RangeKind } from '../modules/schema.ts';
import { MAX_VIEW_BYTES, type ObjectView } from '../modules/module.ts';
import { BEYOND, MISSING, PAGE_BYTES, type Pages } from './pages.ts';

export type Need =
  | { readonly kind: 'page'; readonly offset: number }
  | { readonly kind: 'range'; readonly computation: RangeKind; readonly offset: number; readonly length: number }
  /** It cannot be learnt, now or at all; `reason` is empty where it may be later. */
  | { readonly kind: 'none'; readonly reason: string };

export class NotHeld extends Error {
  need: Need = { kind: 'none', reason: '' };
}

/** One for all: an exception made for each missing byte would carry a stack trace nobody reads. */
const NOT_HELD = new NotHeld('bytes are not held');

export function throwNotHeld(need: Need): never {
  NOT_HELD.need = need;
  throw NOT_HELD;
}

/** What of the scan decides whether a read succeeds. */
export interface ViewEvidence {
  readonly pages: Pages;
  readonly size: number | undefined;
  readonly isFinal: boolean;
}

export class HeldObject implements ObjectView {
  #evidence: ViewEvidence;
  readonly #scratch = new DataView(new ArrayBuffer(8));

  constructor(evidence: ViewEvidence) {
    this.#evidence = evidence;
  }

  /** From now on reads depend on this. */
  set evidence(evidence: ViewEvidence) {
    this.#evidence = evidence;
  }

  get size(): number {
    return this.#evidence.size ?? throwNotHeld({ kind: 'none', reason: '' });
  }

  unsigned(offset: number, bytes: 1 | 2 | 4, isBigEndian = false): number | undefined {
    if (!this.#load(offset, bytes)) return undefined;
    switch (bytes) {
      case 1:
        return this.#scratch.getUint8(0);
      case 2:
        return this.#scratch.getUint16(0, !isBigEndian);
      case 4:
        return this.#scratch.getUint32(0, !isBigEndian);
    }
  }

  unsigned64(offset: number, isBigEndian = false): bigint | undefined {
    return this.#load(offset, 8) ? this.#scratch.getBigUint64(0, !isBigEndian) : undefined;
  }

  bytes(offset: number, length: number): Uint8Array | undefined {
    if (offset < 0 || length < 0 || offset + length > this.size) return undefined;
    if (length > MAX_VIEW_BYTES) throw new RangeError(`bug: a module asked for ${length} bytes at once`);
    const copied = this.#evidence.pages.copy(offset, length);
    return typeof copied === 'number' ? this.missing(copied) : copied;
  }

  refuse(reason: string): never {
    return throwNotHeld({ kind: 'none', reason });
  }

  /** False where the object ends before. */
  #load(offset: number, bytes: number): boolean {
    const { pages, size } = this.#evidence;
    if (!(offset >= 0) || offset > Number.MAX_SAFE_INTEGER - bytes) return false;
    if (size !== undefined && offset + bytes > size) return false;
    for (let at = 0; at < bytes; at++) {
      const byte = pages.byteAt(offset + at);
      if (byte === BEYOND) return false;
      if (byte === MISSING) this.missing(offset + at);
      this.#scratch.setUint8(at, byte);
    }
    return true;
  }

  /** Before the end of the stream nothing is fetched: what is not held is not known yet. */
  missing(offset: number): never {
    const { pages, isFinal } = this.#evidence;
    const reason = isFinal ? pages.refusalOf(PAGE_BYTES) : '';
    return throwNotHeld(reason === undefined ? { kind: 'page', offset } : { kind: 'none', reason });
  }
}
