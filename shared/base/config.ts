/**
 * The only reader of the environment. In goes `process.env`, handed over by one caller; out comes a checked, frozen
 * `Config`. Everything that is wrong is collected first and told at once, so that nobody repairs a deployment one
 * restart at a time. What each setting means stands in `settings.ts`.
 */
import type { LocalConnection } from './local-connection.ts';
import type {
  CleanRows,
  Digests,
  EvidenceMode,
  LogLevel,
  NotifiableVerdict,
  ReactionName,
  Setting,
  SinkName,
} from './settings.ts';
import { invariant, SluiceError } from './errors.ts';
import { holdsSecret, printable } from './redact.ts';
import { isLoopbackOrigin, quote, settings } from './settings.ts';

/** The scanner's own storage account, and how to reach it. */
export type StateStorage =
  | {
      readonly kind: 'identity';
      /** Origins without a slash at the end. */
      readonly tableServiceUri: string;
      readonly blobServiceUri: string;
      readonly queueServiceUri: string;
    }
  | ({ readonly kind: 'local' } & LocalConnection);

export interface IngestionConfig {
  /** Origins without a slash at the end. */
  readonly endpoint: string;
  readonly dcrId: string;
  readonly audience: string;
  /** Path of a PEM file; only ever set with an endpoint on this machine. */
  readonly caPath: string | undefined;
}

/** Where rules are published, and who must vouch for them: at least one of digest and key is there. */
export interface PublishedRulesConfig {
  readonly url: string;
  /** SHA-256, lower-case hex. */
  readonly digest: string | undefined;
  /** SPKI in base64, of an Ed25519 key. */
  readonly publicKey: string | undefined;
}

export interface TelemetryConfig {
  readonly connectionString: string;
  readonly withSpans: boolean;
}

export interface Config {
  /** Watched accounts, in the order given, each once. */
  readonly accounts: readonly string[];
  readonly storageSuffix: string;
  /** `local`: an emulator on this machine holds the watched objects and the state alike. */
  readonly state: StateStorage;
  readonly clientId: string | undefined;
  readonly sinks: readonly SinkName[];
  /** Set exactly when the log-analytics sink is on. */
  readonly ingestion: IngestionConfig | undefined;
  /** As given: a relative path counts from the app's root. */
  readonly rulesPath: string;
  /** Undefined where rules come with the app only. */
  readonly publishedRules: PublishedRulesConfig | undefined;
  readonly queueName: string;
  readonly digests: Digests;
  readonly evidence: EvidenceMode;
  readonly deadlineInMs: number;
  readonly sliceInMs: number;
  /** 0: no sweep. */
  readonly sweepInMs: number;
  /** In the order of the settings' table; empty: none. */
  readonly reactions: readonly ReactionName[];
  /** URL of a container without a slash at the end; set wherever the reaction is on. */
  readonly quarantine: string | undefined;
  readonly notifyQueue: string;
  readonly notifyVerdicts: readonly NotifiableVerdict[];
  /** Undefined where none is sent. */
  readonly telemetry: TelemetryConfig | undefined;
  readonly logLevel: LogLevel;
  readonly cleanRows: CleanRows;
  /** What the operator should know but need not repair: settings that nothing reads. */
  readonly warnings: readonly string[];
}

export interface SettingFault {
  readonly name: string;
  /** What is wrong; holds the value unless it looks like a secret. */
  readonly problem: string;
  /** What it should look like. */
  readonly form: string;
  /** A right one, as `NAME=value`. */
  readonly example: string;
}

/** Settings are missing or malformed: all of them, three lines each in the message. */
export class ConfigError extends SluiceError {
  readonly code = 'CONFIG_INVALID';
  readonly faults: readonly SettingFault[];

  constructor(faults: readonly SettingFault[]) {
    const lines = faults.map(
      ({ name, problem, form, example }) => `  ${name}: ${problem}\n    expected: ${form}\n    example: ${example}`,
    );
    super(`${faults.length === 1 ? '1 setting is' : `${faults.length} settings are`} wrong\n${lines.join('\n')}`, {
      where: faults.map(({ name }) => name).join(', '),
      hint: 'correct these settings of the app and start it again',
    });
    this.faults = faults;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads every setting. Values are trimmed and an empty one counts as absent. Throws one `ConfigError` (CONFIG_INVALID)
 * that names every fault; settings that start with `SLUICE_` and are not known become warnings.
 */
export function readConfig(env: Environment): Config {
  const reader = new SettingsReader(env);
  const accounts = reader.read(settings.accounts, true);
  const state = readState(reader, accounts);
  const sinks = reader.read(settings.sinks);
  const ingestion = readIngestion(reader, sinks?.includes('log-analytics') ?? false);
  const { reactions, quarantine } = readReactions(reader, state);
  const storageSuffix = reader.read(settings.storageSuffix);
  const publishedRules = readPublishedRules(reader, { accounts, state, storageSuffix });
  const values = {
    storageSuffix,
    clientId: reader.read(settings.clientId),
    rulesPath: reader.read(settings.rulesPath),
    queueName: reader.read(settings.queueName),
    digests: reader.read(settings.digests),
    evidence: reader.read(settings.evidence),
    deadlineInMs: reader.read(settings.deadlineInMs),
    sliceInMs: reader.read(settings.sliceInMs),
    sweepInMs: reader.read(settings.sweepInMs),
    notifyQueue: reader.read(settings.notifyQueue),
    notifyVerdicts: reader.read(settings.notifyVerdicts),
    logLevel: reader.read(settings.logLevel),
    cleanRows: reader.read(settings.cleanRows),
  };
  const telemetry = readTelemetry(reader);
  const warnings = reader.readUnknown();
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);

  invariant(accounts && state && sinks, 'a required setting was not read, and that was no fault');
  return Object.freeze({
    accounts,
    state,
    sinks,
    ingestion,
    reactions,
    quarantine,
    publishedRules,
    telemetry,
    ...withoutGaps(values),
    warnings,
  });
}

/**
 * Reads only what names the scanner's own storage account and its queue, for commands that are run outside the app. Throws
 * `ConfigError` (CONFIG_INVALID).
 */
export function readStateConfig(env: Environment): Pick<Config, 'state' | 'queueName'> {
  const reader = new SettingsReader(env);
  const state = readState(reader, undefined);
  const queueName = reader.read(settings.queueName);
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  invariant(state && queueName !== undefined, 'a required setting was not read, and that was no fault');
  return { state, queueName };
}

type Settled<T> = { [K in keyof T]: K extends 'clientId' ? T[K] : Exclude<T[K], undefined> };

/** Settings with a default have a value wherever there was no fault. */
function withoutGaps<T extends Record<string, unknown>>(values: T): Settled<T> {
  for (const [name, value] of Object.entries(values)) {
    invariant(name === 'clientId' || value !== undefined, `setting ${name} was not read, and that was no fault`);
  }
  return values as Settled<T>;
}

function readState(reader: SettingsReader, accounts: readonly string[] | undefined): StateStorage | undefined {
  const isLocal = reader.has(settings.localConnection);
  const local = reader.read(settings.localConnection);
  const tableServiceUri = reader.read(settings.tableServiceUri, !isLocal);
  const blobServiceUri = reader.read(settings.blobServiceUri, !isLocal);
  const queueServiceUri = reader.read(settings.queueServiceUri, !isLocal);
  reader.read(settings.stateCredential);
  reader.read(settings.stateClientId);
  if (local === undefined) {
    refuseOwnAccount(reader, accounts ?? [], { tableServiceUri, blobServiceUri, queueServiceUri });
    return tableServiceUri === undefined || blobServiceUri === undefined || queueServiceUri === undefined
      ? undefined
      : { kind: 'identity', tableServiceUri, blobServiceUri, queueServiceUri };
  }
  if (tableServiceUri !== undefined) {
    reader.fault(settings.tableServiceUri, 'set although SLUICE_LOCAL_CONNECTION names the account to use');
  }
  if (accounts !== undefined && !accounts.includes(local.accountName)) {
    reader.fault(settings.accounts, `does not name ${local.accountName}, the account of SLUICE_LOCAL_CONNECTION`);
  }
  return { kind: 'local', ...local };
}

/**
 * What the scanner writes there (checkpoints, reports, messages that are kept) would be scanned like uploads, and each scan write more.
 * An emulator is exempt: it is one account, whose own containers are left out by their names.
 */
function refuseOwnAccount(
  reader: SettingsReader,
  accounts: readonly string[],
  origins: Readonly<Record<'tableServiceUri' | 'blobServiceUri' | 'queueServiceUri', string | undefined>>,
): void {
  for (const name of ['blobServiceUri', 'queueServiceUri', 'tableServiceUri'] as const) {
    const origin = origins[name];
    if (origin === undefined) continue;
    const [account = ''] = new URL(origin).hostname.split('.');
    if (!accounts.includes(account)) continue;
    const problem = `names ${account}, the scanner's own account (${settings[name].name}), whose state would be scanned for ever`;
    reader.fault(settings.accounts, problem);
    return;
  }
}

function readIngestion(reader: SettingsReader, isOn: boolean): IngestionConfig | undefined {
  const endpoint = reader.read(settings.ingestionEndpoint, isOn);
  const dcrId = reader.read(settings.dcrId, isOn);
  const audience = reader.read(settings.ingestionAudience);
  const caPath = reader.read(settings.localCaPath);
  // Trusting a private certificate is for an endpoint on this machine, never a way around a public one's.
  if (caPath !== undefined && (endpoint === undefined || !isLoopbackOrigin(endpoint))) {
    reader.fault(settings.localCaPath, 'set although SLUICE_INGESTION_ENDPOINT is not on this machine');
  }
  if (!isOn || endpoint === undefined || dcrId === undefined || audience === undefined) return undefined;
  return { endpoint, dcrId, audience, caPath };
}

function readReactions(
  reader: SettingsReader,
  state: StateStorage | undefined,
): Pick<Config, 'reactions' | 'quarantine'> {
  const reactions = reader.read(settings.reactions) ?? [];
  const quarantine = reader.read(settings.quarantine, reactions.includes('quarantine'));
  // The emulator's key is for the emulator, and a token goes over https only.
  if (quarantine !== undefined && state !== undefined && quarantine.startsWith('http:') !== (state.kind === 'local')) {
    const problem = state.kind === 'local' ? 'leads off this machine' : 'is on this machine';
    reader.fault(settings.quarantine, `${problem}, and the scanner's own account is not`);
  }
  return { reactions, quarantine };
}

/**
 * The blob lies where whoever uploads objects cannot write: in the scanner's own account, or in another of the same cloud that is not
 * watched. Somebody must vouch for it besides, since whoever can write it decides what is found.
 */
function readPublishedRules(
  reader: SettingsReader,
  { accounts, state, storageSuffix }: { [K in 'accounts' | 'state' | 'storageSuffix']: Config[K] | undefined },
): PublishedRulesConfig | undefined {
  const url = reader.read(settings.rulesUrl);
  const digest = reader.read(settings.rulesDigest);
  const publicKey = reader.read(settings.rulesKey);
  if (!reader.has(settings.rulesUrl)) {
    for (const setting of [settings.rulesDigest, settings.rulesKey]) {
      if (reader.has(setting)) reader.fault(setting, 'set although SLUICE_RULES_URL is not');
    }
    return undefined;
  }
  if (!reader.has(settings.rulesDigest) && !reader.has(settings.rulesKey)) {
    reader.fault(settings.rulesDigest, 'not set, nor is SLUICE_RULES_KEY; required when SLUICE_RULES_URL is set');
  }
  if (url === undefined || state === undefined) return undefined;
  if (state.kind === 'local') {
    if (!url.startsWith(`${state.blobEndpoint}/`)) reader.fault(settings.rulesUrl, 'it is not in the local emulator');
  } else if (!url.startsWith(`${state.blobServiceUri}/`)) {
    const account = /^https:\/\/([a-z0-9]{3,24})\.blob\.([^/]+)\//.exec(url);
    if (account?.[2] !== storageSuffix) {
      reader.fault(settings.rulesUrl, `${quote(url)} is not in a storage account of ${storageSuffix ?? 'this cloud'}`);
    } else if (accounts?.includes(account![1]!)) {
      reader.fault(
        settings.rulesUrl,
        `account ${account![1]!} is watched: whoever uploads there could change the rules`,
      );
    }
  }
  return { url, digest, publicKey };
}

function readTelemetry(reader: SettingsReader): TelemetryConfig | undefined {
  const mode = reader.read(settings.telemetry);
  const connectionString = reader.read(settings.telemetryConnection);
  if (mode === 'off' || connectionString === undefined) return undefined;
  return { connectionString, withSpans: mode === 'traces' };
}

/** At most this many unknown names are looked at; an environment can hold thousands of variables. */
const MAX_UNKNOWN = 50;
const SECRET_REFUSED = 'its value holds a key, a SAS or a connection string; identities are used instead';

/** Reads settings from one environment and gathers what is wrong with them. */
class SettingsReader {
  readonly faults: SettingFault[] = [];
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  has(setting: Setting<unknown>): boolean {
    return (this.#env[setting.name] ?? '').trim() !== '';
  }

  /** The value; undefined where the setting is absent and has no default, and after a fault. */
  read<T>(setting: Setting<T>, isRequired = false): T | undefined {
    const text = this.has(setting) ? this.#env[setting.name]!.trim() : setting.defaultText;
    if (text === undefined) {
      const because = setting.requiredWhen === 'always' ? '' : `; required when ${setting.requiredWhen ?? ''}`;
      if (isRequired) this.fault(setting, `not set${because}`);
      return undefined;
    }
    // Before it is parsed, so that no fault can quote it.
    if (!setting.isSecret && holdsSecret(text)) {
      this.fault(setting, SECRET_REFUSED);
      return undefined;
    }
    const parsed = setting.parse(text);
    if ('value' in parsed) return parsed.value;
    this.fault(setting, parsed.fault);
    return undefined;
  }

  fault({ name, form, example }: Setting<unknown>, problem: string): void {
    this.faults.push({ name, problem, form, example: `${name}=${example}` });
  }

  /** A warning for each `SLUICE_` setting that is not known, and a fault for one that holds a secret. */
  readUnknown(): string[] {
    const known = Object.values(settings).map(({ name }) => name);
    const unknown = Object.keys(this.#env).filter((name) => /^sluice_/i.test(name) && !known.includes(name));
    const warnings: string[] = [];
    for (const name of unknown.sort().slice(0, MAX_UNKNOWN)) {
      if (holdsSecret(this.#env[name] ?? '')) {
        const { name: instead, example } = settings.localConnection;
        const form = `absent; a storage emulator on this machine is named by ${instead}`;
        this.faults.push({
          name: printable(name, 60),
          problem: SECRET_REFUSED,
          form,
          example: `${instead}=${example}`,
        });
        continue;
      }
      const nearest = nearestName(name, known);
      const proposal = nearest === undefined ? '' : `; did you mean ${nearest}?`;
      warnings.push(`setting ${quote(name)} is not known and has no effect${proposal}`);
    }
    return warnings;
  }
}

/** The known name that a slip of the hand away gives; undefined where none is near. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  const bare = (text: string): string =>
    text
      .toUpperCase()
      .replace(/[^A-Z0-9]/g, '')
      .replace(/^SLUICE/, '');
  const given = bare(name).slice(0, 60);
  let nearest: string | undefined;
  let distance = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const candidate of known) {
    const found = editDistance(given, bare(candidate));
    if (found < distance) [nearest, distance] = [candidate, found];
  }
  return nearest;
}

/** How many characters to insert, delete or replace. O(a × b). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
