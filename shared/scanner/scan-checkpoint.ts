/**
 * All that one worker needs to go on with another's scan: how far it came, the engine's state, the digests' states, and what
 * the externals were computed from. As bytes:
 *
 *   offset 0   magic "SLUICESC"                     8 bytes
 *          8   SHA-256 of all that follows         32 bytes
 *         40   length of the header, big endian     4 bytes
 *         44   header, JSON: format, ScanId, counts, and name and length of each part
 *              the parts, one behind the other: `head`, `engine`, `sha256`, `md5`
 *
 * A checkpoint is read with distrust, though it lies in the scanner's own account: what is damaged, too large, of another format
 * or of another scan is none, and the scan starts over. It holds bytes of the object, and is deleted when the scan has ended.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { HEAD_BYTES } from './object-externals.ts';
import { digestNames } from './object-digests.ts';
import type { DigestStates } from './object-digests.ts';

export interface ScanCheckpoint {
  /** Bytes of the stream that were scanned. */
  readonly position: number;
  /** Read so far, of the stream and at other places. */
  readonly bytesReadElsewhere: number;
  /** Time spent scanning so far, all slices together. */
  readonly activeInMs: number;
  /** The object's first bytes, at most `HEAD_BYTES`. */
  readonly head: Uint8Array;
  /** See the engine. */
  readonly engine: Uint8Array;
  readonly digests: DigestStates;
}

const MAGIC = Buffer.from('SLUICESC');
const CHECKSUM_BYTES = 32;
const HEADER_AT = MAGIC.length + CHECKSUM_BYTES + 4;
const MAX_HEADER_BYTES = 16 * 1024;
const FORMAT = 1;

const count = z.int().min(0);
const header = z.strictObject({
  format: z.literal(FORMAT),
  scanId: z.string(),
  position: count,
  bytesReadElsewhere: count,
  activeInMs: count,
  parts: z.array(z.tuple([z.enum(['head', 'engine', ...digestNames]), count])).max(8),
});

/** The checkpoint of that scan, as bytes. */
export function encodeScanCheckpoint(scanId: string, checkpoint: ScanCheckpoint): Uint8Array {
  const { position, bytesReadElsewhere, activeInMs, head, engine, digests } = checkpoint;
  const parts = Object.entries({ head, engine, ...digests });
  const text = JSON.stringify({
    format: FORMAT,
    scanId,
    position,
    bytesReadElsewhere,
    activeInMs: Math.round(activeInMs),
    parts: parts.map(([name, bytes]) => [name, bytes.length]),
  } satisfies Record<keyof z.infer<typeof header>, unknown>);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(text));
  const content = Buffer.concat([length, Buffer.from(text), ...parts.map(([, bytes]) => bytes)]);
  return Buffer.concat([MAGIC, checksum(content), content]);
}

/** The checkpoint that `bytes` hold; what is wrong with them as text where they hold none of that scan. Never throws. */
export function decodeScanCheckpoint(bytes: Uint8Array, scanId: string): ScanCheckpoint | string {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < HEADER_AT || !file.subarray(0, MAGIC.length).equals(MAGIC)) return 'it does not begin as one does';
  const content = file.subarray(MAGIC.length + CHECKSUM_BYTES);
  const isIntact = checksum(content).equals(file.subarray(MAGIC.length, MAGIC.length + CHECKSUM_BYTES));
  if (!isIntact) return 'its checksum does not fit its content';
  const headerLength = content.readUInt32BE(0);
  if (headerLength > MAX_HEADER_BYTES) return `its header has ${headerLength} bytes`;
  const read = readHeader(content.subarray(4, 4 + headerLength));
  if (typeof read === 'string') return read;
  if (read.scanId !== scanId) return 'it is of another scan';
  const parts = cut(file.subarray(HEADER_AT + headerLength), read.parts);
  const { head, engine, ...digests } = parts ?? {};
  if (head === undefined || engine === undefined || head.length > HEAD_BYTES) return 'its parts do not fit its header';
  const { position, bytesReadElsewhere, activeInMs } = read;
  return { position, bytesReadElsewhere, activeInMs, head, engine, digests };
}

function readHeader(bytes: Buffer): z.infer<typeof header> | string {
  try {
    return header.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return `its header is not of format ${FORMAT}`;
  }
}

/** The parts by name, in memory of their own; undefined when they are not as long as the bytes. */
function cut(
  bytes: Buffer,
  parts: z.infer<typeof header>['parts'],
): Partial<Record<(typeof parts)[number][0], Uint8Array>> | undefined {
  const found: Partial<Record<(typeof parts)[number][0], Uint8Array>> = {};
  let at = 0;
  for (const [name, length] of parts) {
    if (at + length > bytes.length) return undefined;
    // A copy begins where memory is aligned, which a part of a file seldom does.
    found[name] = new Uint8Array(bytes.subarray(at, at + length));
    at += length;
  }
  return at === bytes.length ? found : undefined;
}

function checksum(content: Uint8Array): Buffer {
  return createHash('sha256').update(content).digest();
}
