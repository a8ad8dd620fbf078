/**
 * Cuts rows into calls. The service takes 1 MB a call, counted on the uncompressed JSON; the SDK counts without commas and
 * brackets and so sends calls that are too large, and sends a single row of any size. Here everything is counted.
 */

export interface CallLimits {
  /** UTF-8 bytes of the JSON array with its commas and brackets. */
  readonly bytes: number;
  readonly rows: number;
}

/** Below 1 MB with room to spare: what is gathered waits for its call, and smaller calls lose less when one is refused. */
export const callLimits: CallLimits = { bytes: 900_000, rows: 500 };

export interface ChunkedRows<T> {
  /** In the order given; every row that fits stands in exactly one. */
  readonly chunks: readonly (readonly T[])[];
  /** Rows that no call can carry. */
  readonly tooLarge: readonly T[];
}

/**
 * Cuts `entries` into calls within `limits`; `toRow` gives what of an entry goes over the wire. O(bytes), holding one row's
 * JSON at a time. No entries, no chunks.
 */
export function chunkRows<T>(
  entries: readonly T[],
  toRow: (entry: T) => object,
  limits: CallLimits = callLimits,
): ChunkedRows<T> {
  const chunks: T[][] = [];
  const tooLarge: T[] = [];
  let chunk: T[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const rowBytes = Buffer.byteLength(JSON.stringify(toRow(entry)), 'utf8');
    if (rowBytes + 2 > limits.bytes) {
      tooLarge.push(entry);
      continue;
    }
    // The brackets are counted with a call's first row, a comma with each further one.
    if (chunk.length > 0 && chunk.length < limits.rows && bytes + 1 + rowBytes <= limits.bytes) {
      chunk.push(entry);
      bytes += 1 + rowBytes;
      continue;
    }
    chunk = [entry];
    bytes = 2 + rowBytes;
    chunks.push(chunk);
  }
  return { chunks, tooLarge };
}
