import { expect, it } from 'vitest';
import { memorySource } from '../../../../shared/objects/memory-source.ts';
import { CHUNK, copyChunks, describeByteSource } from './byte-source-contract.ts';

describeByteSource('memory', (bytes) => memorySource(bytes, { chunkSizeInBytes: CHUNK }), { seekable: true });

it('cuts memory into chunks of the size asked for', async () => {
  const chunks = await copyChunks(memorySource(new Uint8Array(10), { chunkSizeInBytes: 4 }));
  expect(chunks.map(({ length }) => length)).toEqual([4, 4, 2]);
});

it('copies nothing', async () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const source = memorySource(bytes, { name: 'three' });
  expect(source.name).toBe('three');
  expect((await source.readAt!(1, 5)).buffer).toBe(bytes.buffer);
});

it('refuses a chunk size of 0', () => {
  expect(() => memorySource(new Uint8Array(1), { chunkSizeInBytes: 0 })).toThrow(
    'chunkSizeInBytes is not a positive integer: 0',
  );
});
