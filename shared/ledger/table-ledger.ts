/**
 * The ledger in Azure Table storage, in the scanner's own account. One row per scan:
 *
 *   PartitionKey  SHA-256 of account, container and object name: all versions of an object are one cheap query, and names
 *                 that keys may not hold (slashes, question marks) never meet them
 *   RowKey        ScanId
 *   state, attemptId, startedAt, finishedAt, verdict, rank, reason   the entry
 *   isHeld, heartbeatAt, generation, position, sliceStart,
 *   idleSlices, isSuspect, aloneStarts                               its run, while it runs
 *   account, container, objectName, objectETag, versionId            which object, for people and for the sweep
 *
 * Several workers may hold the same message, so nothing is written without the eTag of what was read: whoever comes second
 * reads again and decides again. The table stores what it is told; it trusts nothing from the scanned object.
 */
import { odata } from '@azure/data-tables';
import type { TableClient, TableEntity } from '@azure/data-tables';
import type { ObjectIdentity } from '../objects/byte-source.ts';
import { askStorage } from './ask-storage.ts';
import type { Claim, ClaimAnswer, Ledger, LedgerEntry, RecordedOutcome, RunChange, ScanRun } from './ledger.ts';
import { errorText } from '../base/describe-error.ts';
import { sha256Hex } from '../base/digest.ts';
import { SluiceError } from '../base/errors.ts';
import { retry } from '../base/retry.ts';
import { advanceEntry, claimEntry, finishEntry } from './entry-rules.ts';

/** The table's name; the infrastructure need not create it. */
export const LEDGER_TABLE = 'SluiceLedger';

/** The ledger cannot be read or written. Code `LEDGER_UNAVAILABLE`, always retryable: nothing was scanned or lost. */
export class LedgerError extends SluiceError {
  readonly code = 'LEDGER_UNAVAILABLE';
}

export interface TableLedgerOptions {
  readonly now?: () => Date;
  /** A run silent for so long has lost its worker; 3 minutes unless given. */
  readonly staleAfterInMs?: number | undefined;
}

/** No call waits longer, the SDK's own repetitions included. */
const REQUEST_LIMIT_IN_MS = 30_000;
/** Of any number of writers at least one gets through each time, so this many may meet on one entry. */
const MAX_WRITE_ATTEMPTS = 30;
/** Each set of rules that an unchanged object was scanned with is one. */
const MAX_ENTRIES_OF_VERSION = 100;

export class TableLedger implements Ledger {
  readonly #table: TableClient;
  readonly #now: () => Date;
  readonly #staleAfterInMs: number | undefined;
  /** The one request that creates the table; undefined before it and after its failure. */
  #created: Promise<void> | undefined;

  /** `table`: a client of `LEDGER_TABLE` in the scanner's own account. */
  constructor(table: TableClient, { now = () => new Date(), staleAfterInMs }: TableLedgerOptions = {}) {
    this.#table = table;
    this.#now = now;
    this.#staleAfterInMs = staleAfterInMs;
  }

  /** Creates the table if it is missing; asks only once, and again after a failure. Every other method does so itself. */
  async ensureTable(): Promise<void> {
    this.#created ??= this.#createTable();
    await this.#created;
  }

  async find(object: ObjectIdentity, scanId: string): Promise<LedgerEntry | undefined> {
    await this.ensureTable();
    return (await this.#read(keysOf(object, scanId)))?.entry;
  }

  async findVersion(object: Parameters<Ledger['findVersion']>[0]): Promise<readonly LedgerEntry[]> {
    await this.ensureTable();
    const { partitionKey } = keysOf(object, '');
    const filter = odata`PartitionKey eq ${partitionKey} and objectETag eq ${object.eTag}`;
    const entries = await this.#call<LedgerEntry[]>('be read', [], async (options) => {
      const found: LedgerEntry[] = [];
      for await (const row of this.#table.listEntities({
        ...options,
        queryOptions: { filter },
      })) {
        const entry = entryOf(row.rowKey!, row);
        if (entry !== undefined) found.push(entry);
        if (found.length >= MAX_ENTRIES_OF_VERSION) break;
      }
      return found;
    });
    return typeof entries === 'string' ? [] : entries;
  }

  async claim(object: ObjectIdentity, scanId: string, claim: Claim): Promise<ClaimAnswer> {
    let answer: ClaimAnswer | undefined;
    await this.#change(object, scanId, (standing) => {
      answer = claimEntry(standing, scanId, claim, this.#now(), this.#staleAfterInMs);
      return answer.kind === 'claimed' ? answer.entry : undefined;
    });
    return answer!;
  }

  async advance(
    object: ObjectIdentity,
    scanId: string,
    attemptId: string,
    change: RunChange,
  ): Promise<LedgerEntry | undefined> {
    const { written } = await this.#change(object, scanId, (standing) =>
      advanceEntry(standing, attemptId, change, this.#now()),
    );
    return written;
  }

  async finish(
    object: ObjectIdentity,
    scanId: string,
    attemptId: string,
    outcome: RecordedOutcome,
  ): Promise<LedgerEntry> {
    const { written, standing } = await this.#change(object, scanId, (before) =>
      finishEntry(before, scanId, attemptId, outcome, this.#now()),
    );
    // Nothing is written only where something of higher rank stands.
    return written ?? standing!;
  }

  async #createTable(): Promise<void> {
    try {
      await this.#call('create its table', [], (options) => this.#table.createTable(options));
    } catch (error) {
      this.#created = undefined;
      throw error;
    }
  }

  /** Reads, decides and writes until nobody wrote in between. */
  async #change(object: ObjectIdentity, scanId: string, decide: Decide): Promise<Change> {
    await this.ensureTable();
    const keys = keysOf(object, scanId);
    const attempt = async (): Promise<Change> => {
      const row = await this.#read(keys);
      const written = decide(row?.entry);
      if (written !== undefined) await this.#write({ ...keys, ...columnsOf(written, object) }, row?.eTag);
      return { written, standing: row?.entry };
    };
    const isRetryable = (error: unknown): boolean => error instanceof LedgerConflict;
    return retry(attempt, { attempts: MAX_WRITE_ATTEMPTS, baseDelayInMs: 10, maxDelayInMs: 500, isRetryable });
  }

  /** The row and its eTag; undefined where there is none. The entry is undefined where the row holds no valid one. */
  async #read(keys: Keys): Promise<{ readonly entry: LedgerEntry | undefined; readonly eTag: string } | undefined> {
    const row = await this.#call('be read', ['ResourceNotFound'], (options) =>
      this.#table.getEntity(keys.partitionKey, keys.rowKey, options),
    );
    return typeof row === 'string' ? undefined : { entry: entryOf(keys.rowKey, row), eTag: row.etag };
  }

  /** Writes over exactly the version with that eTag, or a new row when there was none. Throws `LedgerConflict` otherwise. */
  async #write(row: TableEntity, eTag: string | undefined): Promise<void> {
    const conflicts = ['EntityAlreadyExists', 'UpdateConditionNotSatisfied', 'ResourceNotFound'];
    const answer = await this.#call<unknown>('be written', conflicts, (options) =>
      eTag === undefined
        ? this.#table.createEntity(row, options)
        : this.#table.updateEntity(row, 'Replace', { ...options, etag: eTag }),
    );
    if (typeof answer !== 'string') return;
    throw new LedgerConflict('others wrote the same entry first, again and again', {
      where: `${LEDGER_TABLE} ${row.rowKey}`,
      retryable: true,
    });
  }

  /** One request; gives the code of an error that is expected, and wraps all others. */
  async #call<T>(what: string, expected: readonly string[], request: Request<T>): Promise<T | string> {
    try {
      return await askStorage((abortSignal) => request({ abortSignal }), REQUEST_LIMIT_IN_MS);
    } catch (cause) {
      const code = codeOf(cause);
      if (code !== undefined && expected.includes(code)) return code;
      // Somebody deleted the table while this process ran; the next call makes it again.
      if (code === 'TableNotFound') this.#created = undefined;
      const { statusCode } = cause as { statusCode?: unknown };
      const status = typeof statusCode === 'number' ? statusCode : undefined;
      const reason = status === undefined ? errorText(cause, 200) : `status ${status} ${code ?? ''}`.trim();
      throw new LedgerError(`the ledger cannot ${what}: ${reason}`, {
        where: LEDGER_TABLE,
        hint: hintFor(status),
        retryable: true,
        cause,
      });
    }
  }
}

/** Two writers met on one entry. */
class LedgerConflict extends LedgerError {}

type Decide = (standing: LedgerEntry | undefined) => LedgerEntry | undefined;
type Request<T> = (options: { readonly abortSignal: AbortSignal }) => Promise<T>;

interface Change {
  readonly written: LedgerEntry | undefined;
  /** What was there before. */
  readonly standing: LedgerEntry | undefined;
}

interface Keys {
  readonly partitionKey: string;
  readonly rowKey: string;
}

function keysOf(
  { account, container, objectName }: Pick<ObjectIdentity, 'account' | 'container' | 'objectName'>,
  scanId: string,
): Keys {
  return { partitionKey: sha256Hex([account, container, objectName]), rowKey: scanId };
}

/** Columns of absent values are left out: a replaced row loses them. */
function columnsOf(entry: LedgerEntry, object: ObjectIdentity): Record<string, unknown> {
  const { scanId: _, run, ...columns } = entry;
  const { account, container, objectName, eTag, versionId } = object;
  // A number beyond 32 bits has a type of its own in Table storage.
  const counts = run && { ...run, position: BigInt(run.position), sliceStart: BigInt(run.sliceStart) };
  return { ...columns, ...counts, account, container, objectName, objectETag: eTag, versionId };
}

/** The entry a row holds. Undefined for a row that nobody here wrote so: the scan then counts as not recorded. */
function entryOf(scanId: string, row: Readonly<Record<string, unknown>>): LedgerEntry | undefined {
  const { state, attemptId, startedAt, finishedAt, verdict, rank, reason } = row;
  if (typeof attemptId !== 'string' || !(startedAt instanceof Date)) return undefined;
  const run = state === 'running' ? runOf(row) : undefined;
  const isEnded = finishedAt instanceof Date && typeof verdict === 'string' && typeof rank === 'number';
  const outcome = isEnded
    ? { finishedAt, verdict, rank, reason: typeof reason === 'string' ? reason : undefined }
    : { finishedAt: undefined, verdict: undefined, rank: undefined, reason: undefined };
  if (run !== undefined) return { scanId, attemptId, startedAt, state: 'running', ...outcome, run };
  return state === 'done' && isEnded ? { scanId, attemptId, startedAt, state, ...outcome, run } : undefined;
}

/** Rows of before there were slices have no columns for them: such a run is as good as dead. */
function runOf({ isHeld, heartbeatAt, ...row }: Readonly<Record<string, unknown>>): ScanRun {
  const count = (value: unknown): number => {
    const number = Number(value);
    return (typeof value === 'number' || typeof value === 'bigint') && Number.isSafeInteger(number)
      ? Math.max(0, number)
      : 0;
  };
  return {
    isHeld: isHeld === true,
    heartbeatAt: heartbeatAt instanceof Date ? heartbeatAt : new Date(0),
    generation: count(row.generation),
    position: count(row.position),
    sliceStart: count(row.sliceStart),
    idleSlices: count(row.idleSlices),
    isSuspect: row.isSuspect === true,
    aloneStarts: count(row.aloneStarts),
  };
}

/** The service's own name for an error, such as `ResourceNotFound`. The SDK keeps it in the body it has parsed. */
function codeOf(error: unknown): string | undefined {
  const { details } = error as { details?: { odataError?: { code?: unknown } } | undefined };
  const code = details?.odataError?.code;
  return typeof code === 'string' ? code : undefined;
}

function hintFor(status: number | undefined): string {
  if (status === 401 || status === 403) {
    return "give the app's identity the role Storage Table Data Contributor on the scanner's storage account; it may take minutes to spread";
  }
  return "see whether the table service of the scanner's storage account (SLUICE_STATE__tableServiceUri) can be reached";
}
