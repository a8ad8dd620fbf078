/**
 * Clean scans that get no row of their own, kept until their hour is over and one row can stand for them. A table in the
 * scanner's own account:
 *
 *   PartitionKey  the hour in which the scan was recorded, `2026-11-24T12` (UTC)
 *   RowKey        ScanId: recorded twice within an hour, a scan counts once
 *                 `~closing`: the hour is being closed; its Timestamp, the service's own, is the line drawn under it
 *
 * An hour is closed in steps that may each be cut off and repeated: draw the line, count what stands above it (again and again with
 * the same result), have the rows accepted, note that, delete what was counted, delete the line. What arrives late stands below
 * the line and is counted with the next one.
 */
import { odata } from '@azure/data-tables';
import type { TableClient, TableEntityResult } from '@azure/data-tables';
import { errorText } from '../base/describe-error.ts';
import { SluiceError } from '../base/errors.ts';

/** The table's name; the infrastructure need not create it. */
export const CLEAN_TALLY_TABLE = 'SluiceCleanScans';

/** The tally cannot be read or written. Code `TALLY_UNAVAILABLE`, always retryable. */
export class CleanTallyError extends SluiceError {
  readonly code = 'TALLY_UNAVAILABLE';
}

/** What the scans that one row stands for have in common. */
export interface CleanGroup {
  readonly account: string;
  /** `''` for what lies beyond `MAX_GROUPS`. */
  readonly container: string;
  readonly resourceId: string;
  readonly rulesDigest: string;
  readonly exclusionsDigest: string;
  readonly engineVersion: string;
  readonly ruleCount: number;
  readonly skippedRuleCount: number;
}

export interface CleanScan extends CleanGroup {
  readonly scanId: string;
  readonly sizeInBytes: number;
  readonly bytesRead: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** A group with the sums over its scans: first start, last finish. */
export type CleanSum = Omit<CleanScan, 'scanId'> & { readonly scanCount: number };

/** An hour under which a line is drawn. */
export interface ClosingHour {
  readonly hour: string;
  /** Where the line stands, in ticks of 100 ns; part of what names the rows. */
  readonly line: bigint;
  /** Whether the rows were accepted before. */
  readonly isRecorded: boolean;
}

/** No call waits longer, the SDK's own repetitions included. */
const REQUEST_LIMIT_IN_MS = 30_000;
/** Groups in an hour; scans of further containers count to their account alone. */
const MAX_GROUPS = 10_000;
/** The service's own limit for one transaction. */
const MAX_BATCH = 100;
/** Sorts behind every ScanId. */
const CLOSING = '~closing';

export class CleanTally {
  readonly #table: TableClient;
  #created: Promise<void> | undefined;

  /** `table`: a client of `CLEAN_TALLY_TABLE` in the scanner's own account. */
  constructor(table: TableClient) {
    this.#table = table;
  }

  /** Keeps a scan for the row of the hour that `now` lies in. Makes the table where there is none. */
  async add({ scanId, sizeInBytes, bytesRead, ...scan }: CleanScan, now: Date): Promise<void> {
    const entity = {
      ...scan,
      // A number beyond 32 bits has a type of its own in Table storage.
      sizeInBytes: BigInt(sizeInBytes),
      bytesRead: BigInt(bytesRead),
      partitionKey: hourOf(now),
      rowKey: scanId,
    };
    await this.#ensureTable();
    await this.#call('be written', (options) => this.#table.upsertEntity(entity, 'Replace', options));
  }

  /** The first hour after `after` and before the one that `now` lies in that holds anything. */
  async nextHour(after: string, now: Date): Promise<string | undefined> {
    const filter = odata`PartitionKey gt ${after} and PartitionKey lt ${hourOf(now)}`;
    for await (const { partitionKey } of this.#list(filter, 1)) return partitionKey;
    return undefined;
  }

  /** Draws the line under an hour, or finds the one that was drawn before. */
  async close(hour: string): Promise<ClosingHour> {
    const keys = { partitionKey: hour, rowKey: CLOSING };
    await this.#call('be written', (options) => this.#table.createEntity(keys, options), 'EntityAlreadyExists');
    const marker = await this.#call('be read', (options) => this.#table.getEntity(hour, CLOSING, options));
    const { line } = marker as { line?: unknown };
    // The note that rows were accepted changes the Timestamp, so it carries the line with it.
    return typeof line === 'string'
      ? { hour, line: BigInt(line), isRecorded: true }
      : { hour, line: ticksOf(marker), isRecorded: false };
  }

  /** Sums over the scans above the line, a group each. O(scans) requests' time, O(groups) memory. */
  async sums({ hour, line }: ClosingHour): Promise<readonly CleanSum[]> {
    const groups = new Map<string, CleanSum>();
    for await (const entity of this.#above(hour, line)) {
      const scan = scanOf(entity);
      const own = groupKeyOf(scan);
      const isKnown = groups.has(own) || groups.size < MAX_GROUPS;
      const counted = isKnown ? scan : { ...scan, container: '' };
      const key = isKnown ? own : groupKeyOf(counted);
      groups.set(key, plus(groups.get(key), counted));
    }
    return [...groups.values()];
  }

  /** Notes that the rows of an hour were accepted: its sums are not asked for again. */
  async recorded({ hour, line }: ClosingHour): Promise<void> {
    const marker = { partitionKey: hour, rowKey: CLOSING, line: String(line) };
    await this.#call('be written', (options) => this.#table.upsertEntity(marker, 'Replace', options));
  }

  /** Deletes what was counted, then the line. */
  async forget({ hour, line }: ClosingHour): Promise<void> {
    let batch: string[] = [];
    for await (const { rowKey } of this.#above(hour, line)) {
      batch.push(rowKey!);
      if (batch.length < MAX_BATCH) continue;
      await this.#delete(hour, batch);
      batch = [];
    }
    await this.#delete(hour, [...batch, CLOSING]);
  }

  async *#above(hour: string, line: bigint): AsyncGenerator<TableEntityResult<object>> {
    const filter = odata`PartitionKey eq ${hour} and RowKey lt ${CLOSING}`;
    for await (const entity of this.#list(filter)) if (ticksOf(entity) < line) yield entity;
  }

  /** Nothing where there is no table yet. */
  async *#list(filter: string, limit = Infinity): AsyncGenerator<TableEntityResult<object>> {
    const page = { maxPageSize: Math.min(limit, 1000) };
    const pages = this.#table.listEntities({ queryOptions: { filter } }).byPage(page);
    for (;;) {
      const answer = await this.#call('be read', () => pages.next(), 'TableNotFound');
      if (answer === undefined || answer.done === true) return;
      yield* answer.value;
    }
  }

  async #delete(hour: string, rowKeys: readonly string[]): Promise<void> {
    for (let from = 0; from < rowKeys.length; from += MAX_BATCH) {
      const keys = rowKeys.slice(from, from + MAX_BATCH).map((rowKey) => ({ partitionKey: hour, rowKey }));
      const answer = await this.#call(
        'be written',
        () => this.#table.submitTransaction(keys.map((key) => ['delete', key])),
        'ResourceNotFound',
      );
      if (answer !== undefined) continue;
      // Somebody else deletes the same; one that is gone undoes the whole transaction, so each goes by itself.
      for (const { rowKey } of keys) {
        await this.#call(
          'be written',
          (options) => this.#table.deleteEntity(hour, rowKey, options),
          'ResourceNotFound',
        );
      }
    }
  }

  async #ensureTable(): Promise<void> {
    this.#created ??= this.#call('create its table', (options) => this.#table.createTable(options)).catch(
      (error: unknown) => {
        this.#created = undefined;
        throw error;
      },
    );
    await this.#created;
  }

  /** One request; undefined for the error that is expected. */
  async #call<T>(
    what: string,
    request: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
    expected?: string,
  ): Promise<T | undefined> {
    try {
      return await request({ abortSignal: AbortSignal.timeout(REQUEST_LIMIT_IN_MS) });
    } catch (cause) {
      const { statusCode, details } = cause as { statusCode?: unknown; details?: { odataError?: { code?: string } } };
      const code = details?.odataError?.code ?? '';
      if (expected !== undefined && code === expected) return undefined;
      if (code === 'TableNotFound') this.#created = undefined;
      const reason = typeof statusCode === 'number' ? `status ${statusCode} ${code}`.trim() : errorText(cause, 200);
      throw new CleanTallyError(`the tally of clean scans cannot ${what}: ${reason}`, {
        where: CLEAN_TALLY_TABLE,
        hint: "see whether the table service of the scanner's storage account (SLUICE_STATE__tableServiceUri) can be reached, and whether the app's identity has the role Storage Table Data Contributor there",
        retryable: true,
        cause,
      });
    }
  }
}

function hourOf(time: Date): string {
  return time.toISOString().slice(0, 13);
}

/** The service's Timestamp of a row in ticks of 100 ns. */
function ticksOf(entity: unknown): bigint {
  const { timestamp } = entity as { timestamp?: unknown };
  const parts = typeof timestamp === 'string' ? /^(.+T[\d:]{8})(?:\.(\d{1,7}))?Z$/.exec(timestamp) : null;
  const seconds = Date.parse(`${parts?.[1]}Z`);
  if (parts === null || Number.isNaN(seconds)) {
    throw new CleanTallyError('the tally of clean scans has a row without a time', {
      where: CLEAN_TALLY_TABLE,
      retryable: true,
    });
  }
  return BigInt(seconds) * 10_000n + BigInt((parts[2] ?? '').padEnd(7, '0'));
}

function scanOf(row: Readonly<Record<string, unknown>>): Omit<CleanScan, 'scanId'> {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const count = (value: unknown): number => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    return Number.isSafeInteger(number) ? Math.max(0, number as number) : 0;
  };
  return {
    account: text(row.account),
    container: text(row.container),
    resourceId: text(row.resourceId),
    rulesDigest: text(row.rulesDigest),
    exclusionsDigest: text(row.exclusionsDigest),
    engineVersion: text(row.engineVersion),
    ruleCount: count(row.ruleCount),
    skippedRuleCount: count(row.skippedRuleCount),
    sizeInBytes: count(row.sizeInBytes),
    bytesRead: count(row.bytesRead),
    startedAt: text(row.startedAt),
    finishedAt: text(row.finishedAt),
  };
}

function groupKeyOf(group: CleanGroup): string {
  const { account, container, resourceId, rulesDigest, exclusionsDigest, engineVersion } = group;
  const { ruleCount, skippedRuleCount } = group;
  return JSON.stringify([
    account,
    container,
    resourceId,
    rulesDigest,
    exclusionsDigest,
    engineVersion,
    ruleCount,
    skippedRuleCount,
  ]);
}

function plus(sum: CleanSum | undefined, scan: Omit<CleanScan, 'scanId'>): CleanSum {
  if (sum === undefined) return { ...scan, scanCount: 1 };
  return {
    ...sum,
    scanCount: sum.scanCount + 1,
    sizeInBytes: sum.sizeInBytes + scan.sizeInBytes,
    bytesRead: sum.bytesRead + scan.bytesRead,
    startedAt: scan.startedAt < sum.startedAt ? scan.startedAt : sum.startedAt,
    finishedAt: scan.finishedAt > sum.finishedAt ? scan.finishedAt : sum.finishedAt,
  };
}
