/** Work on several things at once whose results come in the order of the things. */

/**
 * Yields `work(item)` for each item in turn, having started at most `ahead` of them. Rejects at the first that fails; what runs
 * then is left to itself.
 */
export async function* mapInOrder<Item, Result>(
  items: AsyncIterable<Item>,
  ahead: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const running: Promise<Result>[] = [];
  for await (const item of items) {
    const result = work(item);
    // It is awaited in its turn, which may be long after it failed.
    result.catch(() => undefined);
    running.push(result);
    if (running.length >= ahead) yield await running.shift()!;
  }
  for (const result of running) yield await result;
}
