/**
 * A byte source is one fixed version of one object: its size, its bytes in order, and its bytes at any place. Everything
 * that scans reads through this interface; where the bytes come from is known only to the file that implements it.
 *
 * A source never changes underfoot: an implementation over something mutable pins the version it opened and fails with
 * `ObjectChangedError` once that version is no longer there.
 */

export interface StreamOptions {
  /** Offset of the first byte to deliver; 0 unless given. A resumed scan starts at its checkpoint's position. */
  readonly start?: number;
  readonly abortSignal?: AbortSignal;
}

export interface ByteSource {
  /** What to call it in messages: a path, or a URL without its query. */
  readonly name: string;
  /** In bytes; undefined only where it cannot be known before the end (standard input). */
  readonly size: number | undefined;
  /**
   * The bytes from `start` to the end, in order, each once. Chunks have any size above 0. A consumer that stops early
   * releases what the source holds. At most the source's read-ahead is held in memory.
   *
   * A chunk is good until the next one is asked for: the source may then fill its memory anew, which is what keeps memory
   * flat over a large object. Whoever needs the bytes longer copies them; nobody writes into them.
   * After an abort the iteration rejects with the signal's reason.
   */
  stream(options?: StreamOptions): AsyncIterable<Uint8Array>;
  /**
   * The bytes of `offset … offset + length` that exist: shorter at the end of the object, empty beyond it. They stay good.
   * Undefined on sources that cannot seek.
   */
  readonly readAt:
    ((offset: number, length: number, options?: { abortSignal?: AbortSignal }) => Promise<Uint8Array>) | undefined;
  /** Releases handles and ends what still reads; safe to call twice. Later reads reject. */
  close(): Promise<void>;
}

/** Which object, in the words every row and message uses. */
export interface ObjectIdentity {
  readonly account: string;
  readonly container: string;
  /** Not URL-encoded; may hold `/` and any Unicode. */
  readonly objectName: string;
  /** Without query. */
  readonly url: string;
  /** Without quotes. */
  readonly eTag: string;
  readonly versionId: string | undefined;
}

export interface ObjectProperties extends ObjectIdentity {
  readonly sizeInBytes: number;
  readonly lastModified: Date;
  readonly metadata: Readonly<Record<string, string>>;
}
