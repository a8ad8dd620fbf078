/**
 * Functions of `pe` over the names of imports and exports. Names given as text are compared without the case of ASCII
 * letters; regexes as they are. Of what is no PE file nothing is imported and nothing exported.
 */
import type { Integer } from '../../scan/integers.ts';
import type { CallContext, Implementation, RegexValue } from '../module.ts';
import type { ExportedFunction } from './exports.ts';
import type { PeFile } from './file.ts';
import type { ImportedFunction, ImportedLibrary, ImportList } from './imports.ts';
import { caselessKey } from './texts.ts';

const STANDARD = 1n;
const DELAYED = 2n;

/** What is asked of a name or an ordinal. */
type Wanted = Uint8Array | RegexValue | Integer;
type Fits = (candidate: Candidate) => boolean;

interface Candidate {
  readonly name: () => Uint8Array | undefined;
  readonly key: () => string | undefined;
  readonly ordinal: number | undefined;
}

/** What names of all kinds a call may ask a regex about, in its own steps; beyond that the answer is not known. */
const MAX_REGEX_COST = 10 ** 8;

export function nameFunctions(fileOf: (context: CallContext) => PeFile): Readonly<Record<string, Implementation>> {
  const count = (context: CallContext, flags: Integer, library: Wanted, wanted?: Wanted): number =>
    countImports(context, fileOf(context), BigInt(flags), library, wanted);
  const has = (context: CallContext, flags: Integer, library: Wanted, wanted: Wanted): boolean =>
    count(context, flags, library, wanted) > 0;
  const find = (context: CallContext, wanted: Wanted): number =>
    fileOf(context)
      .exports.functions()
      .findIndex(fitting(context, wanted, candidateOfExport));
  const isExported = (context: CallContext, wanted: Wanted): boolean => find(context, wanted) >= 0;
  const exportIndex = (context: CallContext, wanted: Wanted): number | undefined => {
    const index = find(context, wanted);
    return index < 0 ? undefined : index;
  };
  const rva = (isDelayed: boolean) => (context: CallContext, library: Wanted, wanted: Wanted) => {
    const { imports, delayedImports } = fileOf(context);
    return importRva(context, isDelayed ? delayedImports : imports, library, wanted);
  };
  const standard: Integer = 1;
  return {
    'pe.imports(text)': (context, library: Wanted) => count(context, standard, library),
    'pe.imports(text, text)': (context, library: Wanted, name: Wanted) => has(context, standard, library, name),
    'pe.imports(text, integer)': (context, library: Wanted, ordinal: Wanted) =>
      count(context, standard, library, ordinal),
    'pe.imports(regex, regex)': (context, library: Wanted, name: Wanted) => count(context, standard, library, name),
    'pe.imports(integer, text)': (context, flags: Integer, library: Wanted) => count(context, flags, library),
    'pe.imports(integer, text, text)': has,
    'pe.imports(integer, text, integer)': has,
    'pe.imports(integer, regex, regex)': count,
    'pe.import_rva(text, text)': rva(false),
    'pe.import_rva(text, integer)': rva(false),
    'pe.delayed_import_rva(text, text)': rva(true),
    'pe.delayed_import_rva(text, integer)': rva(true),
    'pe.exports(text)': isExported,
    'pe.exports(integer)': isExported,
    'pe.exports(regex)': isExported,
    'pe.exports_index(text)': exportIndex,
    'pe.exports_index(integer)': exportIndex,
    'pe.exports_index(regex)': exportIndex,
  };
}

function countImports(
  context: CallContext,
  { imports, delayedImports }: PeFile,
  flags: bigint,
  library: Wanted,
  wanted: Wanted | undefined,
): number {
  const fitsLibrary = fitting(context, library, candidateOfLibrary);
  const fitsFunction = wanted === undefined ? (): boolean => true : fitting(context, wanted, candidateOfImport);
  const lists = [
    ...((flags & STANDARD) !== 0n ? [imports] : []),
    ...((flags & DELAYED) !== 0n ? [delayedImports] : []),
  ];
  return lists
    .flatMap((list) => list.libraries())
    .filter(fitsLibrary)
    .reduce((sum, { functions }) => sum + functions.filter(fitsFunction).length, 0);
}

function importRva(context: CallContext, list: ImportList, library: Wanted, wanted: Wanted): number | undefined {
  const fits = fitting(context, wanted, candidateOfImport);
  return list
    .libraries()
    .filter(fitting(context, library, candidateOfLibrary))
    .flatMap(({ functions }) => functions)
    .find(fits)?.rva;
}

function fitting<Item>(
  context: CallContext,
  wanted: Wanted,
  candidateOf: (item: Item) => Candidate,
): (item: Item) => boolean {
  const fits = predicate(context, wanted);
  return (item) => fits(candidateOf(item));
}

function predicate({ object }: CallContext, wanted: Wanted): Fits {
  if (wanted instanceof Uint8Array) {
    const wantedKey = caselessKey(wanted);
    return ({ key }) => key() === wantedKey;
  }
  if (typeof wanted !== 'object') return ({ ordinal }) => ordinal === wanted;
  let spent = 0;
  return ({ name }) => {
    const text = name();
    if (text === undefined) return false;
    if (spent > MAX_REGEX_COST) return object.refuse('limit:evaluationSteps');
    const { isMatch, cost } = wanted.ask(text);
    spent += cost;
    return isMatch;
  };
}

function candidateOfLibrary({ name, key }: ImportedLibrary): Candidate {
  return { name: () => name, key: () => key, ordinal: undefined };
}

function candidateOfImport({ name, key, ordinal }: ImportedFunction): Candidate {
  return { name: () => name, key: () => key, ordinal };
}

function candidateOfExport(exported: ExportedFunction): Candidate {
  return exported;
}
