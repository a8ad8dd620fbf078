/** Functions of `pe` over headers, sections, checksums and resources. Imports and exports have a file of their own. */
import type { Integer } from '../../scan/integers.ts';
import type { CallContext, Implementation, ModuleValue } from '../module.ts';
import { PeFile } from './file.ts';
import type { PeImage, PeSection } from './image.ts';
import { MAGIC_32, MAGIC_64 } from './layout.ts';
import { nameFunctions } from './name-functions.ts';
import { idOf } from './resources.ts';
import { sectionName } from './sections.ts';
import { isSameText } from './texts.ts';

export const peFunctions: Readonly<Record<string, Implementation>> = {
  ...nameFunctions(peFileOf),
  'pe.is_32bit()': ofPe(({ image }) => image.optionalField('opthdr_magic') === MAGIC_32),
  'pe.is_64bit()': ofPe(({ image }) => image.optionalField('opthdr_magic') === MAGIC_64),
  'pe.is_dll()': ofPe(({ image }) => (image.fileField('characteristics') & IS_DLL) !== 0),
  'pe.rva_to_offset(integer)': ofPe(({ image }, _, rva: Integer) =>
    inRange(rva, (number) => image.rvaToOffset(number)),
  ),
  'pe.section_index(text)': ofPe(({ image }, _, name: Uint8Array) =>
    sectionIndex(image, (section) => isSameText(sectionName(image, section), name)),
  ),
  'pe.section_index(integer)': ofPe(({ image }, _, offset: Integer) =>
    inRange(offset, (at) => sectionIndex(image, (section) => holds(section, at))),
  ),
  'pe.calculate_checksum()': ofPe(calculateChecksum),
  'pe.imphash()': ofPe((file) => file.imphash()),
  'pe.locale(integer)': (context: CallContext, locale: Integer) => hasLanguage(peFileOf(context), 0xffff, locale),
  'pe.language(integer)': (context: CallContext, language: Integer) => hasLanguage(peFileOf(context), 0xff, language),
  'pe.RichSignature.toolid(integer)': (context: CallContext, toolid: Integer) => timesOf(context, { toolid }),
  'pe.RichSignature.toolid(integer, integer)': (context: CallContext, toolid: Integer, version: Integer) =>
    timesOf(context, { toolid, version }),
  'pe.RichSignature.version(integer)': (context: CallContext, version: Integer) => timesOf(context, { version }),
  'pe.RichSignature.version(integer, integer)': (context: CallContext, version: Integer, toolid: Integer) =>
    timesOf(context, { toolid, version }),
};

/** The fields of the object that a function is called for. */
export function peFileOf(context: CallContext): PeFile {
  const file = context.root('pe');
  if (!(file instanceof PeFile)) throw new Error('bug: the root of pe is another module’s');
  return file;
}

const IS_DLL = 0x2000;

/** Undefined of what is no PE file. */
function ofPe<Arguments extends unknown[]>(
  call: (file: PeFile, context: CallContext, ...args: Arguments) => ModuleValue,
): (context: CallContext, ...args: Arguments) => ModuleValue {
  return (context, ...args) => {
    const file = peFileOf(context);
    return file.image.isPe() ? call(file, context, ...args) : undefined;
  };
}

/** Undefined of what is beyond 32 bits, which no file has. */
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

/**
 * The sum of the file's words of 16 bits, overflows added in, and of its length; the checksum in the header is taken out of
 * the sum again. Source: ImageHlp's CheckSumMappedFile, as `bytepointer.com/resources/microsoft_pe_checksum_algo_distilled.htm`.
 */
function calculateChecksum({ image }: PeFile, context: CallContext): number {
  const { size } = context.object;
  const difference = context.range('wordSum', 0, size) - image.optionalField('checksum');
  const sum = difference < 0 ? difference + 2 ** 32 - 1 : difference;
  const once = (sum & 0xffff) + (sum >>> 16);
  const folded = (once + (once >>> 16)) & 0xffff;
  return (folded + size) % 2 ** 32;
}

function hasLanguage({ resources }: PeFile, mask: number, wanted: Integer): boolean {
  return resources.resources().some(({ language }) => {
    const id = idOf(language);
    return id !== undefined && (id & mask) === wanted;
  });
}

/** How often tools were used that are as wanted. */
function timesOf(context: CallContext, wanted: { readonly toolid?: Integer; readonly version?: Integer }): number {
  return peFileOf(context)
    .rich.tools()
    .filter(({ toolid }) => wanted.toolid === undefined || toolid === wanted.toolid)
    .filter(({ version }) => wanted.version === undefined || version === wanted.version)
    .reduce((sum, { times }) => sum + times, 0);
}
