import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { streamSource } from '../../../../shared/objects/stream-source.ts';
import { CHUNK, copyChunks, describeByteSource } from './byte-source-contract.ts';

const inputs: Readable[] = [];
describeByteSource(
  'a Node stream',
  (bytes) => {
    const input = Readable.from(pieces(bytes), { objectMode: false });
    inputs.push(input);
    return streamSource(input, 'input');
  },
  { seekable: false, held: () => inputs.filter((input) => !input.destroyed).length },
);

let running = 0;
describeByteSource(
  'an async iterable',
  (bytes) =>
    streamSource(
      (async function* () {
        running++;
        try {
          for (const piece of pieces(bytes)) yield piece;
        } finally {
          running--;
        }
      })(),
      'input',
    ),
  { seekable: false, held: () => running },
);

describe('streamSource', () => {
  it('does not wait for an idle input when it is aborted', async () => {
    const input = new PassThrough();
    input.write('first');
    const controller = new AbortController();
    const iterator = streamSource(input, '-').stream({ abortSignal: controller.signal })[Symbol.asyncIterator]();
    expect(Buffer.from((await iterator.next()).value as Uint8Array).toString()).toBe('first');
    const waiting = iterator.next();
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(input.destroyed).toBe(true);
  });

  it('does not wait for an iterable that never answers', async () => {
    const never: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
    };
    const controller = new AbortController();
    const reading = copyChunks(streamSource(never, '-'), { abortSignal: controller.signal });
    controller.abort('enough');
    await expect(reading).rejects.toBe('enough');
  });

  it('leaves out empty chunks', async () => {
    const input = Readable.from([Buffer.from('a'), Buffer.alloc(0), Buffer.from('b')]);
    expect((await copyChunks(streamSource(input, '-'))).map((chunk) => Buffer.from(chunk).toString())).toEqual([
      'a',
      'b',
    ]);
  });

  it('reports the failure of its input, also one from before the first read', async () => {
    const failedLater = new PassThrough();
    failedLater.write('x');
    const reading = copyChunks(streamSource(failedLater, 'pipe'));
    failedLater.destroy(new Error('EIO: broken'));
    await expect(reading).rejects.toMatchObject({
      code: 'OBJECT_READ_FAILED',
      where: 'pipe',
      message: 'input failed: EIO: broken',
    });

    const failedBefore = new PassThrough();
    const source = streamSource(failedBefore, 'pipe');
    failedBefore.destroy(new Error('EIO: broken'));
    await new Promise((resolve) => failedBefore.once('close', resolve));
    await expect(copyChunks(source)).rejects.toThrow('input failed: EIO: broken');
  });

  it('refuses text and objects', async () => {
    await expect(copyChunks(streamSource(Readable.from(['text']), '-'))).rejects.toThrow(
      'input gave a string instead of bytes',
    );
    await expect(copyChunks(streamSource(Readable.from([{ a: 1 }]), '-'))).rejects.toThrow(
      'input gave a object instead of bytes',
    );
  });
});

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += CHUNK) yield bytes.subarray(offset, offset + CHUNK);
}
