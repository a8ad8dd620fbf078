import { execFileSync } from 'node:child_process';
import {
  appendFile,
  chmod,
  mkdtemp,
  open,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFile } from '../../../../shared/objects/file-source.ts';
import {
  NotReadableError,
  ObjectAccessError,
  ObjectChangedError,
  ObjectGoneError,
} from '../../../../shared/objects/object-errors.ts';
import { CHUNK, copyChunks, describeByteSource } from './byte-source-contract.ts';

let folder = '';
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-file-source-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `file-${count++}`);
  await writeFile(path, bytes);
  return path;
}

describeByteSource('a file', async (bytes) => openFile(await fileOf(bytes), { chunkSizeInBytes: CHUNK }), {
  seekable: true,
  held: openHandles,
});

describe('openFile', () => {
  const small = { chunkSizeInBytes: CHUNK, chunksInFlight: 2 };

  it.each<[string, (path: string) => Promise<unknown>, RegExp]>([
    ['is written to', (path) => overwrite(path, 15 * CHUNK), /it was written to/],
    ['is extended', (path) => appendFile(path, 'more'), /its size went from 20000 to 20004 bytes/],
    [
      'is cut',
      (path) => truncate(path, 2 * CHUNK),
      /it ends at \d+ of 20000 bytes|its size went from 20000 to 2000 bytes/,
    ],
    ['gets another time', (path) => utimes(path, 1, 1), /it was written to/],
  ])('fails when the file %s while it is read', async (_, change, message) => {
    const path = await fileOf(new Uint8Array(20 * CHUNK));
    const source = await openFile(path, small);
    let isChanged = false;
    const reading = (async () => {
      for await (const chunk of source.stream()) {
        if (!isChanged && chunk.length > 0) await change(path);
        isChanged = true;
      }
    })();
    await expect(reading).rejects.toBeInstanceOf(ObjectChangedError);
    await expect(reading).rejects.toThrow(message);
    await expect(source.readAt!(0, 10)).rejects.toBeInstanceOf(ObjectChangedError);
    await source.close();
  });

  it('fails when an empty file gets its first bytes', async () => {
    const path = await fileOf(new Uint8Array(0));
    const source = await openFile(path);
    await appendFile(path, 'x');
    await expect(copyChunks(source)).rejects.toBeInstanceOf(ObjectChangedError);
    await source.close();
  });

  it('goes on reading the version it opened when another file takes its name', async () => {
    const path = await fileOf(Buffer.from('old'));
    const source = await openFile(path);
    await rename(await fileOf(Buffer.from('new!')), path);
    expect(Buffer.concat(await copyChunks(source)).toString()).toBe('old');
    await source.close();
  });

  it.runIf(process.platform === 'linux')('does not take a file for empty that only claims to be', async () => {
    const source = await openFile('/proc/version');
    expect(source.size).toBe(0);
    await expect(copyChunks(source)).rejects.toThrow('it has more than the 0 bytes it is said to have');
    await source.close();
  });

  it('follows links, and opens names that are not UTF-8', async () => {
    const path = await fileOf(Buffer.from('content'));
    const link = join(folder, 'link');
    await symlink(path, link);
    const byLink = await openFile(link);
    expect(Buffer.from(await byLink.readAt!(0, 100)).toString()).toBe('content');
    await byLink.close();

    const odd = Buffer.concat([Buffer.from(join(folder, 'odd-')), Buffer.of(0xff, 0xfe)]);
    await writeFile(odd, 'odd');
    const byBytes = await openFile(odd);
    expect(Buffer.concat(await copyChunks(byBytes)).toString()).toBe('odd');
    await byBytes.close();
  });

  it('says that there is no such file', async () => {
    const path = join(folder, 'missing');
    await expect(openFile(path)).rejects.toBeInstanceOf(ObjectGoneError);
    await expect(openFile(path)).rejects.toMatchObject({
      code: 'OBJECT_GONE',
      where: path,
      message: `no such file: ${path}`,
    });
    await expect(openFile(join(await fileOf(new Uint8Array(1)), 'below'))).rejects.toBeInstanceOf(ObjectGoneError);
  });

  it('refuses what is no regular file, at once and by its kind', async () => {
    await expect(openFile(folder)).rejects.toThrow(`not a regular file but a folder: ${folder}`);
    await expect(openFile('/dev/zero')).rejects.toThrow('not a regular file but a device: /dev/zero');
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(openFile(pipe)).rejects.toThrow(`not a regular file but a pipe: ${pipe}`);
    const socket = join(folder, 'socket');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    await expect(openFile(socket)).rejects.toBeInstanceOf(NotReadableError);
    await new Promise((resolve) => server.close(resolve));
    expect(await openHandles()).toBe(0);
  });

  it.skipIf(process.getuid?.() === 0)('says that the file may not be read (root may read them all)', async () => {
    const path = await fileOf(new Uint8Array(1));
    await chmod(path, 0);
    await expect(openFile(path)).rejects.toBeInstanceOf(ObjectAccessError);
  });
});

async function overwrite(path: string, offset: number): Promise<void> {
  const handle = await open(path, 'r+');
  await handle.write(Uint8Array.of(1), 0, 1, offset);
  await handle.close();
}

/** How many files of this test's folder the process holds open; known on Linux only. */
async function openHandles(): Promise<number> {
  if (process.platform !== 'linux') return 0;
  const targets = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return targets.filter((target) => target.startsWith(folder)).length;
}
