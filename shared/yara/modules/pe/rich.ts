/**
 * The rich signature, which Microsoft's linkers leave between the DOS header and the PE header: the tools that built the file.
 *
 * ```
 * `DanS` · 12 bytes · per tool: 2 version, 2 tool's id, 4 how often · `Rich` · 4 key
 * ```
 * All before `Rich` is combined with the key by exclusive or. The last `Rich`, and the last `DanS` before it, count.
 * Source: "Microsoft's Rich Signature (undocumented)", ntcore.com.
 */
import type { StructureValue } from '../module.ts';
import { arrayOfItems, once, structureOf } from '../structure-value.ts';
import type { PeImage } from './image.ts';

export interface RichTool {
  readonly version: number;
  readonly toolid: number;
  readonly times: number;
}

interface Signature {
  readonly offset: number;
  readonly key: number;
  readonly raw: Uint8Array;
  readonly clear: Uint8Array;
}

/** A PE header further into the file has no known signature before it. */
const MAX_STUB_BYTES = 1 << 20;
const RICH = [0x52, 0x69, 0x63, 0x68];
const DANS = 0x536e6144;
const TOOLS_AT = 16;
const TOOL_BYTES = 8;

export class RichSignature {
  readonly #image: PeImage;

  constructor(image: PeImage) {
    this.#image = image;
  }

  readonly tools = once((): readonly RichTool[] => {
    const { clear } = this.#signature() ?? {};
    if (clear === undefined || clear.length < TOOLS_AT) return [];
    const view = new DataView(clear.buffer, clear.byteOffset, clear.byteLength);
    return Array.from({ length: Math.floor((clear.length - TOOLS_AT) / TOOL_BYTES) }, (_, index) => {
      const at = TOOLS_AT + index * TOOL_BYTES;
      return {
        version: view.getUint16(at, true),
        toolid: view.getUint16(at + 2, true),
        times: view.getUint32(at + 4, true),
      };
    });
  });

  value(): StructureValue {
    return structureOf({
      offset: () => this.#signature()?.offset,
      length: () => this.#signature()?.raw.length,
      key: () => this.#signature()?.key,
      raw_data: () => this.#signature()?.raw,
      clear_data: () => this.#signature()?.clear,
      tools: () =>
        arrayOfItems(this.tools(), ({ version, toolid, times }) =>
          structureOf({ version: () => version, toolid: () => toolid, times: () => times }),
        ),
    });
  }

  readonly #signature = once((): Signature | undefined => {
    const { object, headerOffset = 0 } = this.#image;
    if (headerOffset > MAX_STUB_BYTES) return object.refuse('limit:peStubBytes');
    const stub = object.bytes(0, headerOffset)!;
    const end = lastOf(stub, RICH, stub.length);
    if (end === undefined || end + 8 > stub.length) return undefined;
    const view = new DataView(stub.buffer, stub.byteOffset, stub.byteLength);
    const key = view.getUint32(end + 4, true);
    const keyBytes = bytesOf(key);
    const start = lastOf(stub, bytesOf(key ^ DANS), end);
    if (start === undefined) return undefined;
    const raw = stub.slice(start, end);
    return { offset: start, key, raw, clear: raw.map((byte, at) => byte ^ keyBytes[at % 4]!) };
  });
}

function bytesOf(word: number): number[] {
  return [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24];
}

/** Where the four bytes stand last, wholly before `end`. */
function lastOf(bytes: Uint8Array, wanted: readonly number[], end: number): number | undefined {
  for (let at = end - wanted.length; at >= 0; at--) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return undefined;
}
