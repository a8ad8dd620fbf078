/**
 * Sections as rules see them. A name of eight bytes loses its zeros at the end; one of the form `/123` names an offset in
 * the string table, which stands behind the symbols of the file, and that is where `full_name` comes from.
 * Source: PE/COFF, "Section Table" and "COFF String Table".
 */
import type { ModuleValue, StructureValue } from '../module.ts';
import { readText } from '../read-text.ts';
import { structureOf } from '../structure-value.ts';
import type { PeImage, PeSection } from './image.ts';
import { SECTION_FIELDS, SECTION_NAME_BYTES, SYMBOL_BYTES } from './layout.ts';

export function sectionValue(image: PeImage, section: PeSection): StructureValue {
  const numbers = Object.entries(SECTION_FIELDS).map(([name, [offset, width]]) => {
    return [name, (): ModuleValue => image.object.unsigned(section.at + offset, width)] as const;
  });
  return structureOf({
    ...Object.fromEntries(numbers),
    name: () => sectionName(image, section),
    full_name: () => fullName(image, section),
  });
}

export function sectionName({ object }: PeImage, { at }: PeSection): Uint8Array {
  const bytes = object.bytes(at, SECTION_NAME_BYTES)!;
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length--;
  return bytes.subarray(0, length);
}

const MOST = 0xffffffff;

function fullName(image: PeImage, section: PeSection): Uint8Array {
  const { object } = image;
  const name = sectionName(image, section);
  const [, digits] = /^\/\+?(\d+)$/.exec(String.fromCharCode(...name)) ?? [];
  if (digits === undefined) return name;
  const symbols = image.fileField('pointer_to_symbol_table');
  const table = Math.min(MOST, symbols + Math.min(MOST, image.fileField('number_of_symbols') * SYMBOL_BYTES));
  const offset = table + Number(digits);
  return offset > object.size ? name : readText(object, offset, object.size);
}
