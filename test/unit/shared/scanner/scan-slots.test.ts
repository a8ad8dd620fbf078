import { describe, expect, it } from 'vitest';
import type { ReleaseSlot, SlotRequest } from '../../../../shared/scanner/scan-slots.ts';
import { ScanSlots } from '../../../../shared/scanner/scan-slots.ts';

const limits = { totalBytes: 100, largeObjectBytes: 40, smallestBytes: 10 };

/** Asks for slots and keeps a record of who got one, in order. */
class Desk {
  readonly slots = new ScanSlots(limits);
  readonly started: string[] = [];
  readonly #releases = new Map<string, ReleaseSlot>();

  async ask(name: string, request: SlotRequest): Promise<void> {
    const release = await this.slots.acquire(request);
    this.started.push(name);
    this.#releases.set(name, release);
  }

  release(name: string): void {
    this.#releases.get(name)!();
  }
}

describe('ScanSlots', () => {
  it('lets scans run together until their bytes are used up', async () => {
    const desk = new Desk();
    await Promise.all(['a', 'b'].map((name) => desk.ask(name, { sizeInBytes: 40 })));
    const third = desk.ask('c', { sizeInBytes: 40 });
    expect(desk.slots.bytesHeld).toBe(80);
    expect(desk.started).toEqual(['a', 'b']);
    desk.release('a');
    await third;
    expect(desk.started).toEqual(['a', 'b', 'c']);
  });

  it('counts the smallest object as something, so that their number is bounded', async () => {
    const desk = new Desk();
    const asked = Array.from({ length: 11 }, (_, index) => desk.ask(`${index}`, { sizeInBytes: 0 }));
    await Promise.all(asked.slice(0, 10));
    expect(desk.started).toHaveLength(10);
    desk.release('0');
    await asked[10];
  });

  it('scans one large object at a time and lets smaller ones pass those that wait', async () => {
    const desk = new Desk();
    await desk.ask('large 1', { sizeInBytes: 1_000_000 });
    const second = desk.ask('large 2', { sizeInBytes: 41 });
    await desk.ask('small', { sizeInBytes: 5 });
    expect(desk.started).toEqual(['large 1', 'small']);
    desk.release('large 1');
    await second;
    expect(desk.started).toEqual(['large 1', 'small', 'large 2']);
  });

  it('runs one that must be alone when nothing else runs, and lets nobody pass it', async () => {
    const desk = new Desk();
    await desk.ask('before', { sizeInBytes: 5 });
    const alone = desk.ask('alone', { sizeInBytes: 5, isAlone: true });
    const after = desk.ask('after', { sizeInBytes: 5 });
    expect(desk.started).toEqual(['before']);
    desk.release('before');
    await alone;
    expect(desk.slots.bytesHeld).toBe(limits.totalBytes);
    expect(desk.started).toEqual(['before', 'alone']);
    desk.release('alone');
    await after;
  });

  it('keeps one that must be alone from beginning while short work goes on, which waits for nothing', async () => {
    const desk = new Desk();
    const release = desk.slots.holdOff();
    const alone = desk.ask('alone', { sizeInBytes: 20, isAlone: true });
    await Promise.resolve();
    expect(desk.started).toEqual([]);
    release();
    await alone;
    const again = desk.slots.holdOff();
    again();
    expect(desk.started).toEqual(['alone']);
    expect(desk.slots.bytesHeld).toBe(100);
  });

  it('serves in order, so that a heavy scan is not starved by light ones', async () => {
    const desk = new Desk();
    await desk.ask('a', { sizeInBytes: 40 });
    await desk.ask('b', { sizeInBytes: 40 });
    const heavy = desk.ask('heavy', { sizeInBytes: 30 });
    const light = desk.ask('light', { sizeInBytes: 10 });
    expect(desk.slots.waiting).toBe(2);
    desk.release('a');
    await Promise.all([heavy, light]);
    expect(desk.started).toEqual(['a', 'b', 'heavy', 'light']);
  });

  it('forgets one that gives up waiting and lets those behind it go on', async () => {
    const desk = new Desk();
    await desk.ask('a', { sizeInBytes: 5 });
    const controller = new AbortController();
    const alone = desk.ask('alone', { sizeInBytes: 5, isAlone: true, abortSignal: controller.signal });
    const behind = desk.ask('behind', { sizeInBytes: 5 });
    const reason = new Error('no longer');
    controller.abort(reason);
    await expect(alone).rejects.toBe(reason);
    await behind;
    expect(desk.started).toEqual(['a', 'behind']);
    expect(desk.slots.waiting).toBe(0);
  });

  it('refuses at once when already aborted, and holds nothing for it', async () => {
    const desk = new Desk();
    const reason = new Error('no longer');
    await expect(desk.ask('a', { sizeInBytes: 5, abortSignal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(desk.slots.bytesHeld).toBe(0);
  });

  it('gives a slot back once, however often it is released', async () => {
    const desk = new Desk();
    await desk.ask('a', { sizeInBytes: 40 });
    await desk.ask('b', { sizeInBytes: 40 });
    desk.release('a');
    desk.release('a');
    expect(desk.slots.bytesHeld).toBe(40);
  });

  it('never holds more than the total nor two large ones, in any order of events (seeded)', async () => {
    const seed = 20261124;
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const slots = new ScanSlots(limits);
    const held: { release: ReleaseSlot; isLarge: boolean }[] = [];
    const pending: Promise<void>[] = [];
    for (let step = 0; step < 2_000; step += 1) {
      if (random(2) === 0 || held.length === 0) {
        const sizeInBytes = random(120);
        const acquired = slots.acquire({ sizeInBytes, isAlone: random(20) === 0 }).then((release) => {
          held.push({ release, isLarge: sizeInBytes > limits.largeObjectBytes });
        });
        pending.push(acquired);
      } else {
        held.splice(random(held.length), 1)[0]!.release();
      }
      await Promise.resolve();
      expect(slots.bytesHeld, `seed ${seed}, step ${step}`).toBeLessThanOrEqual(limits.totalBytes);
      expect(held.filter(({ isLarge }) => isLarge).length, `seed ${seed}, step ${step}`).toBeLessThanOrEqual(1);
      if (slots.waiting > 50) while (held.length > 0) held.pop()!.release();
    }
    // Nobody is left waiting once everyone gives back.
    while (slots.waiting > 0 || held.length > 0) {
      held.pop()?.release();
      await Promise.resolve();
    }
    await Promise.all(pending);
    while (held.length > 0) held.pop()!.release();
    expect(slots.bytesHeld).toBe(0);
  });
});
