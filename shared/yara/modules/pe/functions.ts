/** Functions of `pe` over headers and sections. Arguments beyond 32 bits are outside of every file: undefined. */
import type { Integer } from '../../scan/integers.ts';
import type { CallContext, Implementation, ModuleValue } from '../module.ts';
import { PeFile } from './file.ts';
import type { PeImage, PeSection } from './image.ts';
import { MAGIC_32, MAGIC_64 } from './layout.ts';
import { sectionName } from './sections.ts';

export const peFunctions: Readonly<Record<string, Implementation>> = {
  'pe.is_32bit()': ofPe((image) => image.optionalField('opthdr_magic') === MAGIC_32),
  'pe.is_64bit()': ofPe((image) => image.optionalField('opthdr_magic') === MAGIC_64),
  'pe.is_dll()': ofPe((image) => (image.fileField('characteristics') & IS_DLL) !== 0),
  'pe.rva_to_offset(integer)': ofPe((image, rva: Integer) => inRange(rva, (number) => image.rvaToOffset(number))),
  'pe.section_index(text)': ofPe((image, name: Uint8Array) =>
    sectionIndex(image, (section) => isSame(sectionName(image, section), name)),
  ),
  'pe.section_index(integer)': ofPe((image, offset: Integer) =>
    inRange(offset, (at) => sectionIndex(image, (section) => holds(section, at))),
  ),
};

/** The fields of the object that a function is called for. */
export function peFileOf(context: CallContext): PeFile {
  const file = context.root('pe');
  if (!(file instanceof PeFile)) throw new Error('bug: the root of pe is another module’s');
  return file;
}

const IS_DLL = 0x2000;

function ofPe<Arguments extends unknown[]>(
  call: (image: PeImage, ...args: Arguments) => ModuleValue,
): (context: CallContext, ...args: Arguments) => ModuleValue {
  return (context, ...args) => {
    const { image } = peFileOf(context);
    return image.isPe() ? call(image, ...args) : undefined;
  };
}

function inRange(value: Integer, call: (value: number) => ModuleValue): ModuleValue {
  return value < 0 || value > 0xffffffff ? undefined : call(Number(value));
}

function sectionIndex({ sections }: PeImage, fits: (section: PeSection) => boolean): number | undefined {
  const index = sections().findIndex(fits);
  return index < 0 ? undefined : index;
}

/** An end beyond 32 bits wraps, and then the section holds nothing. */
function holds({ rawOffset, rawSize }: PeSection, offset: number): boolean {
  return offset >= rawOffset && offset < (rawOffset + rawSize) >>> 0;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
