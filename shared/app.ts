/**
 * The composition root: settings become the parts, and the parts become one thing that handles a message. Everything that
 * differs between Azure and a local run (identities, endpoints) is decided here and nowhere below.
 */
import { ManagedIdentityCredential } from '@azure/identity';
import type { TokenCredential } from '@azure/identity';
import { BlobServiceClient } from '@azure/storage-blob';
import type { Config } from './base/config.ts';
import { readConfig } from './base/config.ts';
import { SluiceError } from './base/errors.ts';
import type { Logger } from './base/log.ts';
import { createLogger } from './base/log.ts';
import type { Telemetry } from './base/telemetry.ts';
import { laterTelemetry, noTelemetry } from './base/telemetry.ts';
import { functionTimeoutInMs } from './base/settings.ts';
import type { AllowList } from './events/allow-list.ts';
import { allowListOf, blobEndpointOf } from './events/allow-list.ts';
import type { DeliverRequest, ReactRequest, SluiceRequest } from './events/scan-request.ts';
import { CLEAN_TALLY_TABLE, CleanTally } from './ledger/clean-tally.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { MessageSender } from './ledger/message-queue.ts';
import type { StateBlobs } from './ledger/state-blobs.ts';
import { connectStateStorage, isOwnContainer } from './ledger/state-storage.ts';
import { LEDGER_TABLE, TableLedger } from './ledger/table-ledger.ts';
import type { TableLedgerOptions } from './ledger/table-ledger.ts';
import { createBlobServiceClient } from './objects/blob-client.ts';
import { openBlob } from './objects/blob-source.ts';
import type { OpenBlobOptions } from './objects/blob-source.ts';
import type { MessageLimits, MessageMetadata } from './scanner/handle-message.ts';
import { MessageHandler } from './scanner/handle-message.ts';
import type { HandledRequest, RequestContext, RequestHandlerParts } from './scanner/handle-request.ts';
import { RequestHandler } from './scanner/handle-request.ts';
import { PoisonHandler } from './scanner/handle-poison.ts';
import { ReportRecorder } from './scanner/record-report.ts';
import { ReportFrames } from './scanner/report-frames.ts';
import type { OutboxLimits } from './scanner/report-outbox.ts';
import { ReportOutbox } from './scanner/report-outbox.ts';
import type { RuleSet } from './scanner/rule-set.ts';
import type { ExclusionSet } from './exclusions/exclusion-set.ts';
import { connectPublishedRules, refusalTeller } from './scanner/connect-published-rules.ts';
import type { WalkLimits } from './scanner/connect-walks.ts';
import { connectWalks } from './scanner/connect-walks.ts';
import type { Health } from './scanner/check-health.ts';
import type { Policy } from './scanner/policies.ts';
import type { PublishedRules } from './scanner/published-rules.ts';
import { loadRuleUnit } from './scanner/rule-unit.ts';
import { RulesInUse } from './scanner/rules-in-use.ts';
import { measureReport, measureRequest, measureRules } from './scanner/measure-reports.ts';
import { ScanJudge } from './scanner/scan-judge.ts';
import type { ScanReport } from './scanner/scan-report.ts';
import { ScanSlots } from './scanner/scan-slots.ts';
import type { CheckpointStore } from './scanner/slice-runner.ts';
import type { WatchLimits } from './scanner/watch-itself.ts';
import { watchItself } from './scanner/watch-itself.ts';
import { recordCleanHours, tallyCleanScans } from './sinks/clean-hours.ts';
import { connectReactions, isQuarantined } from './reactions/connect-reactions.ts';
import type { ReactorContext } from './reactions/connect-reactions.ts';
import type { ScanProfile } from './yara/index.ts';
import { ENGINE_VERSION } from './yara/index.ts';
import { deliverReport } from './sinks/deliver-report.ts';
import { createSinks } from './sinks/registry.ts';
import type { SinkContext } from './sinks/registry.ts';
import type { RecordOptions, Sink } from './sinks/sink.ts';

export interface App {
  /**
   * Handles everything one message asks for, and returns what was done once all of it is recorded. Rejects with
   * `MessageNotHandledError` (MESSAGE_NOT_HANDLED) when any of it could not be; what could be is recorded all the same.
   */
  readonly handleMessage: (message: unknown, metadata?: MessageMetadata) => Promise<readonly HandledRequest[]>;
  /**
   * Records what became of a message that failed too often, and keeps it for replay. Rejects with `PoisonTooEarlyError`
   * (POISON_TOO_EARLY) while its object is being scanned.
   */
  readonly handlePoison: (message: unknown, metadata?: MessageMetadata) => Promise<readonly HandledRequest[]>;
  /** What an order to rescan is carried out with; see `shared/jobs/rescan-orders.ts`. */
  readonly rescans: {
    readonly allow: AllowList;
    readonly log: Logger;
    readonly queue: MessageSender;
    readonly store: StateBlobs;
  };
  /** Has the objects looked at that events may have lost, in every watched account. */
  readonly sweep: () => Promise<void>;
  /** Has rows recorded for the clean scans of the hours that are over. Rejects when a sink does not take them. */
  readonly recordCleanHours: () => Promise<void>;
  /** Scans the built-in sample and records it. Rejects when a sink does not take the report. */
  readonly scanCanary: () => Promise<ScanReport>;
  /** Whether this process could scan and record now. Never rejects; answers are kept for a quarter of a minute. */
  readonly checkHealth: () => Promise<Health>;
  /** Ends what runs, so that its messages come again, and waits until it has ended: at most 20 s and a moment. */
  readonly drain: () => Promise<void>;
  /** Drains, then delivers what sinks still hold and releases them. */
  readonly close: () => Promise<void>;
}

/** Parts to use instead of those the settings would make. */
export interface AppOverrides {
  readonly log?: Logger;
  readonly ruleSet?: RuleSet;
  readonly exclusions?: ExclusionSet;
  readonly policies?: readonly Policy[];
  readonly ledger?: Ledger;
  readonly ledgerOptions?: TableLedgerOptions;
  readonly outboxLimits?: OutboxLimits;
  readonly checkpoints?: CheckpointStore;
  readonly queue?: MessageSender;
  readonly sliceLimits?: Partial<RequestHandlerParts['limits']>;
  readonly sinks?: readonly Sink[] | undefined;
  readonly slots?: ScanSlots;
  readonly credential?: TokenCredential;
  readonly sinkContext?: Partial<SinkContext>;
  readonly messageLimits?: MessageLimits;
  /** How objects are read; see `openBlob`. */
  readonly openOptions?: Omit<OpenBlobOptions, 'abortSignal'>;
  readonly telemetry?: Telemetry;
  readonly healthLimits?: Omit<WatchLimits, 'waitTooLongInMs'>;
  /** How long an upload may wait in the queue before something is said of it. */
  readonly waitTooLongInMs?: number;
  /** How often published rules are looked for, at most. */
  readonly rulesEveryMs?: number;
  readonly reactorLimits?: Pick<ReactorContext, 'firstDelayInMs' | 'keptForMs' | 'limits'>;
  readonly walkLimits?: WalkLimits;
}

/** Of so many scans one is profiled, where telemetry is on. */
const PROFILED_EACH = 100;
const TELEMETRY_LATER_IN_MS = 2_000;

/** What recording needs at most, once a scan has ended. */
const RECORDING_IN_MS = 3 * 60_000;
const SHORTEST_SLOT_WAIT_IN_MS = 60_000;
/** How long scans wait, at least, while too many reports wait for delivery. */
const POSTPONED_IN_MS = 5 * 60_000;

/**
 * Makes an app. Reads the rules and what stands beside them, and makes no request unless rules are published. Rejects with
 * `RulesUnavailableError` (RULES_UNAVAILABLE), `ExclusionsUnavailableError` (EXCLUSIONS_UNAVAILABLE) or
 * `PoliciesUnavailableError` (POLICIES_UNAVAILABLE).
 */
export async function createApp(config: Config, overrides: AppOverrides = {}): Promise<App> {
  const log = overrides.log ?? createLogger({ format: 'json', level: config.logLevel });
  for (const warning of config.warnings) log.warn(warning);
  const credential = overrides.credential ?? credentialOf(config);
  const wholeSinks =
    overrides.sinks ?? (await createSinks(config, sinkContextOf(credential, log, overrides.sinkContext)));
  const allow = allowListOf(config);
  const serviceOf = serviceOpener(config, allow, credential);
  const state = connectStateStorage(config.state, credential);
  const published = publishedRulesOf(config, { credential, kept: state.blobs('rules'), log }, overrides.rulesEveryMs);
  const firstUnit = (await published?.first()) ?? (await loadRuleUnit(config.rulesPath, overrides));
  const queue = overrides.queue ?? state.queue(config.queueName);
  const ledger = overrides.ledger ?? new TableLedger(state.table(LEDGER_TABLE), overrides.ledgerOptions);
  const tally = new CleanTally(state.table(CLEAN_TALLY_TABLE));
  const isTallied = ({ name }: Sink): boolean => config.cleanRows === 'hourly' && name === 'log-analytics';
  const sinks = wholeSinks.map((sink) => (isTallied(sink) ? tallyCleanScans(sink, { tally, ledger }) : sink));
  const outbox = new ReportOutbox({
    store: state.blobs('outbox'),
    queue,
    log,
    ...(overrides.outboxLimits && { limits: overrides.outboxLimits }),
  });
  const reactor = await connectReactions(config, {
    state,
    queue,
    serviceOf,
    credential,
    log,
    ...overrides.reactorLimits,
  });
  const telemetry = overrides.telemetry ?? telemetryOf(config, credential, log);
  const deliver = (report: ScanReport, options?: RecordOptions) => deliverReport(sinks, report, telemetry, options);
  const recorder = new ReportRecorder({
    ledger,
    outbox,
    log,
    deliver,
    react: (report) => reactor.react(report),
  });
  const parts = {
    allow,
    recorder,
    ledger,
    slots: overrides.slots ?? new ScanSlots(),
    log,
    open: openerOf(serviceOf, overrides.openOptions),
    isQuarantined: (url: string) => isQuarantined(url, config),
    scan: { ...digestsOf(config), evidence: config.evidence, deadlineInMs: config.deadlineInMs },
    checkpoints: overrides.checkpoints ?? state.blobs('checkpoints'),
    queue,
    limits: {
      sliceInMs: config.sliceInMs,
      slotWaitInMs: Math.max(functionTimeoutInMs - config.sliceInMs - RECORDING_IN_MS, SHORTEST_SLOT_WAIT_IN_MS),
      ...overrides.sliceLimits,
    },
  };
  const rules = new RulesInUse({
    first: firstUnit,
    ...(published && { next: () => published.next() }),
    make: (unit) => {
      const frames = new ReportFrames(unit.ruleSet, unit.exclusions.digest);
      const judge = new ScanJudge({ ...unit, log });
      const requests = new RequestHandler({ ...parts, ruleSet: unit.ruleSet, judge, frames });
      const poison = new PoisonHandler({
        ...parts,
        frames,
        requests,
        store: state.blobs('poison'),
        staleAfterInMs: overrides.ledgerOptions?.staleAfterInMs,
      });
      return { unit, frames, judge, requests, poison };
    },
  });
  const refusals = refusalTeller(published, config.publishedRules, log, (request) =>
    rules.current.requests.handle(request, atOnce()),
  );
  let handled = 0;
  const requests = {
    handle: async (request: SluiceRequest, context: RequestContext) => {
      const wanted = request.kind === 'scan' ? request.resumes?.rulesDigest : undefined;
      const scanner = await rules.choose(({ unit }) => wanted === undefined || unit.ruleSet.digest === wanted);
      await refusals();
      // Measuring rules makes a scan slower: one of a hundred says enough, and none where nobody listens.
      const isProfiled = telemetry !== noTelemetry && handled++ % PROFILED_EACH === 0;
      const profiled = isProfiled && {
        onProfile: (profile: ScanProfile): void => {
          measureRules(profile, telemetry);
        },
      };
      return measureRequest(request, telemetry, (onStage) =>
        scanner.requests.handle(request, { ...context, onStage, ...profiled }),
      );
    },
  };
  telemetry.observe('sluice.outbox.waiting', () => outbox.lastCount);
  telemetry.observe('sluice.rules', () => rules.current.unit.ruleSet.ruleCount);
  telemetry.observe('sluice.rules.skipped', () => rules.current.unit.ruleSet.skippedRuleCount);
  telemetry.observe('sluice.rules.refused', () => (published?.refusal === undefined ? 0 : 1));
  const rescans = { allow, log, queue, store: state.blobs('walks') };
  const walks = connectWalks(
    {
      ...rescans,
      ledger,
      rules,
      serviceOf,
      isOwn: (account, container) =>
        isOwnContainer(container) || isQuarantined(`${blobEndpointOf(account, allow) ?? ''}/${container}/`, config),
      isOutboxFull: () => outbox.isFull(),
      waiting: () => state.queue(config.queueName).length(),
    },
    overrides.walkLimits,
  );
  const services = {
    deliver: (request: DeliverRequest) => recorder.deliverAgain(request),
    react: (request: ReactRequest) => reactor.reactAgain(request),
    walk: walks.take,
    isFull: () => outbox.isFull(),
    postpone: async (events: readonly unknown[]) => {
      log.warn('many reports wait in the outbox; scans begin later', { events: events.length });
      await queue.send(events, { delayInMs: POSTPONED_IN_MS * (1 + Math.random()) });
    },
  };
  const messages = new MessageHandler(requests, services, allow, {
    messageInMs: functionTimeoutInMs - RECORDING_IN_MS,
    ...overrides.messageLimits,
  });
  const watch = watchItself(
    {
      rules,
      refusal: () => published?.refusal?.problem,
      tellRefusal: refusals,
      ledger,
      queue: state.queue(config.queueName),
      isOutboxFull: () => outbox.isFull(),
      deliver,
      store: state.blobs('health'),
      telemetry,
      log,
    },
    { ...overrides.healthLimits, waitTooLongInMs: overrides.waitTooLongInMs },
  );
  const { ruleSet, exclusions, policies, releaseDigest } = firstUnit;
  log.info('ready', {
    rules: ruleSet.ruleCount,
    skippedRules: ruleSet.skippedRuleCount,
    rulesDigest: ruleSet.digest,
    loadedFrom: ruleSet.loadedFrom,
    release: releaseDigest,
    exclusions: exclusions.exclusions.length,
    exclusionsDigest: exclusions.digest,
    policies: policies.map(({ name }) => name),
    sinks: sinks.map(({ name }) => name),
  });
  return {
    handleMessage: (message, metadata) => messages.handle(message, metadata),
    handlePoison: async (message, metadata = {}) => {
      const abortSignal = AbortSignal.timeout(functionTimeoutInMs - RECORDING_IN_MS);
      const { poison } = await rules.choose();
      const handled = await poison.handle(message, messages.contextOf(metadata, abortSignal));
      for (const report of handled.flatMap(({ reports }) => reports)) measureReport(report, telemetry);
      return handled;
    },
    rescans,
    sweep: async () => {
      if (config.sweepInMs > 0) await walks.sweep(config.accounts, config.sweepInMs);
    },
    scanCanary: watch.scanCanary,
    recordCleanHours: () =>
      recordCleanHours(
        wholeSinks.filter(({ name }) => name === 'log-analytics'),
        tally,
        log,
      ),
    checkHealth: watch.checkHealth,
    drain: async () => {
      await messages.drain();
      await telemetry.flush();
    },
    close: async () => {
      await messages.drain();
      await telemetry.close();
      await Promise.all(sinks.map((sink) => sink.close()));
    },
  };
}

function publishedRulesOf(
  config: Config,
  access: { readonly credential: TokenCredential; readonly kept: StateBlobs; readonly log: Logger },
  everyMs: number | undefined,
): PublishedRules | undefined {
  if (config.publishedRules === undefined) return undefined;
  const credential = blobCredentialOf(config, access.credential);
  const localEndpoint = config.state.kind === 'local' ? config.state.blobEndpoint : undefined;
  return connectPublishedRules(config.publishedRules, { ...access, credential, localEndpoint, everyMs });
}

/** For work that no message asks for. */
function atOnce(): RequestContext {
  return {
    dequeueCount: undefined,
    messageId: '',
    abortSignal: AbortSignal.timeout(RECORDING_IN_MS),
    yieldSignal: new AbortController().signal,
  };
}

let sharedApp: Promise<App> | undefined;

/**
 * The one app of this process, made from its environment at the first call. A failure is not kept: whoever asks next tries
 * again and is told the same, until the settings are right.
 */
export function getSharedApp(): Promise<App> {
  sharedApp ??= Promise.resolve()
    .then(() => createApp(readConfig(process.env)))
    .catch((error: unknown) => {
      sharedApp = undefined;
      throw error;
    });
  return sharedApp;
}

/** Drains the app of this process, where there is one. Never rejects. */
export async function drainSharedApp(): Promise<void> {
  const app = await sharedApp?.catch(() => undefined);
  await app?.drain();
}

type ServiceOpener = (account: string) => BlobServiceClient;

/** Clients for the watched accounts, one for each. */
function serviceOpener(config: Config, allow: AllowList, credential: TokenCredential): ServiceOpener {
  const services = new Map<string, BlobServiceClient>();
  return (account) => {
    const endpoint = blobEndpointOf(account, allow);
    // The request has passed the same list; a credential goes nowhere on the word of one check alone.
    if (endpoint === undefined) throw new ForeignAccountError(`account ${account} is not watched`, { where: account });
    const service = services.get(account) ?? createBlobServiceClient(endpoint, blobCredentialOf(config, credential));
    services.set(account, service);
    return service;
  };
}

function openerOf(serviceOf: ServiceOpener, options: AppOverrides['openOptions']): RequestHandlerParts['open'] {
  return ({ account, container, objectName, versionId }, { abortSignal }) =>
    openBlob(serviceOf(account), { container, objectName, versionId }, { ...options, abortSignal });
}

/** A request for an account outside the allow-list came as far as its opening. */
export class ForeignAccountError extends SluiceError {
  readonly code = 'FOREIGN_ACCOUNT';
}

function credentialOf({ clientId }: Config): TokenCredential {
  return new ManagedIdentityCredential(clientId === undefined ? {} : { clientId });
}

function blobCredentialOf({ state }: Config, credential: TokenCredential): BlobServiceClient['credential'] {
  // The emulator knows its own key and no identities. The settings refuse a connection string that leads off this machine.
  return state.kind === 'local'
    ? BlobServiceClient.fromConnectionString(state.connectionString).credential
    : credential;
}

function sinkContextOf(credential: TokenCredential, log: Logger, given: Partial<SinkContext> = {}): SinkContext {
  return {
    credential: () => credential,
    write: (line) =>
      new Promise((resolve, reject) => {
        process.stdout.write(`${line}\n`, (error) => {
          if (error) reject(error);
          else resolve();
        });
      }),
    onRetry: (notice) => {
      log.warn('recording is tried again', { ...notice });
    },
    ...given,
  };
}

function digestsOf({ digests }: Config): Pick<RequestHandlerParts['scan'], 'digests' | 'digestsOf'> {
  switch (digests) {
    case 'sha256':
      return { digests: ['sha256'], digestsOf: 'all' };
    case 'sha256,md5':
      return { digests: ['sha256', 'md5'], digestsOf: 'all' };
    case 'findings':
      return { digests: ['sha256'], digestsOf: 'findings' };
  }
}

/** The SDK takes a while to load: nothing waits for it. */
function telemetryOf({ telemetry }: Config, credential: TokenCredential, log: Logger): Telemetry {
  if (telemetry === undefined) return noTelemetry;
  const load = async (): Promise<Telemetry> => {
    // What begins has the processor for itself.
    await new Promise((resolve) => setTimeout(resolve, TELEMETRY_LATER_IN_MS).unref());
    const { createAzureTelemetry } = await import('./base/open-telemetry.ts');
    return createAzureTelemetry({ ...telemetry, credential, version: ENGINE_VERSION });
  };
  return laterTelemetry(load, (error) => {
    log.warn('telemetry cannot be sent', { error });
  });
}
