/**
 * A byte source of any size up to 2^48 that holds none of it: one block of bytes, repeated without end, with planted bytes at
 * chosen offsets. For tests and measurements of what only shows on large objects.
 *
 * The default block's length is a prime, so that bytes which came from the wrong place differ from those that belong there
 * even when the places are powers of two apart. Chunks are views of the block (a chunk with planted bytes is a copy), so that
 * the source costs next to nothing beside what reads it.
 */
import { invariant } from '../base/errors.ts';
import { existingLength, requireOffset, requireSize } from './byte-range.ts';
import type { ByteSource, StreamOptions } from './byte-source.ts';
import { SourceReadError } from './object-errors.ts';

export interface PlantedBytes {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface VirtualSourceOptions {
  readonly sizeInBytes: number;
  /** What is repeated, from offset 0 on; 1,048,573 pseudo-random bytes, always the same, unless given. */
  readonly block?: Uint8Array;
  /** Must lie within the object; where two overlap, the later one in this list shows. */
  readonly planted?: readonly PlantedBytes[];
  /** What messages call it; `virtual` unless given. */
  readonly name?: string;
  /** Of all chunks but the last; 1 MiB unless given. */
  readonly chunkSizeInBytes?: number;
}

const MAX_SIZE = 2 ** 48;
const DEFAULT_BLOCK_LENGTH = 1_048_573;

/** A source of the bytes `block[offset % block.length]`. Memory: block + chunk. Throws `RangeError` for a size or place beyond bounds. */
export function virtualSource(options: VirtualSourceOptions): ByteSource {
  const { sizeInBytes: size, planted = [], name = 'virtual', chunkSizeInBytes = 1024 * 1024 } = options;
  requireOffset('sizeInBytes', size);
  if (size > MAX_SIZE) throw new RangeError(`sizeInBytes is above 2^48: ${size}`);
  requireSize('chunkSizeInBytes', chunkSizeInBytes);
  for (const { offset, bytes } of planted) {
    if (existingLength(offset, bytes.length, size) < bytes.length) {
      throw new RangeError(`planted bytes at ${offset} end behind the object's end: ${size}`);
    }
  }
  const content = new VirtualContent(options.block ?? pseudoRandomBlock(), planted, chunkSizeInBytes);
  let isClosed = false;
  const requireOpen = (abortSignal: AbortSignal | undefined): void => {
    abortSignal?.throwIfAborted();
    if (isClosed) throw new SourceReadError('source is closed', { where: name });
  };
  return {
    name,
    size,
    async *stream({ start = 0, abortSignal }: StreamOptions = {}) {
      requireOffset('start', start);
      requireOpen(abortSignal);
      for (let offset = start; offset < size; offset += chunkSizeInBytes) {
        yield content.view(offset, Math.min(chunkSizeInBytes, size - offset));
        requireOpen(abortSignal);
      }
    },
    readAt: async (offset, length, readOptions) => {
      requireOpen(readOptions?.abortSignal);
      return content.copy(offset, existingLength(offset, length, size));
    },
    close: async () => {
      isClosed = true;
    },
  };
}

class VirtualContent {
  readonly #blockLength: number;
  /** The block as often as it takes to find any chunk in it in one piece, whatever offset it begins at. */
  readonly #tiles: Uint8Array;
  readonly #planted: readonly PlantedBytes[];

  constructor(block: Uint8Array, planted: readonly PlantedBytes[], chunkSizeInBytes: number) {
    requireSize('block.length', block.length);
    this.#blockLength = block.length;
    this.#tiles = new Uint8Array(block.length + chunkSizeInBytes);
    for (let at = 0; at < this.#tiles.length; at += block.length) {
      this.#tiles.set(block.subarray(0, this.#tiles.length - at), at);
    }
    this.#planted = planted;
  }

  /** At most one chunk. Without planted bytes a view of the block. */
  view(offset: number, length: number): Uint8Array {
    const touched = this.#planted.some(
      (plant) => plant.offset < offset + length && offset < plant.offset + plant.bytes.length,
    );
    if (touched) return this.copy(offset, length);
    const phase = offset % this.#blockLength;
    invariant(phase + length <= this.#tiles.length, 'a view longer than a chunk');
    return this.#tiles.subarray(phase, phase + length);
  }

  copy(offset: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const phase = (offset + at) % this.#blockLength;
      const piece = this.#tiles.subarray(phase, Math.min(this.#tiles.length, phase + length - at));
      copy.set(piece, at);
      at += piece.length;
    }
    for (const plant of this.#planted) plantInto(copy, offset, plant);
    return copy;
  }
}

function plantInto(target: Uint8Array, targetOffset: number, { offset, bytes }: PlantedBytes): void {
  const from = Math.max(offset, targetOffset);
  const to = Math.min(offset + bytes.length, targetOffset + target.length);
  if (from < to) target.set(bytes.subarray(from - offset, to - offset), from - targetOffset);
}

let preparedBlock: Uint8Array | undefined;

/** Made once: Marsaglia's xorshift32 from a fixed seed, four bytes a step. */
function pseudoRandomBlock(): Uint8Array {
  if (preparedBlock) return preparedBlock;
  const words = new Uint32Array(Math.ceil(DEFAULT_BLOCK_LENGTH / 4));
  let state = 0x9e3779b9;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  preparedBlock = new Uint8Array(words.buffer).slice(0, DEFAULT_BLOCK_LENGTH);
  return preparedBlock;
}
