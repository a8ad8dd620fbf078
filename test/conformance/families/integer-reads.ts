/** Every integer function at every offset of a short object, the offset a constant and one known at run time only. */
import { readBytes } from '../bytes.ts';
import type { Case } from '../case.ts';
import { sheetOf } from '../sheet.ts';

const object = readBytes('\\x00\\x7f\\x80\\xff\\x01\\x00\\x00\\x80\\xff\\xff\\xff\\x7f');

type Read = (view: DataView, offset: number) => number;

const functions: Readonly<Record<string, readonly [size: number, read: Read]>> = {
  uint8: [1, (view, offset) => view.getUint8(offset)],
  uint8be: [1, (view, offset) => view.getUint8(offset)],
  int8: [1, (view, offset) => view.getInt8(offset)],
  int8be: [1, (view, offset) => view.getInt8(offset)],
  uint16: [2, (view, offset) => view.getUint16(offset, true)],
  uint16be: [2, (view, offset) => view.getUint16(offset)],
  int16: [2, (view, offset) => view.getInt16(offset, true)],
  int16be: [2, (view, offset) => view.getInt16(offset)],
  uint32: [4, (view, offset) => view.getUint32(offset, true)],
  uint32be: [4, (view, offset) => view.getUint32(offset)],
  int32: [4, (view, offset) => view.getInt32(offset, true)],
  int32be: [4, (view, offset) => view.getInt32(offset)],
};

export function integerReadCases(): Case[] {
  const view = new DataView(object.buffer);
  return Object.entries(functions).map(([name, [size, read]]) => {
    const conditions = new Map<string, boolean>();
    for (let offset = -2; offset <= object.length + 1; offset++) {
      const isThere = offset >= 0 && offset + size <= object.length;
      const places = [`filesize - ${object.length - offset}`, ...(offset >= 0 ? [`${offset}`] : [])];
      for (const place of places) {
        const call = `${name}(${place})`;
        conditions.set(`defined ${call}`, isThere);
        conditions.set(`${call} == ${isThere ? read(view, offset) : 0}`, isThere);
        conditions.set(`${call} != ${isThere ? read(view, offset) : 0}`, false);
      }
    }
    return {
      chapter: 'integer reads',
      name: `${name} reads ${size} bytes where they all are there`,
      features: ['read-integer', 'defined'],
      bytes: object,
      ...sheetOf(conditions),
    };
  });
}
