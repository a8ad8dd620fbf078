/**
 * Counts, at the proxy before the blob service, how often each object's first bytes were asked for: an object that is scanned
 * once is read once. Takes the proxy's list of requests over from time to time, so that it does not grow.
 */
import type { Fault, FaultProxy, SeenRequest } from '../azure/objects/fault-proxy.ts';

export class ReadCounter {
  readonly #proxy: FaultProxy;
  readonly #reads = new Map<string, number>();

  constructor(proxy: FaultProxy) {
    this.#proxy = proxy;
  }

  reset(fault: (request: SeenRequest) => Fault | undefined): void {
    this.#proxy.reset(fault);
  }

  collect(): void {
    for (const { method, path, range } of this.#proxy.seen.splice(0)) {
      if (method !== 'GET' || range?.first !== 0 || !path.includes('/uploads/')) continue;
      this.#reads.set(path, (this.#reads.get(path) ?? 0) + 1);
    }
  }

  get moreThanOnce(): readonly string[] {
    return [...this.#reads].filter(([, count]) => count > 1).map(([path, count]) => `${path}: ${count} times`);
  }
}
