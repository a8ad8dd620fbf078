/**
 * The whole way on one machine, on the parts that run in Azure: Azurite for storage, the watcher in the place of Event
 * Grid, the queue host in the place of the Functions host, the app that the function hands its messages to, and an HTTPS
 * endpoint that takes rows as the Logs Ingestion API does. Every port is a free one; everything ends with `close()`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { createApp } from '../app.ts';
import { readConfig } from '../base/config.ts';
import { createLogger } from '../base/log.ts';
import { RESCAN_QUEUE_SUFFIX } from '../events/rescan-order.ts';
import { ExclusionSet } from '../exclusions/exclusion-set.ts';
import { handleRescanOrder } from '../jobs/rescan-orders.ts';
import { readRuleCompanions } from '../scanner/rule-companions.ts';
import { compileRuleFiles, readRuleFiles } from '../scanner/rule-files.ts';
import { ruleSetOf } from '../scanner/rule-set.ts';
import { tables } from '../sinks/rows.ts';
import { readQueueSettings } from './host-settings.ts';
import { startIngestionEndpoint } from './ingestion-endpoint.ts';
import { localCredential } from './local-credential.ts';
import { projectRoot } from './project-root.ts';
import { QueueHost } from './queue-host.ts';
import type { QueueHostEvent } from './queue-host.ts';
import { UploadWatcher } from './upload-watcher.ts';
import type { App } from '../app.ts';
import type { HandledRequest } from '../scanner/handle-request.ts';
import type { RuleSet } from '../scanner/rule-set.ts';
import type { FindingRow, ScanRow } from '../sinks/rows.ts';
import type { AzuriteServer } from './azurite.ts';
import type { IngestionEndpoint } from './ingestion-endpoint.ts';
import type { TriggerMetadata } from './queue-message.ts';

export interface StackEvents {
  /** The watcher has put the object's message into the queue. */
  readonly onEnqueued: (objectName: string) => void;
  /** All that a message asked for is recorded. */
  readonly onHandled: (handled: readonly HandledRequest[]) => void;
  /** A call failed; `isFinal`: its message went to the poison queue. */
  readonly onFailed: (objectName: string, error: unknown, isFinal: boolean) => void;
  /** Storage did not answer as it should; the stack goes on. */
  readonly onTrouble: (error: unknown) => void;
  /** A line of the app's log, warnings and errors only, with its line feed. */
  readonly onLog: (line: string) => void;
}

export interface Upload {
  readonly name: string;
  /** Bytes, or the path of a file. */
  readonly content: Uint8Array | string;
  /** What the uploader says of the object. */
  readonly metadata?: Record<string, string>;
}

export interface StoredRows {
  readonly scans: readonly ScanRow[];
  readonly findings: readonly FindingRow[];
}

export interface Stack {
  /** The watched container. */
  readonly container: string;
  /** A file with the connection string of Azurite, for other tools; gone with the stack. */
  readonly connectionFile: string;
  readonly rules: RuleSet;
  /** How long a message whose call failed stays invisible. */
  readonly retryInSeconds: number;
  /** Uploads into the watched container. A path is read as a stream. */
  upload(upload: Upload, abortSignal: AbortSignal): Promise<void>;
  /** The rows of these attempts, as the endpoint has stored them, in the order in which they came. */
  rowsOf(attemptIds: ReadonlySet<string>): StoredRows;
  /** Stops taking messages, ends running scans, and takes everything down. Safe to call twice. */
  close(): Promise<void>;
}

const CONTAINER = 'uploads';
const FUNCTION_NAME = 'scan-on-upload';
const resourceIdOf = (account: string): string =>
  `/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.Storage/storageAccounts/${account}`;
/** Settings that a person may try out here too. The others are the stack's own. */
const PASSED_ON = [
  'SLUICE_DIGESTS',
  'SLUICE_EVIDENCE',
  'SLUICE_SLICE',
  'SLUICE_DEADLINE',
  'SLUICE_LOG_LEVEL',
  'SLUICE_CLEAN_ROWS',
];

export interface StackOptions {
  /** Where the few settings are read from that may be tried out here. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Azurite on its way up, which takes longest: whoever starts the stack starts it first. The stack closes it. */
  readonly azurite: Promise<AzuriteServer>;
  readonly events: StackEvents;
}

/** Starts everything. What was started is taken down again when a part of it fails. */
export async function startStack({ environment, events, ...given }: StackOptions): Promise<Stack> {
  const parts = new Parts();
  try {
    parts.keep({ close: () => given.azurite.then((azurite) => azurite.close()).catch(() => undefined) });
    const endpoint = parts.keep(await startIngestionEndpoint());
    const folder = await parts.makeFolder();
    const rules = compileRuleFolder();
    const { exclusions, policies } = readRuleCompanions(rules.loadedFrom, 'rules', rules.rules.rules);
    const azurite = await given.azurite;
    const caPath = join(folder, 'ca.pem');
    const connectionFile = join(folder, 'connection');
    await writeFile(caPath, endpoint.certificatePem);
    await writeFile(connectionFile, azurite.connectionString);
    const config = readConfig({
      SLUICE_LOG_LEVEL: 'warn',
      ...Object.fromEntries(PASSED_ON.flatMap((name) => (environment[name] ? [[name, environment[name]]] : []))),
      SLUICE_ACCOUNTS: azurite.account,
      SLUICE_LOCAL_CONNECTION: azurite.connectionString,
      SLUICE_INGESTION_ENDPOINT: endpoint.url,
      SLUICE_DCR_ID: endpoint.dcrId,
      SLUICE_LOCAL_CA: caPath,
    });
    const app = await createApp(config, {
      ruleSet: rules,
      exclusions: new ExclusionSet(exclusions),
      policies,
      credential: localCredential(),
      log: createLogger({ format: 'text', level: config.logLevel, write: events.onLog }),
      // Nothing outside this process waits for the last results.
      messageLimits: { resultInMs: 0 },
    });
    parts.keep(app);
    return await runStack({
      parts,
      azurite,
      endpoint,
      app,
      rules,
      queueName: config.queueName,
      connectionFile,
      events,
    });
  } catch (error) {
    await parts.close();
    throw error;
  }
}

function compileRuleFolder(): RuleSet {
  const folder = join(projectRoot, 'rules');
  return ruleSetOf(compileRuleFiles(readRuleFiles(folder, 'rules')), folder);
}

interface StartedParts {
  readonly parts: Parts;
  readonly azurite: AzuriteServer;
  readonly endpoint: IngestionEndpoint;
  readonly app: App;
  readonly rules: RuleSet;
  readonly queueName: string;
  readonly connectionFile: string;
  readonly events: StackEvents;
}

async function runStack(started: StartedParts): Promise<Stack> {
  const { parts, azurite, endpoint, app, rules, queueName, connectionFile, events } = started;
  const { connectionString, account } = azurite;
  const container = BlobServiceClient.fromConnectionString(connectionString).getContainerClient(CONTAINER);
  const queues = QueueServiceClient.fromConnectionString(connectionString);
  const ordersName = queueName + RESCAN_QUEUE_SUFFIX;
  await Promise.all([container.create(), queues.createQueue(queueName), queues.createQueue(ordersName)]);

  const settings = readQueueSettings(join(projectRoot, 'host.json'));
  const onEvent = (event: QueueHostEvent): void => {
    if (event.kind === 'error' && !parts.isClosing) events.onTrouble(event.error);
  };
  const common = { connectionString, settings, onEvent };
  const scanned = runFunction(app, settings.maxDequeueCount, events);
  const host = new QueueHost(scanned, { ...common, queueName, functionName: FUNCTION_NAME });
  const orders = new QueueHost((message, metadata) => handleRescanOrder(message, metadata, app.rescans), {
    ...common,
    queueName: ordersName,
    functionName: 'rescan',
  });
  const watcher = new UploadWatcher({
    connectionString,
    account,
    containers: [CONTAINER],
    queueName,
    resourceId: resourceIdOf(account),
    onEnqueued: (_container, objectName) => {
      events.onEnqueued(objectName);
      host.notify();
    },
    onError: (error) => {
      if (!parts.isClosing) events.onTrouble(error);
    },
  });
  // As in Azure: no more messages are taken, and the app ends what runs.
  parts.keep({ close: () => Promise.all([watcher.stop(), host.stop(), orders.stop(), app.drain()]) });
  host.start();
  orders.start();
  watcher.start();

  const rowsOf = (table: string, attemptIds: ReadonlySet<string>): Record<string, unknown>[] =>
    endpoint.rows(table).filter(({ AttemptId }) => attemptIds.has(AttemptId as string));
  return {
    container: CONTAINER,
    connectionFile,
    rules,
    retryInSeconds: settings.visibilityTimeoutInSeconds,
    async upload({ name, content, metadata = {} }, abortSignal) {
      const blob = container.getBlockBlobClient(name);
      if (typeof content === 'string') await blob.uploadFile(content, { abortSignal, metadata });
      else await blob.uploadData(content, { abortSignal, metadata });
      void watcher.look();
    },
    rowsOf: (attemptIds) => ({
      scans: rowsOf(tables.scans, attemptIds) as unknown as ScanRow[],
      findings: rowsOf(tables.findings, attemptIds) as unknown as FindingRow[],
    }),
    close: () => parts.close(),
  };
}

/** What `functions/scan-on-upload.ts` registers, with an ear on what becomes of each message. */
function runFunction(app: App, maxDequeueCount: number, events: StackEvents) {
  return async (message: unknown, metadata: TriggerMetadata): Promise<void> => {
    try {
      events.onHandled(await app.handleMessage(message, metadata));
    } catch (error) {
      const subject = (message as { subject?: unknown } | null)?.subject;
      const objectName = typeof subject === 'string' ? subject.replace(/^.*?\/blobs\//s, '') : '';
      events.onFailed(objectName, error, Number(metadata.dequeueCount) >= maxDequeueCount);
      throw error;
    }
  };
}

/** What must be taken down, last started first. */
class Parts {
  readonly #kept: { close(): Promise<unknown> }[] = [];
  #closing: Promise<void> | undefined;

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  keep<T extends { close(): Promise<unknown> }>(part: T): T {
    this.#kept.push(part);
    return part;
  }

  /** A folder for this user alone. */
  async makeFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
    this.keep({ close: () => rm(folder, { recursive: true, force: true }) });
    return folder;
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    for (const part of this.#kept.reverse()) await part.close();
  }
}
