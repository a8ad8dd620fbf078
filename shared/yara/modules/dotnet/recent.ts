/**
 * What was read lately, by row. A type may name many rows in as many places of the file; when bytes are missing it is read from
 * its start again, and must not have to fetch anew what it had. Full, it is emptied: what is asked for anew is read anew.
 */
const MAX_ENTRIES = 1 << 13;
/** Bytes or characters. */
const MAX_LENGTH = 1 << 22;

export class Recent<Value extends { readonly length: number }> {
  readonly #values = new Map<number, Value | undefined>();
  #length = 0;

  get(row: number, read: () => Value | undefined): Value | undefined {
    const known = this.#values.get(row);
    if (known !== undefined || this.#values.has(row)) return known;
    const value = read();
    if (this.#values.size >= MAX_ENTRIES || this.#length >= MAX_LENGTH) {
      this.#values.clear();
      this.#length = 0;
    }
    this.#values.set(row, value);
    this.#length += value?.length ?? 0;
    return value;
  }
}
