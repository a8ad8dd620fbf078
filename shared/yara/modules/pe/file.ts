/**
 * The fields of `pe`, each made from the image when it is asked for. Of what is no PE file every number is undefined and
 * every array empty.
 */
import { toInteger } from '../../scan/integers.ts';
import type { ModuleValue, ObjectView, StructureValue } from '../module.ts';
import { arrayOfItems, once, structureOf } from '../structure-value.ts';
import { PeImage, type DataDirectory } from './image.ts';
import { FIELDS_32, FILE_FIELDS, type OptionalField } from './layout.ts';
import { sectionValue } from './sections.ts';
import { signatureFields } from './signatures.ts';

type Fields = Readonly<Record<string, () => ModuleValue>>;

export class PeFile implements StructureValue {
  readonly image: PeImage;
  readonly #fields = once(() => structureOf(this.#open()));

  constructor(object: ObjectView) {
    this.image = new PeImage(object);
  }

  field(name: string): ModuleValue {
    return this.#fields().field(name);
  }

  #open(): Fields {
    const { image } = this;
    const fields: Fields = {
      ...this.#numbers(),
      base_of_data: () => integerOf(image.optionalInteger('base_of_data')),
      entry_point: () => image.rvaToOffset(image.optionalField('entry_point_raw')),
      number_of_sections: () => image.sections().length,
      os_version: () => this.#version('major_os_version', 'minor_os_version'),
      image_version: () => this.#version('major_image_version', 'minor_image_version'),
      linker_version: () => this.#version('major_linker_version', 'minor_linker_version'),
      subsystem_version: () => this.#version('major_subsystem_version', 'minor_subsystem_version'),
      overlay: () => this.#overlay(),
    };
    return {
      ...(image.isPe() ? fields : {}),
      ...signatureFields(image),
      is_pe: () => image.isPe(),
      sections: () => arrayOfItems(image.sections(), (section) => sectionValue(image, section)),
      data_directories: () => arrayOfItems(image.directories(), directoryValue),
    };
  }

  #numbers(): Fields {
    const { image } = this;
    const file = Object.keys(FILE_FIELDS) as (keyof typeof FILE_FIELDS)[];
    const optional = Object.keys(FIELDS_32) as OptionalField[];
    return Object.fromEntries([
      ...file.map((name) => [name, (): ModuleValue => image.fileField(name)] as const),
      ...optional.map((name) => [name, (): ModuleValue => integerOf(image.optionalInteger(name))] as const),
    ]);
  }

  #version(major: OptionalField, minor: OptionalField): StructureValue {
    return structureOf({ major: () => this.image.optionalField(major), minor: () => this.image.optionalField(minor) });
  }

  /** What stands behind the section that ends last; nothing is at 0. */
  #overlay(): StructureValue {
    const { sections, object } = this.image;
    const offset = sections().reduce((end, { rawOffset, rawSize }) => Math.max(end, rawOffset + rawSize), 0);
    const hasOverlay = sections().length > 0 && offset < object.size;
    return structureOf({
      offset: () => (hasOverlay ? offset : 0),
      size: () => (hasOverlay ? object.size - offset : 0),
    });
  }
}

function directoryValue({ rva, size }: DataDirectory): StructureValue {
  return structureOf({ virtual_address: () => rva, size: () => size });
}

function integerOf(value: bigint | undefined): ModuleValue {
  return value === undefined ? undefined : toInteger(BigInt.asIntN(64, value));
}
