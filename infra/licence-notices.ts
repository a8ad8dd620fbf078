/**
 * The licences of the packages whose code is in the bundle: most of them ask to be handed on with the code. In go the packages'
 * folders, out comes one text.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** One chapter per package, in the order of their names; the licence's text where the package has one, else its name. */
export function licenceNotices(folders: readonly string[]): string {
  const chapters = folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;
    const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.(md|txt))?$/i.test(entry));
    const text =
      file === undefined ? `Licence: ${license ?? 'not stated'}` : readFileSync(path.join(folder, file), 'utf8');
    return `${name} ${version}\n\n${text.trim()}\n`;
  });
  return chapters.sort().join(`\n${'─'.repeat(80)}\n\n`);
}
