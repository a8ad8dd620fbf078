/** Copies of infra/ with one thing broken, so that a check of it can be seen to fail. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const infra = join(root, 'infra');

/** A file of infra/, and what is put in the place of a text that stands in it. */
export interface Fault {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A folder that is deleted when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-content-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** The copy's folder. Throws when the text is not there: a fault that is not planted would prove nothing. */
export function infraWith(fault: Fault): string {
  const folder = join(temporaryFolder(), 'infra');
  cpSync(infra, folder, { recursive: true });
  const file = join(folder, fault.file);
  const text = readFileSync(file, 'utf8');
  if (!text.includes(fault.from)) throw new Error(`${fault.file} does not hold ${fault.from}`);
  writeFileSync(file, text.replaceAll(fault.from, fault.to));
  return folder;
}
