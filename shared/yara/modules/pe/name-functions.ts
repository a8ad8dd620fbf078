/**
 * Functions of `pe` over the names of imports and exports. Names given as text are compared without the case of ASCII
 * letters; regexes as they are. Of what is no PE file nothing is imported and nothing exported.
 *
 * A file may have very many names, and long ones, so what is asked of them counts as steps of the condition. Names of exports
 * are read one by one; which of them a regex was asked about is kept, so that a call that ended for want of bytes asks about
 * no name again.
 */
import type { Integer } from '../../scan/integers.ts';
import type { CallContext, Implementation, RegexValue } from '../module.ts';
import type { ExportList } from './exports.ts';
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

/** Of one call: what its regexes took, in places of texts and their states, and a step for each name; beyond that the answer is not known. */
const MAX_COST = 1 << 25;
/** As much of a regex counts as one step wherever conditions ask one. */
const COST_PER_STEP = 16;

/** What a call costs. */
class Meter {
  readonly #context: CallContext;
  cost: number;

  constructor(context: CallContext, cost = 0) {
    this.#context = context;
    this.cost = cost;
  }

  add(cost: number): void {
    this.cost += cost;
    if (this.cost <= MAX_COST) return;
    this.charge();
    this.#context.object.refuse('limit:evaluationSteps');
  }

  charge(): void {
    this.#context.charge(this.cost / COST_PER_STEP);
  }
}

/** How far a regex was asked about the exports of a file. */
interface Asked {
  next: number;
  cost: number;
  found: boolean;
}

const askedOf = new WeakMap<ExportList, Map<RegexValue, Asked>>();

export function nameFunctions(fileOf: (context: CallContext) => PeFile): Readonly<Record<string, Implementation>> {
  const count = (context: CallContext, flags: Integer, library: Wanted, wanted?: Wanted): number =>
    countImports(context, fileOf(context), BigInt(flags), library, wanted);
  const has = (context: CallContext, flags: Integer, library: Wanted, wanted: Wanted): boolean =>
    count(context, flags, library, wanted) > 0;
  const find = (context: CallContext, wanted: Wanted): number => findExport(context, fileOf(context).exports, wanted);
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
  const meter = new Meter(context);
  const fitsLibrary = fitting(meter, library, candidateOfLibrary);
  const fitsFunction = wanted === undefined ? (): boolean => true : fitting(meter, wanted, candidateOfImport);
  const lists = [
    ...((flags & STANDARD) !== 0n ? [imports] : []),
    ...((flags & DELAYED) !== 0n ? [delayedImports] : []),
  ];
  const count = lists
    .flatMap((list) => list.libraries())
    .filter(fitsLibrary)
    .reduce((sum, { functions }) => sum + functions.filter(fitsFunction).length, 0);
  meter.charge();
  return count;
}

function importRva(context: CallContext, list: ImportList, library: Wanted, wanted: Wanted): number | undefined {
  const meter = new Meter(context);
  const found = list
    .libraries()
    .filter(fitting(meter, library, candidateOfLibrary))
    .flatMap(({ functions }) => functions)
    .find(fitting(meter, wanted, candidateOfImport));
  meter.charge();
  return found?.rva;
}

/** The first that fits, by its place; −1 where none does. */
function findExport(context: CallContext, list: ExportList, wanted: Wanted): number {
  const functions = list.functions();
  const asked = typeof wanted === 'object' && 'ask' in wanted ? askedWith(list, wanted) : newlyAsked();
  const meter = new Meter(context, asked.cost);
  const fits = predicate(meter, wanted);
  while (!asked.found && asked.next < functions.length) {
    asked.found = fits(functions[asked.next]!);
    asked.cost = meter.cost;
    asked.next++;
  }
  meter.charge();
  return asked.found ? asked.next - 1 : -1;
}

function newlyAsked(): Asked {
  return { next: 0, cost: 0, found: false };
}

function askedWith(list: ExportList, regex: RegexValue): Asked {
  const byRegex = askedOf.get(list) ?? new Map<RegexValue, Asked>();
  askedOf.set(list, byRegex);
  const asked = byRegex.get(regex) ?? newlyAsked();
  byRegex.set(regex, asked);
  return asked;
}

function fitting<Item>(meter: Meter, wanted: Wanted, candidateOf: (item: Item) => Candidate): (item: Item) => boolean {
  const fits = predicate(meter, wanted);
  return (item) => fits(candidateOf(item));
}

function predicate(meter: Meter, wanted: Wanted): Fits {
  if (wanted instanceof Uint8Array) {
    const wantedKey = caselessKey(wanted);
    return ({ key }) => {
      const isSame = key() === wantedKey;
      meter.add(COST_PER_STEP);
      return isSame;
    };
  }
  if (typeof wanted !== 'object') {
    return ({ ordinal }) => {
      meter.add(COST_PER_STEP);
      return ordinal === wanted;
    };
  }
  return ({ name }) => {
    const text = name();
    if (text === undefined) return false;
    const { isMatch, cost } = wanted.ask(text);
    meter.add(COST_PER_STEP + cost);
    return isMatch;
  };
}

function candidateOfLibrary({ name, key }: ImportedLibrary): Candidate {
  return { name: () => name, key: () => key, ordinal: undefined };
}

function candidateOfImport({ name, key, ordinal }: ImportedFunction): Candidate {
  return { name: () => name, key: () => key, ordinal };
}
