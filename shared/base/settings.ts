/**
 * The table of settings: for each its name, what it means, what it looks like, its default, when it must be there, and
 * how its text becomes a value. Reading the environment, the texts of errors and the README's table all come from here.
 * It reads nothing itself: `config.ts` does.
 */
import { isLoopbackHost } from './loopback.ts';
import { parseLocalConnection } from './local-connection.ts';
import { printable } from './redact.ts';

/** A value, or what is wrong with the text (without what it should look like: the setting's `form` says that). */
export type Parsed<T> = { readonly value: T } | { readonly fault: string };

export interface Setting<T> {
  readonly name: string;
  readonly meaning: string;
  /** What a right value looks like, for a person. */
  readonly form: string;
  readonly example: string;
  /** Read like any other text when the setting is absent. */
  readonly defaultText: string | undefined;
  /** When the setting must be given; undefined: never. */
  readonly requiredWhen: string | undefined;
  /** Whether its value is never printed. */
  readonly isSecret: boolean;
  /** The text is trimmed and not empty. Never throws. */
  readonly parse: (text: string) => Parsed<T>;
}

export const sinkNames = ['log-analytics', 'console'] as const;
export type SinkName = (typeof sinkNames)[number];
export type CleanRows = 'all' | 'hourly';
export const reactionNames = ['tags', 'quarantine', 'notify'] as const;
export type ReactionName = (typeof reactionNames)[number];
/** Verdicts that somebody can be told of. */
export const notifiableVerdicts = ['match', 'excluded', 'clean', 'incomplete', 'failed', 'skipped'] as const;
export type NotifiableVerdict = (typeof notifiableVerdicts)[number];
export type Digests = 'sha256' | 'sha256,md5' | 'findings';
export type EvidenceMode = 'excerpt' | 'offsets' | 'none';
export type TelemetryMode = 'metrics' | 'traces' | 'off';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** `functionTimeout` of host.json: the host kills the worker then, with every scan in it. */
export const functionTimeoutInMs = 30 * 60_000;

export const settings = {
  accounts: setting({
    name: 'SLUICE_ACCOUNTS',
    meaning: 'The watched storage accounts; messages about any other account are refused',
    form: "names of storage accounts (3-24 lower-case letters or digits each), separated by commas; not the scanner's own",
    example: 'contosouploads,contosopartners',
    requiredWhen: 'always',
    parse: parseAccounts,
  }),
  storageSuffix: setting({
    name: 'SLUICE_STORAGE_SUFFIX',
    meaning: "The cloud's storage domain; the blob and dfs hosts of the watched accounts derive from it",
    form: 'a lower-case domain name without blob. or dfs. in front',
    example: 'core.usgovcloudapi.net',
    defaultText: 'core.windows.net',
    parse: parseSuffix,
  }),
  tableServiceUri: setting({
    name: 'SLUICE_STATE__tableServiceUri',
    meaning: "Table service of the scanner's own storage account, where the ledger is",
    form: 'an https URL with nothing behind the host',
    example: 'https://contososluice.table.core.windows.net',
    requiredWhen: 'SLUICE_LOCAL_CONNECTION is not set',
    parse: parseHttpsOrigin,
  }),
  blobServiceUri: setting({
    name: 'SLUICE_STATE__blobServiceUri',
    meaning: "Blob service of the scanner's own storage account, where checkpoints are",
    form: 'an https URL with nothing behind the host',
    example: 'https://contososluice.blob.core.windows.net',
    requiredWhen: 'SLUICE_LOCAL_CONNECTION is not set',
    parse: parseHttpsOrigin,
  }),
  queueServiceUri: setting({
    name: 'SLUICE_STATE__queueServiceUri',
    meaning: "Queue service of the scanner's own storage account; the Functions host listens there",
    form: 'an https URL with nothing behind the host',
    example: 'https://contososluice.queue.core.windows.net',
    requiredWhen: 'SLUICE_LOCAL_CONNECTION is not set',
    parse: parseHttpsOrigin,
  }),
  stateCredential: setting({
    name: 'SLUICE_STATE__credential',
    meaning: 'How the Functions host signs in to the queue; read by the host, checked here',
    form: 'the word managedidentity',
    example: 'managedidentity',
    parse: oneOf('managedidentity'),
  }),
  stateClientId: setting({
    name: 'SLUICE_STATE__clientId',
    meaning: 'The identity the Functions host uses for the queue; read by the host, checked here',
    form: 'a GUID',
    example: '5a0e1c52-9d0f-4b8e-8a57-3f0c4d1b2e6a',
    parse: parseGuid,
  }),
  clientId: setting({
    name: 'SLUICE_CLIENT_ID',
    meaning: 'Client id of the user-assigned identity that reads objects and writes rows',
    form: 'a GUID',
    example: '5a0e1c52-9d0f-4b8e-8a57-3f0c4d1b2e6a',
    parse: parseGuid,
  }),
  sinks: setting({
    name: 'SLUICE_SINKS',
    meaning: 'Where reports go',
    form: `one or more of ${sinkNames.join(', ')}, separated by commas`,
    example: 'log-analytics,console',
    defaultText: 'log-analytics',
    parse: parseSinks,
  }),
  ingestionEndpoint: setting({
    name: 'SLUICE_INGESTION_ENDPOINT',
    meaning: 'Logs ingestion endpoint of the data collection rule',
    form: 'an https URL with nothing behind the host',
    example: 'https://sluice-dcr-x1y2-westeurope.logs.z1.ingest.monitor.azure.com',
    requiredWhen: 'the log-analytics sink is on',
    parse: parseHttpsOrigin,
  }),
  dcrId: setting({
    name: 'SLUICE_DCR_ID',
    meaning: 'Immutable id of the data collection rule',
    form: 'the immutable id, which starts with dcr- (not the resource id)',
    example: 'dcr-00000000000000000000000000000000',
    requiredWhen: 'the log-analytics sink is on',
    parse: matching(/^dcr-[0-9A-Za-z-]{1,64}$/),
  }),
  ingestionAudience: setting({
    name: 'SLUICE_INGESTION_AUDIENCE',
    meaning: 'Token audience of the ingestion endpoint; differs between clouds',
    form: 'an https URL with nothing behind the host',
    example: 'https://monitor.azure.us',
    defaultText: 'https://monitor.azure.com',
    parse: parseHttpsOrigin,
  }),
  rulesPath: setting({
    name: 'SLUICE_RULES',
    meaning: "Path of the compiled rules; a relative one counts from the app's root",
    form: 'a path of a file',
    example: '/mnt/rules/rules.sluice',
    defaultText: 'dist/rules.sluice',
    parse: matching(/^[^\p{Cc}]{1,1024}$/u),
  }),
  rulesUrl: setting({
    name: 'SLUICE_RULES_URL',
    meaning: 'Blob with a release of rules, looked at once a minute; it takes the place of the compiled rules',
    form: "an https URL of a blob in the scanner's own storage account or another one that is not watched, without a query",
    example: 'https://contososluice.blob.core.windows.net/rules/rules.release',
    parse: parseBlobUrl,
  }),
  rulesDigest: setting({
    name: 'SLUICE_RULES_DIGEST',
    meaning: 'The only release that is used; an earlier one is gone back to by its digest',
    form: '64 hex digits, as sluice rules build prints them',
    example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    requiredWhen: 'SLUICE_RULES_URL is set and SLUICE_RULES_KEY is not',
    parse: parseDigest,
  }),
  rulesKey: setting({
    name: 'SLUICE_RULES_KEY',
    meaning: 'Public key that releases must be signed with',
    form: 'an Ed25519 public key: the base64 line of its PEM, as sluice rules sign prints it',
    example: 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=',
    requiredWhen: 'SLUICE_RULES_URL is set and SLUICE_RULES_DIGEST is not',
    parse: parsePublicKey,
  }),
  queueName: setting({
    name: 'SLUICE_QUEUE',
    meaning: "Queue with the upload events, in the scanner's own account",
    form: '3-63 lower-case letters, digits and single hyphens, a letter or digit at both ends',
    example: 'sluice-scan',
    defaultText: 'sluice-scan',
    parse: matching(/^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/),
  }),
  digests: setting({
    name: 'SLUICE_DIGESTS',
    meaning: 'Which digests rows carry: of every object, or (findings) SHA-256 of objects with a finding only',
    form: 'sha256, or sha256,md5, or findings',
    example: 'sha256,md5',
    defaultText: 'sha256',
    parse: parseDigests,
  }),
  evidence: setting({
    name: 'SLUICE_EVIDENCE',
    meaning: 'What a finding shows of each match: its bytes too, only where it is, or nothing',
    form: 'excerpt, offsets or none',
    example: 'offsets',
    defaultText: 'excerpt',
    parse: oneOf<EvidenceMode>('excerpt', 'offsets', 'none'),
  }),
  deadlineInMs: setting({
    name: 'SLUICE_DEADLINE',
    meaning: 'The longest one scan may take, all its slices together; then it is recorded as incomplete',
    form: 'a whole number with ms, s, m or h behind it, from 1s to 168h',
    example: '2h',
    defaultText: '24h',
    parse: durationWithin(1_000, 168 * 3_600_000),
  }),
  sliceInMs: setting({
    name: 'SLUICE_SLICE',
    meaning:
      'How long one worker scans an object in one go; then the scan goes on from a checkpoint with a new message',
    form: 'a whole number with ms, s, m or h behind it, from 1s to 20m',
    example: '4m',
    defaultText: '8m',
    parse: durationWithin(1_000, 20 * 60_000),
  }),
  sweepInMs: setting({
    name: 'SLUICE_SWEEP',
    meaning: 'How far back the daily sweep looks for objects that no event told of; 0s switches it off',
    form: 'a whole number with ms, s, m or h behind it, from 0s to 720h',
    example: '168h',
    defaultText: '48h',
    parse: durationWithin(0, 720 * 3_600_000),
  }),
  reactions: setting({
    name: 'SLUICE_REACTIONS',
    meaning: 'What is done about a verdict, besides recording it; nothing unless set',
    form: `one or more of ${reactionNames.join(', ')}, separated by commas`,
    example: 'tags,quarantine',
    parse: parseReactions,
  }),
  quarantine: setting({
    name: 'SLUICE_QUARANTINE',
    meaning: 'Container that matching objects are moved into; what lies in it is never scanned',
    form: 'the https URL of a container, with nothing behind its name',
    example: 'https://contososluice.blob.core.windows.net/sluice-quarantine',
    requiredWhen: 'the reaction quarantine is on',
    parse: parseContainerUrl,
  }),
  notifyQueue: setting({
    name: 'SLUICE_NOTIFY_QUEUE',
    meaning: "Queue of the scanner's own account that the reaction notify sends CloudEvents to",
    form: '3-63 lower-case letters, digits and single hyphens, a letter or digit at both ends',
    example: 'sluice-notifications',
    defaultText: 'sluice-notifications',
    parse: matching(/^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/),
  }),
  notifyVerdicts: setting({
    name: 'SLUICE_NOTIFY_VERDICTS',
    meaning: 'Which verdicts the reaction notify tells of',
    form: `one or more of ${notifiableVerdicts.join(', ')}, separated by commas`,
    example: 'match,clean',
    defaultText: 'match',
    parse: parseVerdicts,
  }),
  telemetry: setting({
    name: 'SLUICE_TELEMETRY',
    meaning:
      'What the app sends to Application Insights of its own: sums and distributions, a span for each scan too, or nothing',
    form: 'metrics, traces (which brings both) or off',
    example: 'traces',
    defaultText: 'metrics',
    parse: oneOf<TelemetryMode>('metrics', 'traces', 'off'),
  }),
  telemetryConnection: setting({
    name: 'APPLICATIONINSIGHTS_CONNECTION_STRING',
    meaning: 'Where telemetry goes; the Functions host reads it too. Without it there is none',
    form: 'the connection string of an Application Insights resource, with an https IngestionEndpoint',
    example:
      'InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/',
    isSecret: true,
    parse: parseTelemetryConnection,
  }),
  logLevel: setting({
    name: 'SLUICE_LOG_LEVEL',
    meaning: 'The least severe log lines that are written',
    form: 'debug, info, warn or error',
    example: 'debug',
    defaultText: 'info',
    parse: oneOf<LogLevel>('debug', 'info', 'warn', 'error'),
  }),
  cleanRows: setting({
    name: 'SLUICE_CLEAN_ROWS',
    meaning: 'How clean scans are recorded: a row each, or one an hour for those of a container',
    form: 'all or hourly',
    example: 'hourly',
    defaultText: 'all',
    parse: oneOf<CleanRows>('all', 'hourly'),
  }),
  localConnection: setting({
    name: 'SLUICE_LOCAL_CONNECTION',
    meaning: 'For local use: connection string of a storage emulator, used instead of any identity',
    form: 'UseDevelopmentStorage=true, or a connection string whose endpoints are all on this machine',
    example: 'UseDevelopmentStorage=true',
    isSecret: true,
    parse: (text) => {
      const connection = parseLocalConnection(text);
      return 'fault' in connection ? connection : { value: connection };
    },
  }),
  localCaPath: setting({
    name: 'SLUICE_LOCAL_CA',
    meaning: 'For local use: certificate (PEM) that the ingestion endpoint on this machine is trusted by',
    form: 'a path of a PEM file, only together with a SLUICE_INGESTION_ENDPOINT on this machine',
    example: './.sluice/ca.pem',
    parse: matching(/^[^\p{Cc}]{1,1024}$/u),
  }),
} as const;

function setting<T>(
  given: Pick<Setting<T>, 'name' | 'meaning' | 'form' | 'example' | 'parse'> & Partial<Setting<T>>,
): Setting<T> {
  return { defaultText: undefined, requiredWhen: undefined, isSecret: false, ...given };
}

/** The text in quotes, fit for a message. */
export function quote(text: string): string {
  return `"${printable(text, 100)}"`;
}

function matching(pattern: RegExp): (text: string) => Parsed<string> {
  return (text) => (pattern.test(text) ? { value: text } : { fault: `${quote(text)} does not look like that` });
}

function oneOf<T extends string>(...words: readonly T[]): (text: string) => Parsed<T> {
  return (text) => {
    const word = words.find((candidate) => candidate === text.toLowerCase());
    return word === undefined ? { fault: `${quote(text)} is not known` } : { value: word };
  };
}

function splitList(text: string): string[] {
  return [...new Set(text.split(',').map((item) => item.trim()))].filter((item) => item !== '');
}

function parseAccounts(text: string): Parsed<readonly string[]> {
  const accounts = splitList(text);
  const wrong = accounts.filter((account) => !/^[a-z0-9]{3,24}$/.test(account));
  if (wrong.length > 0)
    return { fault: `not the name of a storage account: ${wrong.slice(0, 5).map(quote).join(', ')}` };
  return accounts.length === 0 ? { fault: 'the list is empty' } : { value: accounts };
}

function parseSuffix(text: string): Parsed<string> {
  const isDomain = /^(?=.{4,200}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/.test(text);
  if (!isDomain) return { fault: `${quote(text)} is not a domain name` };
  return /^(blob|dfs|queue|table|file)\./.test(text) ? { fault: `${quote(text)} names one service` } : { value: text };
}

function parseHttpsOrigin(text: string): Parsed<string> {
  if (!URL.canParse(text)) return { fault: `${quote(text)} is not a URL` };
  const url = new URL(text);
  if (url.protocol !== 'https:') return { fault: `${quote(text)} is not https` };
  if (url.username !== '' || url.password !== '' || text.includes('?') || text.includes('#')) {
    return { fault: `${quote(text)} holds more than a host (a user, a query or a fragment)` };
  }
  return url.pathname === '/' ? { value: url.origin } : { fault: `${quote(text)} has a path` };
}

/** A container and a blob in it; https, or http on this machine, where the emulator is. */
function parseBlobUrl(text: string): Parsed<string> {
  if (!URL.canParse(text)) return { fault: `${quote(text)} is not a URL` };
  const { protocol, hostname, pathname } = new URL(text);
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopbackHost(hostname))) {
    return { fault: `${quote(text)} is not https` };
  }
  if (!/^https?:\/\/[^\s/?#@\\]+\/[^\s?#\\]+\/[^\s?#\\]+$/.test(text)) {
    return { fault: `${quote(text)} is not just a host, a container and a blob` };
  }
  // What a parser makes of it is what is written: no dot segments, no capitals in the host.
  return new URL(text).href === text && pathname !== '/' ? { value: text } : { fault: `${quote(text)} is not plain` };
}

function parseDigest(text: string): Parsed<string> {
  return /^[0-9a-f]{64}$/i.test(text) ? { value: text.toLowerCase() } : { fault: `${quote(text)} is no SHA-256` };
}

/** SPKI of Ed25519 (RFC 8410): twelve bytes that are always the same, then the key's 32. */
function parsePublicKey(text: string): Parsed<string> {
  const der = /^[A-Za-z0-9+/]{59}=$/.test(text) ? Buffer.from(text, 'base64').toString('hex') : '';
  return der.startsWith('302a300506032b6570032100') ? { value: text } : { fault: `${quote(text)} is no such key` };
}

/** Its key is only a name: the resource takes nothing without a token. It is not quoted all the same. */
function parseTelemetryConnection(text: string): Parsed<string> {
  const parts = new Map(
    text.split(';').map((part): [string, string] => {
      const [name = '', ...value] = part.split('=');
      return [name.trim().toLowerCase(), value.join('=').trim()];
    }),
  );
  if (!('value' in parseGuid(parts.get('instrumentationkey') ?? ''))) return { fault: 'it has no InstrumentationKey' };
  const endpoint = parseHttpsOrigin(parts.get('ingestionendpoint') ?? '');
  return 'value' in endpoint ? { value: text } : { fault: 'it has no https IngestionEndpoint' };
}

/** Whether an https origin, as `parseHttpsOrigin` gives it, is on this machine. */
export function isLoopbackOrigin(origin: string): boolean {
  return isLoopbackHost(new URL(origin).hostname);
}

function parseGuid(text: string): Parsed<string> {
  const isGuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
  return isGuid ? { value: text.toLowerCase() } : { fault: `${quote(text)} is not a GUID` };
}

function parseSinks(text: string): Parsed<readonly SinkName[]> {
  const given = splitList(text);
  const unknown = given.filter((name) => !sinkNames.some((known) => known === name));
  if (unknown.length > 0) return { fault: `no such sink: ${unknown.slice(0, 5).map(quote).join(', ')}` };
  if (given.length === 0) return { fault: 'the list is empty, so no result would be kept' };
  return { value: sinkNames.filter((known) => given.includes(known)) };
}

function parseReactions(text: string): Parsed<readonly ReactionName[]> {
  return parseWords(text, reactionNames, 'reaction');
}

function parseVerdicts(text: string): Parsed<readonly NotifiableVerdict[]> {
  return parseWords(text, notifiableVerdicts, 'verdict');
}

function parseWords<T extends string>(text: string, words: readonly T[], what: string): Parsed<readonly T[]> {
  const given = splitList(text.toLowerCase());
  const unknown = given.filter((name) => !words.some((known) => known === name));
  if (unknown.length > 0) return { fault: `no such ${what}: ${unknown.slice(0, 5).map(quote).join(', ')}` };
  return given.length === 0
    ? { fault: 'the list is empty' }
    : { value: words.filter((known) => given.includes(known)) };
}

/** Plain http only towards this machine, where the emulator has the account's name in front of the container's. */
function parseContainerUrl(text: string): Parsed<string> {
  const name = '[a-z0-9]+(?:-[a-z0-9]+)*';
  const inAzure = new RegExp(`^https://[a-z0-9]{3,24}\\.blob\\.[a-z0-9.-]{4,200}/(${name})$`).exec(text);
  const onThisMachine = new RegExp(`^http://([^/:@?#]+|\\[::1\\]):\\d{1,5}/[a-z0-9]{3,24}/(${name})$`).exec(text);
  const isHere = onThisMachine !== null && isLoopbackHost(onThisMachine[1]!);
  const container = inAzure?.[1] ?? (isHere ? onThisMachine[2] : undefined);
  if (container === undefined || container.length < 3 || container.length > 63) {
    return { fault: `${quote(text)} is not the URL of a container` };
  }
  return { value: text };
}

function parseDigests(text: string): Parsed<Digests> {
  const given = splitList(text.toLowerCase()).sort().join(',');
  if (given === 'md5,sha256') return { value: 'sha256,md5' };
  return given === 'sha256' || given === 'findings' ? { value: given } : { fault: `${quote(text)} is not known` };
}

function durationWithin(shortestInMs: number, longestInMs: number): (text: string) => Parsed<number> {
  return (text) => {
    const duration = parseDuration(text);
    if (duration === undefined) return { fault: `${quote(text)} is not a duration` };
    if (duration < shortestInMs) return { fault: `${quote(text)} is too short` };
    return duration <= longestInMs ? { value: duration } : { fault: `${quote(text)} is too long` };
  };
}

/** Milliseconds of `250ms`, `90s`, `8m`, `2h`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const parts = /^(\d{1,9})\s?(ms|s|m|h)$/.exec(text);
  if (parts === null) return undefined;
  const unitInMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  return Number(parts[1]) * unitInMs[parts[2]!]!;
}
