import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../../../shared/base/errors.ts';
import type { AllowList } from '../../../../shared/events/allow-list.ts';
import { DrainingError, MessageHandler, MessageNotHandledError } from '../../../../shared/scanner/handle-message.ts';
import type { MessageServices } from '../../../../shared/scanner/handle-message.ts';
import type { HandledRequest, RequestContext } from '../../../../shared/scanner/handle-request.ts';
import type { DeliverRequest, ReactRequest, SluiceRequest } from '../../../../shared/events/scan-request.ts';

const allow: AllowList = { kind: 'azure', accounts: new Set(['watched']), suffix: 'core.windows.net' };

class PassingError extends SluiceError {
  readonly code = 'PASSING';
}

function event(name: string): object {
  return {
    specversion: '1.0',
    id: `event-${name}`,
    type: 'Microsoft.Storage.BlobCreated',
    source: '/subscriptions/x',
    time: '2026-11-24T00:00:00Z',
    data: {
      api: 'PutBlob',
      url: `https://watched.blob.core.windows.net/uploads/${name}`,
      eTag: '0x1',
      contentLength: 3,
    },
  };
}

const delivered: DeliverRequest[] = [];
const reacted: ReactRequest[] = [];
const postponed: unknown[] = [];
let isFull = false;
const services: MessageServices = {
  deliver: async (request) => void delivered.push(request),
  react: async (request) => void reacted.push(request),
  walk: async () => undefined,
  isFull: async () => isFull,
  postpone: async (events) => void postponed.push(events),
};

/** Handles requests as told, and keeps what it was given. */
class Requests {
  readonly seen: { readonly request: SluiceRequest; readonly context: RequestContext }[] = [];
  readonly #answer: (objectName: string, context: RequestContext) => Promise<void>;
  /** Resolves with the first. */
  readonly begun: Promise<void>;
  #begin = (): void => undefined;

  constructor(answer: (objectName: string, context: RequestContext) => Promise<void> = async () => undefined) {
    this.#answer = answer;
    this.begun = new Promise((resolve) => (this.#begin = resolve));
  }

  readonly handle = async (request: SluiceRequest, context: RequestContext): Promise<HandledRequest> => {
    this.seen.push({ request, context });
    this.#begin();
    await this.#answer(request.objectName, context);
    return { request, scanId: request.objectName, reports: [] };
  };

  get names(): string[] {
    return this.seen.map(({ request }) => request.objectName);
  }
}

/** Work that ends only when it is told to. */
function untilAborted(_name: string, { abortSignal, yieldSignal }: RequestContext): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of [abortSignal, yieldSignal]) {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    }
  });
}

describe('MessageHandler', () => {
  it('handles every event of a message and answers with one entry each', async () => {
    const requests = new Requests();
    const handled = await new MessageHandler(requests, services, allow).handle([event('a'), event('b')]);
    expect(handled.map(({ scanId }) => scanId)).toEqual(['a', 'b']);
  });

  it('tells the handler how often the message came and what it is called', async () => {
    const requests = new Requests();
    const handler = new MessageHandler(requests, services, allow);
    await handler.handle(event('a'), { dequeueCount: 3, id: 'message-1' });
    await handler.handle(event('b'), { dequeueCount: '2', id: '' });
    await handler.handle(event('c'), { dequeueCount: 'often', id: 7 });
    await handler.handle(event('d'));
    expect(requests.seen.map(({ context }) => context.dequeueCount)).toEqual([3, 2, undefined, undefined]);
    const ids = requests.seen.map(({ context }) => context.messageId);
    expect(ids[0]).toBe('message-1');
    // A message without an id still has one, or all broken messages would be one.
    expect(new Set(ids).size).toBe(4);
    expect(ids).not.toContain('');
  });

  it('hands on what a message asks for even when it cannot be read', async () => {
    const requests = new Requests();
    await new MessageHandler(requests, services, allow).handle('no JSON', { id: 'message-1' });
    expect(requests.seen.map(({ request }) => request.kind)).toEqual(['refused']);
  });

  it('tries every event before it fails for one of them', async () => {
    const requests = new Requests(async (name) => {
      if (name !== 'b') throw new PassingError(`${name} is busy`, { retryable: true, where: name, hint: 'wait' });
    });
    const work = new MessageHandler(requests, services, allow).handle([event('a'), event('b'), event('c')]);
    const error: unknown = await work.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MessageNotHandledError);
    expect(error).toMatchObject({ code: 'MESSAGE_NOT_HANDLED', retryable: true, where: 'a', hint: 'wait' });
    expect((error as Error).message).toBe(
      '2 of 3 requests could not be handled: PASSING: a is busy; PASSING: c is busy',
    );
    expect(requests.names).toEqual(['a', 'b', 'c']);
  });

  it('says that trying again cannot help where that is so', async () => {
    const bug = new TypeError('bug');
    const handler = new MessageHandler(new Requests(async () => Promise.reject(bug)), services, allow);
    await expect(handler.handle(event('a'))).rejects.toMatchObject({ retryable: false, cause: bug });
  });

  it('ends running work when it drains, waits for it, and leaves a moment for the result', async () => {
    const requests = new Requests(untilAborted);
    const handler = new MessageHandler(requests, services, allow, { resultInMs: 30 });
    const work = handler.handle(event('a'));
    const failed = expect(work).rejects.toBeInstanceOf(DrainingError);
    await requests.begun;
    expect(handler.inFlight).toBe(1);
    const startedAt = performance.now();
    await handler.drain();
    expect(handler.inFlight).toBe(0);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(29);
    await failed;
  });

  it('does not wait for ever for work that does not end', async () => {
    const requests = new Requests(() => new Promise(() => undefined));
    const handler = new MessageHandler(requests, services, allow, { drainInMs: 20, resultInMs: 0 });
    void handler.handle(event('a'));
    await requests.begun;
    await handler.drain();
    expect(handler.inFlight).toBe(1);
  });

  it('gives a message back that takes too long, rather than have the host end the process', async () => {
    const requests = new Requests(untilAborted);
    const handler = new MessageHandler(requests, services, allow, { messageInMs: 20 });
    await expect(handler.handle([event('a'), event('b')])).rejects.toMatchObject({
      code: 'MESSAGE_NOT_HANDLED',
      retryable: true,
      message: 'the message was not finished after 20 ms',
    });
    expect(requests.names).toEqual(['a']);
  });

  it('takes nothing more once it drains, and does not go on to the next event', async () => {
    const requests = new Requests(untilAborted);
    const handler = new MessageHandler(requests, services, allow, { resultInMs: 0 });
    const work = expect(handler.handle([event('a'), event('b')])).rejects.toBeInstanceOf(DrainingError);
    await requests.begun;
    await handler.drain();
    await work;
    await expect(handler.handle(event('c'))).rejects.toBeInstanceOf(DrainingError);
    expect(requests.names).toEqual(['a']);
  });

  it('has reports delivered that wait, and begins nothing while too many do', async () => {
    const requests = new Requests();
    const handler = new MessageHandler(requests, services, allow);
    const deliver = { deliver: 'a'.repeat(64), attempt: 3 };
    expect(await handler.handle({ react: 'b'.repeat(64), attempt: 2 })).toEqual([]);
    expect(reacted).toEqual([{ kind: 'react', scanId: 'b'.repeat(64), attempt: 2 }]);
    isFull = true;
    expect(await handler.handle(JSON.stringify([event('a'), event('b')]))).toEqual([]);
    expect(postponed).toEqual([[event('a'), event('b')]]);
    expect(await handler.handle(deliver)).toEqual([]);
    expect(delivered).toEqual([{ kind: 'deliver', scanId: deliver.deliver, attempt: 3 }]);
    isFull = false;
    expect(requests.names).toEqual([]);
    await handler.handle(event('a'));
    expect(requests.names).toEqual(['a']);
  });
});
