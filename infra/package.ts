/**
 * Lays out the app as it is deployed, under `dist/package`: host.json, a package.json, the compiled functions and what they
 * use, the compiled rules, and the packages they need at run time, as package-lock.json names them. It installs and builds
 * nothing: run `npm ci`, the build and the rules' compilation first. azd and `az` zip the folder.
 *
 *   node infra/package.ts
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Something that the package is made of is not there; the message says what, and what makes it. */
export class PackageError extends Error {
  override readonly name = 'PackageError';
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly main: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly devOptional?: boolean; readonly optional?: boolean }>
  >;
}

/**
 * Makes `target` anew from the checkout at `root`. Declarations, source maps and development packages stay out. Throws
 * `PackageError` when something is missing.
 */
export function stagePackage(root: string, target: string): void {
  const manifest = readJson(path.join(root, 'package.json')) as Manifest;
  const lock = readJson(path.join(root, 'package-lock.json')) as LockFile;
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });

  copyFile(root, target, 'host.json', 'it belongs to the checkout');
  copyFile(root, target, 'LICENSE', 'it belongs to the checkout');
  copyCompiled(root, target);
  copyFile(root, target, 'dist/rules.sluice', 'compile the rules');
  for (const folder of runtimePackages(lock))
    copyPackage(root, target, folder, lock.packages[folder]!.optional ?? false);
  const { name, version, main, dependencies } = manifest;
  writeFileSync(
    path.join(target, 'package.json'),
    `${JSON.stringify({ name, version, private: true, type: 'module', main, dependencies }, null, 2)}\n`,
  );
}

/** Folders of the packages that the app needs at run time, such as `node_modules/zod`, by what the lock file says. */
export function runtimePackages(lock: LockFile): string[] {
  return Object.entries(lock.packages)
    .filter(([folder, entry]) => folder.startsWith('node_modules/') && entry.dev !== true && entry.devOptional !== true)
    .map(([folder]) => folder);
}

function copyCompiled(root: string, target: string): void {
  const functions = path.join(root, 'dist/functions');
  // Without one the host starts, finds no function, and nobody is told.
  if (!existsSync(functions) || !readdirSync(functions).some((name) => name.endsWith('.js'))) {
    throw new PackageError('no compiled function in dist/functions: build first');
  }
  for (const folder of ['dist/functions', 'dist/shared']) {
    cpSync(path.join(root, folder), path.join(target, folder), {
      recursive: true,
      filter: isRuntimeFile,
    });
  }
}

function copyPackage(root: string, target: string, folder: string, isOptional: boolean): void {
  const source = path.join(root, folder);
  if (!existsSync(source)) {
    if (isOptional) return;
    throw new PackageError(`no ${folder}: run npm ci`);
  }
  const nested = path.join(source, 'node_modules');
  // A nested package has its own line in the lock file, which says whether it is needed.
  cpSync(source, path.join(target, folder), {
    recursive: true,
    dereference: true,
    filter: (file) => file !== nested && isRuntimeFile(file),
  });
}

/** Declarations and source maps are half of what is installed, and every instance would fetch them as it starts. */
function isRuntimeFile(file: string): boolean {
  return !/\.(d\.[cm]?ts|map|tsbuildinfo)$/.test(file);
}

function copyFile(root: string, target: string, file: string, remedy: string): void {
  const source = path.join(root, file);
  if (!existsSync(source)) throw new PackageError(`no ${file}: ${remedy}`);
  mkdirSync(path.dirname(path.join(target, file)), { recursive: true });
  cpSync(source, path.join(target, file));
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

if (import.meta.main) {
  const root = path.dirname(import.meta.dirname);
  try {
    stagePackage(root, path.join(root, 'dist/package'));
  } catch (error) {
    if (!(error instanceof PackageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
