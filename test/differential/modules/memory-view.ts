/** An object in memory as modules see it: every byte is held. */
import type { ObjectView } from '../../../shared/yara/modules/module.ts';

export class Refused extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(`refused: ${reason}`);
    this.reason = reason;
  }
}

export function memoryView(bytes: Uint8Array): ObjectView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isInside = (offset: number, length: number): boolean => offset >= 0 && offset + length <= bytes.length;
  return {
    size: bytes.length,
    unsigned(offset, length, isBigEndian = false) {
      if (!isInside(offset, length)) return undefined;
      switch (length) {
        case 1:
          return view.getUint8(offset);
        case 2:
          return view.getUint16(offset, !isBigEndian);
        case 4:
          return view.getUint32(offset, !isBigEndian);
      }
    },
    unsigned64: (offset, isBigEndian = false) =>
      isInside(offset, 8) ? view.getBigUint64(offset, !isBigEndian) : undefined,
    bytes: (offset, length) =>
      length >= 0 && isInside(offset, length) ? bytes.slice(offset, offset + length) : undefined,
    refuse(reason) {
      throw new Refused(reason);
    },
  };
}
