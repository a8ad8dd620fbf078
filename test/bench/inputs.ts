/**
 * The bytes that benches scan and that the frequency model was trained on, by kind: the machine's own ELF files, PE files of
 * npm packages, text, the same as UTF-16, base64 and gzip of binaries, random bytes, zeros. A file belongs to one half or the
 * other by the hash of its name, so what was trained on is never scanned. A kind that cannot be had is left out.
 */
import { execFileSync } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

export type Half = 'train' | 'scan';
export const KINDS = ['elf', 'pe', 'text', 'utf16', 'base64', 'compressed', 'random', 'zeros'] as const;
export type Kind = (typeof KINDS)[number];

const root = join(import.meta.dirname, '../..');
const cache = join(root, 'node_modules/.cache/sluice-bench');
const PE_PACKAGES = ['electron-winstaller@5.4.4', 'edge-js@26.1.0', 'node-notifier@10.0.1', '7zip-bin@5.2.0'];
const MAX_FILE_BYTES = 4 << 20;
const MAX_FILES = 200_000;

/** At most `size` bytes of that kind, fewer where the machine has no more; undefined where it has none. */
export function bytesOfKind(kind: Kind, half: Half, size: number): Uint8Array | undefined {
  switch (kind) {
    case 'elf':
      return gather(elfFolders, half, size, (bytes) => bytes.readUInt32BE(0) === 0x7f454c46);
    case 'pe':
      return gather([fetchPackages()], half, size, (bytes) => bytes.readUInt16BE(0) === 0x4d5a);
    case 'text':
      return gather(textFolders, half, size, () => true, /\.(js|ts|json|md|py|h|txt)$/);
    case 'utf16': {
      const text = bytesOfKind('text', half, size / 2);
      return text && Buffer.from(Buffer.from(text).toString('latin1'), 'utf16le').subarray(0, size);
    }
    case 'base64': {
      const binary = bytesOfKind('elf', half, Math.ceil((size * 3) / 4));
      return binary && Buffer.from(Buffer.from(binary).toString('base64')).subarray(0, size);
    }
    case 'compressed': {
      const binary = bytesOfKind('elf', half, size * 4);
      return binary && gzipSync(binary).subarray(0, size);
    }
    case 'random': {
      const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, half), Buffer.alloc(16));
      return cipher.update(Buffer.alloc(size));
    }
    case 'zeros':
      return new Uint8Array(size);
  }
}

const elfFolders = ['/usr/bin', '/usr/lib', '/usr/sbin', '/usr/libexec'];
const textFolders = ['/usr/include', '/usr/lib/python3', '/usr/share/doc', join(root, 'node_modules')];

/** The packages' folder; what npm cannot fetch is missing from it. */
function fetchPackages(): string {
  const folder = join(cache, 'packages');
  mkdirSync(folder, { recursive: true });
  for (const name of PE_PACKAGES) {
    const target = join(folder, name);
    if (existsSync(target)) continue;
    try {
      const file = execFileSync('npm', ['pack', name, '--silent'], { cwd: folder, encoding: 'utf8' }).trim();
      mkdirSync(target);
      execFileSync('tar', ['xzf', join(folder, file), '-C', target]);
    } catch {
      console.error(`${name} cannot be fetched: its PE files are left out`);
    }
  }
  return folder;
}

/** Fits are taken in the order of their hashes, which mixes folders. */
function gather(
  folders: readonly string[],
  half: Half,
  size: number,
  fits: (bytes: Buffer) => boolean,
  names = /./,
): Uint8Array | undefined {
  const files = folders
    .flatMap(filesIn)
    .filter((file) => names.test(file))
    .map((file) => ({ file, hash: createHash('sha1').update(file).digest('hex') }))
    .filter(({ hash }) => parseInt(hash[0]!, 16) < 8 === (half === 'train'))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const parts: Buffer[] = [];
  let total = 0;
  for (const { file } of files) {
    if (total >= size) break;
    let bytes: Buffer;
    try {
      bytes = readFileSync(file).subarray(0, MAX_FILE_BYTES);
    } catch {
      continue;
    }
    if (bytes.length < 64 || !fits(bytes)) continue;
    parts.push(bytes);
    total += bytes.length;
  }
  return total === 0 ? undefined : new Uint8Array(Buffer.concat(parts)).subarray(0, size);
}

function filesIn(folder: string): string[] {
  const found: string[] = [];
  const queue = [folder];
  for (let next = queue.pop(); next !== undefined && found.length < MAX_FILES; next = queue.pop()) {
    let entries;
    try {
      entries = readdirSync(next, { withFileTypes: true });
    } catch {
      continue;
    }
    for (const entry of entries) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) queue.push(path);
      else if (entry.isFile()) found.push(path);
    }
  }
  return found;
}
