/**
 * A signal that follows others for as long as one operation lasts. It does what `AbortSignal.any` does, but lets go of the
 * signals it follows: a scan reads a large object in many thousands of ranges under one signal, and each must leave
 * nothing behind on it.
 */
export class LinkedAbort {
  readonly #controller = new AbortController();
  readonly #followed: readonly AbortSignal[];
  readonly #follow = (event: Event): void => {
    this.#controller.abort((event.target as AbortSignal).reason);
  };

  /** Aborted from the start when one of `signals` is. */
  constructor(...signals: readonly (AbortSignal | undefined)[]) {
    this.#followed = signals.filter((signal) => signal !== undefined);
    for (const signal of this.#followed) {
      if (signal.aborted) this.#controller.abort(signal.reason);
      signal.addEventListener('abort', this.#follow, { once: true });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Follows no longer. */
  release(): void {
    for (const signal of this.#followed) signal.removeEventListener('abort', this.#follow);
  }
}
