/**
 * Bounds what goes into a row. Text is cut on a character boundary with a mark that says how much is missing; lists and
 * property bags lose whole entries, so that what is left is valid JSON.
 *
 * Lengths are counted as the text stands in JSON (UTF-8, escapes as written): that is never less than its own UTF-8 bytes,
 * so one count keeps both the field below the service's limit and the row below the call's.
 */

/** Room for the mark ` … [N bytes more]`. */
const MARK_BYTES = 40;

/** UTF-8 bytes of the value in JSON; for text without its quotes. */
export function jsonBytes(value: unknown): number {
  const bytes = Buffer.byteLength(JSON.stringify(value), 'utf8');
  return typeof value === 'string' ? bytes - 2 : bytes;
}

/**
 * The text, at most `limit` bytes of it as JSON. Half surrogate pairs become U+FFFD: no JSON reader need accept them.
 * `limit` ≥ 64. O(limit), but for counting the bytes that are missing.
 */
export function shortenText(text: string, limit: number): string {
  // A UTF-16 unit takes at least one byte, so nothing beyond can be kept.
  const head = toWellFormed(text.length > limit ? text.slice(0, limit) : text);
  if (text.length <= limit && jsonBytes(head) <= limit) return head;
  const kept = head.slice(0, fittingUnits(head, limit - MARK_BYTES));
  return `${kept} … [${Buffer.byteLength(text.slice(kept.length), 'utf8')} bytes more]`;
}

/** How much of a list went in, and how much did not. */
export interface Bounded<T> {
  readonly kept: T[];
  readonly omitted: number;
}

/**
 * The first entries that together take at most `limit` bytes as JSON, commas counted; `toEntry` makes what goes into the row
 * and is not asked for what does not fit.
 */
export function boundEntries<T, U>(list: readonly T[], toEntry: (item: T) => U, limit: number): Bounded<U> {
  const kept: U[] = [];
  let bytes = 0;
  for (const item of list) {
    const entry = toEntry(item);
    bytes += Buffer.byteLength(JSON.stringify(entry), 'utf8') + 1;
    if (bytes > limit) break;
    kept.push(entry);
  }
  return { kept, omitted: list.length - kept.length };
}

function toWellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

/** How many UTF-16 units, in whole characters, take at most `limit` bytes as JSON. */
function fittingUnits(text: string, limit: number): number {
  let units = 0;
  let bytes = 0;
  for (const character of text) {
    bytes += jsonBytes(character);
    if (bytes > limit) break;
    units += character.length;
  }
  return units;
}
