/** All exclusions of a folder: every `*.yaml` directly in it, in the order of their names, with what is wrong with them. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { SluiceError } from '../base/errors.ts';
import type { ExclusionFile } from './exclusion-file.ts';
import { readExclusion } from './exclusion-file.ts';
import type { Remark } from './remark.ts';

/** A file of exclusions or policies cannot be read. */
export class ExclusionFileError extends SluiceError {
  readonly code = 'EXCLUSION_FILE_UNREADABLE';
}

/** Files of exclusions or policies have errors; `remarks` holds all of them. */
export class ExclusionsInvalidError extends SluiceError {
  readonly code = 'EXCLUSIONS_INVALID';
  readonly remarks: readonly Remark[];

  constructor(remarks: readonly Remark[]) {
    super(remarks.map(({ rendered }) => rendered).join('\n\n'), {
      where: [...new Set(remarks.map(({ file }) => file))].join(', '),
      hint: 'see all that is to be said of them with `sluice exclusions check`',
    });
    this.remarks = remarks;
  }
}

export interface ReadFolder {
  /** Those without an error. */
  readonly files: readonly ExclusionFile[];
  readonly remarks: readonly Remark[];
}

const MAX_FILES = 10_000;
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * Reads files and folders of them; `shownAs` stands for a place in remarks. Throws an `ExclusionFileError`
 * (EXCLUSION_FILE_UNREADABLE) for what cannot be read.
 */
export function readExclusionPlaces(places: readonly string[], shownAs: readonly string[] = places): ReadFolder {
  const files = places.flatMap((place, index) => filesAt(place, shownAs[index] ?? place));
  const read = files.map(({ file, shown }) => readExclusion(readText(file, shown), shown));
  const sound = read.flatMap(({ file }) => file ?? []);
  return { files: sound, remarks: [...read.flatMap(({ remarks }) => remarks), ...twinRemarks(sound)] };
}

/** Reads a folder whose every file must be sound. Throws one `ExclusionsInvalidError` (EXCLUSIONS_INVALID) with every error. */
export function readExclusions(folder: string, shownAs = folder): readonly ExclusionFile[] {
  const { files, remarks } = readExclusionPlaces([folder], [shownAs]);
  const errors = remarks.filter(({ level }) => level === 'error');
  if (errors.length > 0) throw new ExclusionsInvalidError(errors);
  return files;
}

/** The text of a file, bounded. Throws an `ExclusionFileError`. */
export function readText(file: string, shownAs: string): string {
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES) throw unreadable(`it has ${size} bytes, more than ${MAX_BYTES}`, shownAs);
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw error instanceof ExclusionFileError ? error : unreadable(whyOf(error), shownAs, error);
  }
}

function filesAt(place: string, shownAs: string): { readonly file: string; readonly shown: string }[] {
  try {
    if (!statSync(place).isDirectory()) return [{ file: place, shown: shownAs }];
    const names = readdirSync(place).filter((name) => /\.ya?ml$/i.test(name) && !name.startsWith('.'));
    if (names.length > MAX_FILES) throw unreadable(`it has ${names.length} files, more than ${MAX_FILES}`, shownAs);
    return names.sort().map((name) => ({ file: path.join(place, name), shown: path.posix.join(shownAs, name) }));
  } catch (error) {
    throw error instanceof ExclusionFileError ? error : unreadable(whyOf(error), shownAs, error);
  }
}

/** Rows name an exclusion by its id alone. */
function twinRemarks(files: readonly ExclusionFile[]): Remark[] {
  const first = new Map<string, ExclusionFile>();
  return files.flatMap((file) => {
    const other = first.get(file.exclusion.id);
    if (other === undefined) first.set(file.exclusion.id, file);
    if (other === undefined) return [];
    const message = `id ${file.exclusion.id} is that of ${other.source.name} too`;
    return [file.source.remark(['id'], { code: 'duplicate-id', level: 'error', title: 'duplicate id', message })];
  });
}

function unreadable(why: string, where: string, cause?: unknown): ExclusionFileError {
  return new ExclusionFileError(`it cannot be read: ${where} (${why})`, { where, cause });
}

function whyOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' ? 'no such file or folder' : (code ?? String(error));
}
