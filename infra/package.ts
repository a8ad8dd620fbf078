/**
 * Makes the app as it is deployed: the folder `dist/package` for azd, and the same files as `dist/scanner.zip` for az. In go
 * the checkout's sources, its installed packages and the compiled rules; out come few files, because every instance that
 * starts fetches and reads all of them. The same checkout gives the same bytes. Run `npm ci` and `npm run rules` first.
 *
 *   node infra/package.ts
 */
import { cpSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleFunctions } from './bundle-functions.ts';
import { licenceNotices } from './licence-notices.ts';
import { zipFolder } from './zip-folder.ts';

/** Something that the package is made of is not there; the message says what, and what makes it. */
export class PackageError extends Error {
  override readonly name = 'PackageError';
}

/** A package beyond this is a mistake: a development tool was taken in, or rules that belong elsewhere. */
export const MAX_ZIP_IN_BYTES = 15_000_000;

interface Manifest {
  readonly name: string;
  readonly version: string;
}

export interface PackageParts {
  /** The checkout. */
  readonly root: string;
  /** Where `npm run rules` has put the compiled rules. */
  readonly rulesFolder: string;
  readonly target: string;
}

/**
 * Makes the folder `target` anew: host.json, a package.json from which nothing can be installed or built, the bundled functions,
 * the rules with what stands beside them, and the licences of what was bundled. Throws `PackageError` when something is missing.
 */
export async function layOutPackage({ root, rulesFolder, target }: PackageParts): Promise<void> {
  const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest;
  const entries = globSync('functions/*.ts', { cwd: root }).sort();
  // Without one the host starts, finds no function, and nobody is told.
  if (entries.length === 0) throw new PackageError('no function in functions/: it belongs to the checkout');
  requireFile(rulesFolder, 'rules.sluice', 'compile the rules with `npm run rules`');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(path.join(target, 'dist'), { recursive: true });

  for (const file of ['host.json', 'LICENSE']) {
    requireFile(root, file, 'it belongs to the checkout');
    cpSync(path.join(root, file), path.join(target, file));
  }
  // The bundle, and what is written beside it.
  for (const file of readdirSync(rulesFolder).filter((name) => name.startsWith('rules.'))) {
    cpSync(path.join(rulesFolder, file), path.join(target, 'dist', file));
  }
  const packages = await bundleFunctions({ root, entries, target });
  writeFileSync(path.join(target, 'THIRD-PARTY-LICENCES.txt'), licenceNotices(packages));
  const manifest = { name, version, private: true, type: 'module', main: 'dist/functions/*.js' };
  writeFileSync(path.join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Zips a laid-out package into `file` and gives its size in bytes. Throws `PackageError` when it is beyond all reason. */
export function zipPackage(folder: string, file: string): number {
  const zip = zipFolder(folder);
  if (zip.length > MAX_ZIP_IN_BYTES) {
    throw new PackageError(`${file} would have ${zip.length} bytes: more than ${MAX_ZIP_IN_BYTES}`);
  }
  writeFileSync(file, zip);
  return zip.length;
}

function requireFile(root: string, file: string, remedy: string): void {
  if (!existsSync(path.join(root, file))) throw new PackageError(`no ${file}: ${remedy}`);
}

if (import.meta.main) {
  const root = path.dirname(import.meta.dirname);
  try {
    const folder = path.join(root, 'dist/package');
    await layOutPackage({ root, rulesFolder: path.join(root, 'dist'), target: folder });
    const size = zipPackage(folder, path.join(root, 'dist/scanner.zip'));
    process.stdout.write(`dist/scanner.zip: ${(size / 1e6).toFixed(2)} MB, from dist/package\n`);
  } catch (error) {
    if (!(error instanceof PackageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
