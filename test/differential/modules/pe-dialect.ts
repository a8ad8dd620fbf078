/**
 * Where YARA-X 1.20 answers otherwise about a PE file, and is wrong. Each entry of `shared/yara/DIALECT.md` has its predicate
 * here: a condition that the reference says is true instead.
 *
 * - `absent-array`: an array in a structure that a file lacks has one item, of which nothing is defined.
 * - `checksum-odd-byte`: the last byte of a file of odd length does not count in its checksum, or as a digit if it is one.
 */
import type { CallContext } from '../../../shared/yara/modules/module.ts';
import { peFunctions } from '../../../shared/yara/modules/pe/functions.ts';
import { peModule } from '../../../shared/yara/modules/pe/pe.ts';
import { computeOver } from '../../../shared/yara/modules/range-computations.ts';
import { memoryView } from './memory-view.ts';

export interface Expected {
  /** What the reference says instead, if an entry may concern the condition; the condition itself otherwise. */
  readonly asked: string;
  readonly entry: string | undefined;
}

/** What the reference is expected to say. Where it does not, the condition itself must hold. */
export function expectedOf(condition: string, bytes: Uint8Array): Expected {
  for (const [entry, told] of Object.entries(entries)) {
    const instead = told(condition, bytes);
    if (instead !== undefined && instead !== condition) return { asked: instead, entry };
  }
  return { asked: condition, entry: undefined };
}

const entries: Readonly<Record<string, (condition: string, bytes: Uint8Array) => string | undefined>> = {
  'absent-array': (condition) => {
    const [, structure, array] = /^(pe\..+)\.(\w+)\.len\(\) == 0$/.exec(condition) ?? [];
    if (structure !== 'pe.rich_signature') return undefined;
    return `${structure}.${array}.len() == 1 and not defined ${structure}.offset`;
  },
  'checksum-odd-byte': (condition, bytes) => {
    if (!condition.startsWith('pe.calculate_checksum() == ') || bytes.length % 2 === 0) return undefined;
    const object = memoryView(bytes);
    const root = peModule.open!(object);
    const last = bytes.at(-1)! - 0x30;
    const summed = last >= 0 && last <= 9 ? bytes.with(-1, last) : bytes.subarray(0, -1);
    const range = (): number => computeOver('wordSum', summed);
    const context = { object, root: () => root, range } as unknown as CallContext;
    return `pe.calculate_checksum() == ${peFunctions['pe.calculate_checksum()']!(context) as number}`;
  },
};
