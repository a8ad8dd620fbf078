/**
 * Bundles the functions with everything they import into few ES modules. Each function keeps a file of its own, where
 * package.json's `main` finds it; what they share and what is loaded only when it is on (`import()`) goes to `dist/chunks`.
 * Names and lines stay as they are written, so that a stack trace can be read: minified, the app started no sooner.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { rolldown } from 'rolldown';
import type { OutputChunk } from 'rolldown';

/** Ships with the Functions host; the library asks for it with `require` as it loads. */
const HOST_MODULE = '@azure/functions-core';

export interface BundleRequest {
  /** The folder that has package.json and node_modules. */
  readonly root: string;
  /** Files of functions/, relative to `root`. */
  readonly entries: readonly string[];
  readonly target: string;
}

/** An import leads out of the bundle, or the bundler had a doubt. Nothing may be left to chance until the host starts. */
export class BundleFunctionsError extends Error {
  override readonly name = 'BundleFunctionsError';
}

/**
 * Writes `dist/functions/<entry>.js` and `dist/chunks/*.js` under `target`, and gives the folders of the packages whose code is
 * in them, sorted. Throws `BundleFunctionsError` when an import cannot be resolved; syntax errors are the bundler's own.
 */
export async function bundleFunctions({ root, entries, target }: BundleRequest): Promise<string[]> {
  const doubts: string[] = [];
  const bundle = await rolldown({
    cwd: root,
    input: Object.fromEntries(entries.map((file) => [`dist/functions/${path.parse(file).name}`, file])),
    platform: 'node',
    external: [HOST_MODULE],
    onLog: (level, log) => {
      // What packages do inside themselves is theirs; what they or we cannot find is not.
      if (level === 'warn' && log.code === 'UNRESOLVED_IMPORT') doubts.push(log.message);
    },
  });
  const { output } = await bundle.write({
    dir: target,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'dist/chunks/[name].js',
  });
  await bundle.close();
  const chunks = output.filter((file) => file.type === 'chunk');
  const modules = chunks.flatMap(({ moduleIds }) => moduleIds);
  doubts.push(...chunks.flatMap((chunk) => importsThatLeadOut(chunk, chunks)));
  doubts.push(
    ...modules.filter(asksForNeighbour).map((file) => `${file} asks for a file beside it, which is not there`),
  );
  if (doubts.length > 0) throw new BundleFunctionsError(doubts.join('\n'));
  return packageFolders(modules);
}

function importsThatLeadOut(chunk: OutputChunk, chunks: readonly OutputChunk[]): string[] {
  const files = new Set(chunks.map(({ fileName }) => fileName));
  return [...chunk.imports, ...chunk.dynamicImports]
    .filter((name) => !files.has(name) && !isBuiltin(name) && name !== HOST_MODULE)
    .map((name) => `${chunk.fileName} imports ${name}, which is not in the bundle`);
}

/** Whether a module of ours names a file by its own place, as workers are named: in the bundle it stands elsewhere. */
function asksForNeighbour(moduleId: string): boolean {
  if (!path.isAbsolute(moduleId) || /[\\/]node_modules[\\/]/.test(moduleId)) return false;
  return /new URL\([^)]*import\.meta\.url/.test(readFileSync(moduleId, 'utf8'));
}

/** The nearest folder above each module of `node_modules` that has a package.json with a version: its package. */
function packageFolders(moduleIds: readonly string[]): string[] {
  const folders = moduleIds.flatMap((id) => {
    const parts = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(id);
    return parts === null || !existsSync(path.join(parts[1]!, 'package.json')) ? [] : [parts[1]!];
  });
  return [...new Set(folders)].sort();
}
