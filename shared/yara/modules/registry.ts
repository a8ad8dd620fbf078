/**
 * The modules. To add one: a folder with its `schema.ts`, `functions.ts` and `<name>.ts`, and a line in `modules`.
 */
import { consoleModule } from './console/console.ts';
import { dotnetModule } from './dotnet/dotnet.ts';
import { elfModule } from './elf/elf.ts';
import { hashModule } from './hash/hash.ts';
import { mathModule } from './math/math.ts';
import type { Module } from './module.ts';
import { peModule } from './pe/pe.ts';
import { stringModule } from './string/string.ts';
import { timeModule } from './time/time.ts';

export const modules: readonly Module[] = [
  consoleModule,
  dotnetModule,
  elfModule,
  hashModule,
  mathModule,
  peModule,
  stringModule,
  timeModule,
];

/** Modules of the reference that are left out here. Importing one is fine; a rule that uses it is refused. */
export const refusedModules: ReadonlySet<string> = new Set(['crx', 'cuckoo', 'dex', 'lnk', 'macho', 'vt', 'zip']);

/** Modules of libyara that the reference does not have either. Importing one is an error, as of a module nobody knows. */
export const foreignModules: ReadonlySet<string> = new Set(['androguard', 'magic']);
