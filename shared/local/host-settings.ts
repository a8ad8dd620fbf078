/**
 * Reads `extensions.queues` of `host.json`, the file the Functions host reads, so that the local queue host runs with the
 * same numbers. What is absent gets the host's own default; what the host would refuse is refused.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { SluiceError } from '../base/errors.ts';

export interface QueueSettings {
  /** Messages taken at once, 1 to 32. */
  readonly batchSize: number;
  /** More are taken once no more than this many are in work. */
  readonly newBatchThreshold: number;
  /** The longest pause between two looks at an empty queue. */
  readonly maxPollingIntervalInMs: number;
  /** How long a message whose function failed stays invisible; not the lock while it runs. */
  readonly visibilityTimeoutInSeconds: number;
  /** A message that fails at this count goes to the poison queue. */
  readonly maxDequeueCount: number;
  readonly messageEncoding: 'base64' | 'none';
}

/** `host.json` cannot be read, or holds what the Functions host would refuse. Code `HOST_JSON_INVALID`. */
export class HostSettingsError extends SluiceError {
  readonly code = 'HOST_JSON_INVALID';
}

const shortestPollingIntervalInMs = 100;

const timeSpan = z.string().transform((text, context) => {
  const inMs = parseTimeSpan(text);
  if (inMs === undefined) context.addIssue({ code: 'custom', message: `not of the form hh:mm:ss: "${text}"` });
  return inMs ?? 0;
});

const queues = z.object({
  batchSize: z.int().min(1).max(32).default(16),
  newBatchThreshold: z.int().min(0).optional(),
  maxPollingInterval: timeSpan.pipe(z.number().min(shortestPollingIntervalInMs)).default(60_000),
  visibilityTimeout: timeSpan.default(0),
  maxDequeueCount: z.int().min(1).default(5),
  messageEncoding: z.literal(['base64', 'none']).default('base64'),
});

const hostFile = z.object({ extensions: z.object({ queues: queues.prefault({}) }).prefault({}) });

/** Reads the file at `path`. Throws `HostSettingsError` with every fault in it. */
export function readQueueSettings(path: string): QueueSettings {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new HostSettingsError('host.json cannot be read', { where: path, cause });
  }
  return parseQueueSettings(text, path);
}

/** As `readQueueSettings`, from the file's text; `where` stands in errors. */
export function parseQueueSettings(text: string, where = 'host.json'): QueueSettings {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new HostSettingsError('host.json is not JSON', { where, cause });
  }
  const parsed = hostFile.safeParse(json);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new HostSettingsError(`host.json is wrong: ${faults.join('; ')}`, { where, cause: parsed.error });
  }
  const given = parsed.data.extensions.queues;
  return {
    batchSize: given.batchSize,
    newBatchThreshold: given.newBatchThreshold ?? Math.floor(given.batchSize / 2),
    maxPollingIntervalInMs: given.maxPollingInterval,
    visibilityTimeoutInSeconds: Math.ceil(given.visibilityTimeout / 1_000),
    maxDequeueCount: given.maxDequeueCount,
    messageEncoding: given.messageEncoding,
  };
}

/** Milliseconds of a .NET time span, `[d.]hh:mm:ss[.fffffff]`; undefined for anything else. */
export function parseTimeSpan(text: string): number | undefined {
  const parts = /^(?:(\d{1,8})\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,7})?$/.exec(text);
  if (parts === null) return undefined;
  const [days, hours, minutes, seconds, fraction] = parts.slice(1).map((part: string | undefined) => Number(part ?? 0));
  if (hours! > 23 || minutes! > 59 || seconds! > 59) return undefined;
  return ((days! * 24 + hours!) * 60 + minutes!) * 60_000 + Math.round((seconds! + fraction!) * 1_000);
}
