/** Parts of a PE file that say where things are, to be damaged, and calls worth asking about it. */
import { PeImage } from '../../../shared/yara/modules/pe/image.ts';
import type { Call } from './dump.ts';
import { memoryView } from './memory-view.ts';

interface Part {
  readonly offset: number;
  readonly length: number;
}

/** Headers, section table and the start of what the data directories point to. */
export function partsOf(bytes: Uint8Array): Part[] {
  const image = new PeImage(memoryView(bytes));
  const pe = image.headerOffset ?? 0;
  const sections = image.sections();
  const pointedTo = image
    .directories()
    .map((_, index) => image.directoryExtent(index, true))
    .filter((extent) => extent !== undefined)
    .map(({ start, size }) => ({ offset: start, length: Math.min(size, 400) }));
  return [
    { offset: 0, length: pe },
    { offset: pe, length: 300 },
    ...(sections.length > 0 ? [{ offset: sections[0]!.at, length: sections.length * 40 }] : []),
    ...pointedTo.filter(({ offset, length }) => length > 0 && offset < bytes.length),
  ];
}

export function callsOf(bytes: Uint8Array): Call[] {
  const image = new PeImage(memoryView(bytes));
  const sections = image.sections();
  const addresses = sections.flatMap(({ virtualAddress, virtualSize, rawSize }) =>
    [0, 1, rawSize - 1, rawSize, virtualSize, virtualSize - 1].map((distance) => virtualAddress + distance),
  );
  const offsets = sections.flatMap(({ rawOffset, rawSize }) =>
    [-1, 0, 1, rawSize - 1, rawSize].map((distance) => rawOffset + distance),
  );
  const edges = [-1, 0, 1, 0x200, 0x1000, 0x7fffffff, 0xffffffff, 0x100000000];
  const integers = (name: string, values: readonly number[]): Call[] =>
    [...new Set([...edges, ...values])].map((value) => integerCall(name, value));
  return [
    ...integers('rva_to_offset', addresses),
    ...integers('section_index', offsets),
    ...['.text', '.rsrc', 'text', ''].map((name) => textCall('section_index', name)),
  ];
}

function integerCall(name: string, value: number): Call {
  return { text: `pe.${name}(${value})`, link: `pe.${name}(integer)`, arguments: [value] };
}

function textCall(name: string, value: string): Call {
  return { text: `pe.${name}("${value}")`, link: `pe.${name}(text)`, arguments: [value] };
}
