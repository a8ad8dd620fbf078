/**
 * Where YARA-X 1.20 answers otherwise about a .NET file, and is wrong: `dotnet-long-tables`, it takes no table to have more than
 * 15,000 rows. What stands behind a longer one is then read from the wrong place, and indexes into it as if they were short.
 */
import { Metadata } from '../../../shared/yara/modules/dotnet/metadata.ts';
import { memoryView } from './memory-view.ts';

const MAX_ROWS = 15_000;
const VALID_AT = 8;
const COUNTS_AT = 24;

/** The file of which everything is true that the reference says of this one; undefined where no table of this one is so long. */
export function asRead(bytes: Uint8Array): Uint8Array | undefined {
  const streams = new Metadata(memoryView(bytes)).root()?.streams ?? [];
  const tables = streams.findLast(({ name }) => ['#~', '#-'].includes(Buffer.from(name).toString('latin1')));
  if (tables === undefined || tables.offset + Math.max(COUNTS_AT, tables.size) > bytes.length) return undefined;
  const copy = Buffer.from(bytes);
  let at = tables.offset + COUNTS_AT;
  for (let valid = copy.readBigUInt64LE(tables.offset + VALID_AT); valid > 0n; valid >>= 1n) {
    if ((valid & 1n) === 0n) continue;
    if (at + 4 > tables.offset + tables.size) return undefined;
    copy.writeUInt32LE(Math.min(MAX_ROWS, copy.readUInt32LE(at)), at);
    at += 4;
  }
  return copy.equals(bytes) ? undefined : copy;
}
