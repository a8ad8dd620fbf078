import { describe, expect, it } from 'vitest';
import { mapInOrder } from '../../../../shared/cli/in-order.ts';

async function* items(count: number): AsyncGenerator<number> {
  for (let item = 0; item < count; item++) yield item;
}

describe('mapInOrder', () => {
  it('gives results in the order of the items, with no more than so many under way', async () => {
    const finish: (() => void)[] = [];
    let most = 0;
    let running = 0;
    const work = async (item: number): Promise<number> => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => {
        finish.push(resolve);
        // The last one started is the first to be done.
        if (finish.length === 4 || item === 9) for (const end of finish.splice(0).reverse()) end();
      });
      running--;
      return item;
    };
    const results: number[] = [];
    for await (const result of mapInOrder(items(10), 4, work)) results.push(result);
    expect(results).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(most).toBe(4);
  });

  it('fails with the first failure in order', async () => {
    const work = async (item: number): Promise<number> => {
      if (item >= 2) throw new Error(`item ${item}`);
      return item;
    };
    const results: number[] = [];
    const run = async (): Promise<void> => {
      for await (const result of mapInOrder(items(5), 3, work)) results.push(result);
    };
    await expect(run()).rejects.toThrow('item 2');
    expect(results).toEqual([0, 1]);
  });
});
