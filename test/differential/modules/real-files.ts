/** Files of the machine that tests run on, to be read by modules: whatever is there, chosen evenly, the same on every run. */
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';

const FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib/gcc'];
const MAX_BYTES = 3_000_000;

export interface RealFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Up to `count` ELF files; none on a machine that has no such folders. */
export function elfFiles(count: number): RealFile[] {
  const names = FOLDERS.flatMap(filesIn).filter(isElf);
  const step = Math.max(1, names.length / count);
  return Array.from({ length: Math.min(count, names.length) }, (_, at) => names[Math.floor(at * step)]!).map(
    (name) => ({
      name,
      bytes: readFileSync(name),
    }),
  );
}

/** Links are not followed: some lead back, so that each file would be met again and again. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .flatMap((entry) => {
        const name = path.join(folder, entry.name);
        if (entry.isDirectory()) return filesIn(name);
        return entry.isFile() ? [name] : [];
      })
      .sort();
  } catch {
    return [];
  }
}

function isElf(name: string): boolean {
  if (statSync(name).size > MAX_BYTES) return false;
  const magic = new Uint8Array(4);
  const file = openSync(name, 'r');
  try {
    return (
      readSync(file, magic) === 4 && magic[0] === 0x7f && magic[1] === 0x45 && magic[2] === 0x4c && magic[3] === 0x46
    );
  } finally {
    closeSync(file);
  }
}
