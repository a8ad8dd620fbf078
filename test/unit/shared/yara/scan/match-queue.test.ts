/** The queue hands matches on by start, then rank, then in the order met, however many there are and however far apart. */
import { expect, it } from 'vitest';
import { MatchQueue } from '../../../../../shared/yara/scan/match-queue.ts';
import { randomFor, seed } from '../../../../conformance/seed.ts';

interface Match {
  readonly start: number;
  readonly target: number;
  readonly length: number;
  readonly rank: number;
  readonly mark: number;
  readonly spread: number;
}

it.each([
  ['few', 40, 300],
  ['many on few places', 2_000, 50],
  ['many on many places', 5_000, 400_000],
  ['far apart', 1_000, 2 ** 23],
])(`orders %s, with seed ${seed}`, (name, count, range) => {
  const random = randomFor('queue', name);
  // Beyond 2^32, as in large objects.
  const base = 2 ** 40 + random.below(1_000);
  const queue = new MatchQueue();
  let held: Match[] = [];
  for (let round = 0; round < 3; round++) {
    for (let number = 0; number < count; number++) {
      const match = {
        start: base + round * range + random.below(range),
        target: random.below(1_000) - 500,
        length: random.below(100),
        rank: random.below(3),
        mark: random.below(257) - 1,
        spread: random.below(9),
      };
      held.push(match);
      queue.push(match.start, match.target, match.length, match.rank, match.mark, match.spread);
    }
    const offset = round === 2 ? Infinity : base + round * range + random.below(range);
    const ordered = held.map((match, at) => ({ match, at }));
    ordered.sort((a, b) => a.match.start - b.match.start || a.match.rank - b.match.rank || a.at - b.at);
    held = ordered.map(({ match }) => match).filter(({ start }) => start >= offset);
    const expected = ordered
      .map(({ match: { start, target, length, mark, spread } }) => [target, start, length, mark, spread])
      .filter(([, start]) => start! < offset);
    const taken: number[][] = [];
    queue.release(offset, (target, first, past) => {
      expect(past).toBeGreaterThan(first);
      for (let at = first; at < past; at++) {
        taken.push([target, queue.starts[at]!, queue.lengths[at]!, queue.markOf(at), queue.spreads[at]!]);
      }
    });
    expect(taken).toEqual(expected);
  }
  expect(queue.length).toBe(0);
});
