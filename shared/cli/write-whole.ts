/** Writes a file that others may read at the same time: they see the old one or the new one, never a part. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { SluiceError } from '../base/errors.ts';

/** The bundle cannot be written. */
export class BundleWriteError extends SluiceError {
  readonly code = 'BUNDLE_UNWRITABLE';
}

/** All of it or nothing: a scanner that loads the file meanwhile reads the old one or the new one. */
export async function writeWhole(target: string, content: Uint8Array | string): Promise<void> {
  const draft = `${target}.${randomUUID()}.tmp`;
  try {
    await mkdir(path.dirname(target), { recursive: true });
    const file = await open(draft, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, target);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new BundleWriteError(`the bundle cannot be written: ${target} (${why})`, { where: target, cause });
  }
}
