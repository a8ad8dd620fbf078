/**
 * A folder as a zip file, the same bytes for the same files: names sorted, one date for all. `fflate` does the compressing;
 * Node has no writer of zip files, and those of other tools write the time of day into them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { zipSync } from 'fflate';
import type { Zippable } from 'fflate';

/** The first moment that a zip file can hold. Its dates have no zone, so this one is local on purpose. */
const EPOCH = new Date(1980, 0, 1);
const UNIX = 3;
const READABLE_FILE = 0o100644 << 16;

/** Every file below `folder`, held in memory as a whole. Symbolic links are left out. */
export function zipFolder(folder: string): Uint8Array {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
  const tree: Zippable = {};
  for (const file of files) {
    const bytes = new Uint8Array(readFileSync(path.join(folder, file)));
    tree[file.split(path.sep).join('/')] = [bytes, { level: 9, mtime: EPOCH, os: UNIX, attrs: READABLE_FILE }];
  }
  return zipSync(tree);
}
