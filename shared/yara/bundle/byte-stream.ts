/**
 * Writing and reading the engine's own files: little-endian numbers and length-prefixed arrays. Reading trusts nothing: what
 * does not fit throws the error that the reader was made with.
 */
export type TypedArray = Uint8Array | Int16Array | Int32Array | Uint32Array | Float64Array | BigInt64Array;
interface TypedArrayConstructor<T extends TypedArray> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): T;
}

export class ByteWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  number(value: number): void {
    const part = new Uint8Array(8);
    new DataView(part.buffer).setFloat64(0, value, true);
    this.raw(part);
  }

  /** Length in elements, then the elements, padded to eight bytes so that every array can be viewed in place. */
  array(array: TypedArray): void {
    this.number(array.length);
    this.raw(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    this.raw(new Uint8Array(-array.byteLength & 7));
  }

  raw(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  finish(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #fail: (problem: string) => Error;
  #at = 0;

  /** Arrays are views of `bytes` where they are aligned; the whole is copied once where they are not. */
  constructor(bytes: Uint8Array, fail: (problem: string) => Error) {
    const isAligned = bytes.byteOffset % 8 === 0 && bytes.buffer instanceof ArrayBuffer;
    // Not `slice`: on a Node Buffer that is a view.
    this.#bytes = isAligned ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
    this.#fail = fail;
  }

  number(): number {
    if (this.#at + 8 > this.#bytes.length) throw this.#fail('it ends too early');
    const value = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#at).getFloat64(0, true);
    this.#at += 8;
    return value;
  }

  /** A whole number from 0 to `most`. */
  size(most = Number.MAX_SAFE_INTEGER): number {
    const value = this.number();
    if (!Number.isSafeInteger(value) || value < 0 || value > most) throw this.#fail(`it holds the size ${value}`);
    return value;
  }

  array<T extends TypedArray>(type: TypedArrayConstructor<T>): T {
    const left = this.#bytes.length - this.#at - 8;
    const length = this.size(Math.max(0, Math.floor(left / type.BYTES_PER_ELEMENT)));
    const array = new type(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, length);
    this.#at += (array.byteLength + 7) & ~7;
    return array;
  }

  raw(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw this.#fail('it ends too early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw this.#fail('bytes follow its end');
  }
}
