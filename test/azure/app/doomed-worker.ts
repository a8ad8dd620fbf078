/**
 * A worker as a process of its own, to be killed: handles the message in `MESSAGE` with an app made from the environment, and
 * prints `reading` when it has begun. Its checkpoints come often, so that there is something to go on from.
 */
import { createApp } from '../../../shared/app.ts';
import { readConfig } from '../../../shared/base/config.ts';
import { createLogger } from '../../../shared/base/log.ts';
import { localCredential } from '../../../shared/local/local-credential.ts';

const MiB = 1024 * 1024;

const app = await createApp(readConfig(process.env), {
  credential: localCredential(),
  log: createLogger({ format: 'json', level: 'error' }),
  sliceLimits: { checkpointEveryBytes: MiB, heartbeatInMs: 50 },
  ledgerOptions: { staleAfterInMs: 200 },
  openOptions: { rangeSizeInBytes: MiB, rangesInFlight: 1 },
});
process.stdout.write('reading\n');
await app.handleMessage(JSON.parse(process.env.MESSAGE!), { dequeueCount: Number(process.env.DEQUEUE_COUNT) });
await app.close();
