/**
 * How many scans may hold memory at once. A scan takes a slot weighted by the bytes it may hold (its window and read-ahead,
 * never more than the object itself), waits while the total would be exceeded, and gives it back at its end.
 *
 * Order: first come, first served, with one exception. Of objects above `largeObjectBytes` only one is scanned at a time, and
 * one that waits for another large one lets smaller ones pass, or a queue of videos would stop all mail attachments. A scan
 * that must run alone (its message has failed before, perhaps by taking the process down) waits for all others and is not
 * overtaken.
 */
import { invariant } from '../base/errors.ts';

export interface ScanSlotLimits {
  /** Of all scans together. */
  readonly totalBytes: number;
  /** From this size on an object is large. Also the most that one scan weighs. */
  readonly largeObjectBytes: number;
  /** What the smallest scan weighs, so that their number is bounded too. */
  readonly smallestBytes: number;
}

export const defaultScanSlotLimits: ScanSlotLimits = {
  totalBytes: 256 * 1024 * 1024,
  largeObjectBytes: 64 * 1024 * 1024,
  smallestBytes: 8 * 1024 * 1024,
};

export interface SlotRequest {
  readonly sizeInBytes: number;
  readonly isAlone?: boolean;
  readonly abortSignal?: AbortSignal;
}

/** Gives the slot back; further calls do nothing. */
export type ReleaseSlot = () => void;

interface Waiter {
  readonly weight: number;
  readonly isLarge: boolean;
  readonly isAlone: boolean;
  readonly start: () => void;
}

export class ScanSlots {
  readonly #limits: ScanSlotLimits;
  readonly #waiters: Waiter[] = [];
  #bytesHeld = 0;
  #largeHeld = 0;

  constructor(limits: ScanSlotLimits = defaultScanSlotLimits) {
    invariant(
      limits.smallestBytes <= limits.largeObjectBytes && limits.largeObjectBytes <= limits.totalBytes,
      'slot limits out of order',
    );
    this.#limits = limits;
  }

  /** Bytes of the scans that run now. */
  get bytesHeld(): number {
    return this.#bytesHeld;
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  /** Waits for a slot. Rejects with the signal's reason when aborted meanwhile. */
  acquire(request: SlotRequest): Promise<ReleaseSlot> {
    const { largeObjectBytes, smallestBytes, totalBytes } = this.#limits;
    const isAlone = request.isAlone ?? false;
    const bounded = Math.min(Math.max(request.sizeInBytes, smallestBytes), largeObjectBytes);
    const size = { weight: isAlone ? totalBytes : bounded, isLarge: request.sizeInBytes > largeObjectBytes, isAlone };

    return new Promise<ReleaseSlot>((resolve, reject) => {
      const signal = request.abortSignal;
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const waiter: Waiter = {
        ...size,
        start: () => {
          signal?.removeEventListener('abort', leave);
          resolve(this.#hold(size));
        },
      };
      const leave = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(signal?.reason as Error);
        // Whoever waited behind it may fit now.
        this.#startWhatFits();
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiters.push(waiter);
      this.#startWhatFits();
    });
  }

  /**
   * Keeps scans that must run alone from beginning until it is given back, and waits for nothing itself: for short work that must not
   * go down with them.
   */
  holdOff(): ReleaseSlot {
    return this.#hold({ weight: this.#limits.smallestBytes, isLarge: false });
  }

  #hold(slot: { readonly weight: number; readonly isLarge: boolean }): ReleaseSlot {
    let isHeld = true;
    this.#bytesHeld += slot.weight;
    if (slot.isLarge) this.#largeHeld += 1;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#bytesHeld -= slot.weight;
      if (slot.isLarge) this.#largeHeld -= 1;
      this.#startWhatFits();
    };
  }

  #startWhatFits(): void {
    let index = 0;
    while (index < this.#waiters.length) {
      const waiter = this.#waiters[index]!;
      if (waiter.isLarge && !waiter.isAlone && this.#largeHeld > 0) {
        index += 1;
        continue;
      }
      if (this.#bytesHeld + waiter.weight > this.#limits.totalBytes) return;
      this.#waiters.splice(index, 1);
      waiter.start();
    }
  }
}
