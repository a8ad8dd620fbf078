/**
 * The fields of `pe`, each made from the image when it is asked for. Of what is no PE file every number is undefined and
 * every array empty.
 */
import { toInteger } from '../../scan/integers.ts';
import type { ModuleValue, ObjectView, StructureValue } from '../module.ts';
import { arrayOfItems, once, structureOf } from '../structure-value.ts';
import { pdbPath } from './debug.ts';
import { ExportList } from './exports.ts';
import { PeImage, type DataDirectory } from './image.ts';
import { imphash } from './imphash.ts';
import { countFunctions, ImportList, importValues } from './imports.ts';
import { FIELDS_32, FILE_FIELDS, type OptionalField } from './layout.ts';
import { ResourceList } from './resources.ts';
import { RichSignature } from './rich.ts';
import { sectionValue } from './sections.ts';
import { signatureFields } from './signatures.ts';
import { PeTexts } from './texts.ts';
import { VersionInfo } from './version-info.ts';

type Fields = Readonly<Record<string, () => ModuleValue>>;

export class PeFile implements StructureValue {
  readonly image: PeImage;
  readonly imports: ImportList;
  readonly delayedImports: ImportList;
  readonly exports: ExportList;
  readonly resources: ResourceList;
  readonly rich: RichSignature;
  readonly imphash = once(() => imphash(this.imports));
  readonly #versions: VersionInfo;
  readonly #fields = once(() => structureOf(this.#open()));

  constructor(object: ObjectView) {
    const image = new PeImage(object);
    const texts = new PeTexts(image);
    this.image = image;
    this.imports = new ImportList(image, texts, false);
    this.delayedImports = new ImportList(image, texts, true);
    this.exports = new ExportList(image, texts);
    this.resources = new ResourceList(image);
    this.rich = new RichSignature(image);
    this.#versions = new VersionInfo(image, this.resources);
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
      pdb_path: () => pdbPath(image),
      number_of_imports: () => this.imports.libraries().length,
      number_of_imported_functions: () => countFunctions(this.imports),
      number_of_delayed_imports: () => this.delayedImports.libraries().length,
      number_of_delayed_imported_functions: () => countFunctions(this.delayedImports),
      number_of_exports: () => this.exports.functions().length,
      dll_name: () => this.exports.libraryName(),
      export_timestamp: () => this.exports.timestamp(),
      number_of_resources: () => this.resources.resources().length,
      resource_timestamp: () => this.resources.timestamp(),
      resource_version: () => this.resources.version(),
      number_of_version_infos: () => this.#versions.texts().length,
    };
    return {
      ...(image.isPe() ? fields : {}),
      ...signatureFields(image),
      is_pe: () => image.isPe(),
      rich_signature: () => this.rich.value(),
      import_details: () => importValues(this.imports),
      delayed_import_details: () => importValues(this.delayedImports),
      export_details: () => this.exports.values(),
      resources: () => this.resources.values(),
      version_info: () => this.#versions.byKey(),
      version_info_list: () => this.#versions.values(),
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
