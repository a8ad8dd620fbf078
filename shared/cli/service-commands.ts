/**
 * The commands that talk to a deployed scanner, through its own storage account and nothing else: `replay` and `rescan`. They
 * read the settings that name the account and the queue, and sign in as whoever runs them (`az login`, or an identity).
 */
import { randomUUID } from 'node:crypto';
import type { Config } from '../base/config.ts';
import { readStateConfig } from '../base/config.ts';
import type { StateClients } from '../ledger/state-storage.ts';
import type { parseRescanOrder, RescanRange } from '../events/rescan-order.ts';
import type { RescanStatus } from '../jobs/rescan.ts';
import { exitStatus, UsageError } from './exit-status.ts';
import type { Terminal } from './terminal.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ReplayArguments {
  readonly limit: number;
  readonly perMinute: number;
}

/** Puts back what was given up, and says how much. */
export async function runReplay(args: ReplayArguments, environment: Environment, terminal: Terminal): Promise<number> {
  const { replayKept } = await import('../jobs/replay.ts');
  const { clients, queueName } = await connect(environment);
  let skipped = 0;
  const { messages, deadLetters, reports, reactions } = await replayKept(
    {
      poison: clients.blobs('poison'),
      deadLetters: clients.blobs('deadLetters'),
      outbox: clients.blobs('outbox'),
      reactions: clients.blobs('reactions'),
      queue: clients.queue(queueName),
      onSkipped: (name, problem) => {
        skipped += 1;
        terminal.err(`left where it is: ${name}: ${problem}`);
      },
    },
    args,
  );
  await terminal.out(
    `put back: ${messages} messages, ${deadLetters} dead letters, ${reports} reports, ${reactions} reactions`,
  );
  return skipped === 0 ? exitStatus.clean : exitStatus.incomplete;
}

export interface RescanArguments extends Partial<Omit<RescanRange, 'only'>> {
  readonly unrecorded: boolean;
  /** Of a rescan that was begun before. */
  readonly status?: string | undefined;
  readonly stop?: string | undefined;
  readonly resume?: string | undefined;
}

/** Asks the app to begin a rescan, or to have one stop or go on; says how far one came. */
export async function runRescan(args: RescanArguments, environment: Environment, terminal: Terminal): Promise<number> {
  const [{ describeRescan }, { parseRescanOrder, RESCAN_QUEUE_SUFFIX }] = await Promise.all([
    import('../jobs/rescan.ts'),
    import('../events/rescan-order.ts'),
  ]);
  const { account, status, stop, resume } = args;
  const id = stop ?? resume ?? status ?? randomUUID();
  if ([account, status, stop, resume].filter((given) => given !== undefined).length !== 1) {
    throw new UsageError('give either --account, --status, --stop or --resume');
  }
  const { clients, queueName } = await connect(environment);
  if (account === undefined) {
    const described = await describeRescan(clients.blobs('walks'), id);
    if (status !== undefined || described.state === 'unknown') {
      await tellStatus(described, terminal);
      return exitStatus.clean;
    }
  }
  const order =
    account === undefined
      ? { rescan: stop === undefined ? 'resume' : 'stop', id }
      : beginOrder({ ...args, account }, id, parseRescanOrder);
  await clients.queue(queueName + RESCAN_QUEUE_SUFFIX).send(order);
  await terminal.out(`asked for; see how far it is with: sluice rescan --status ${id}`);
  return exitStatus.clean;
}

/** The order, read once as the app will read it, so that what is wrong is said now. */
function beginOrder(
  args: RescanArguments & Pick<RescanRange, 'account'>,
  id: string,
  read: typeof parseRescanOrder,
): object {
  const { account, container, prefix, since, until, perMinute, unrecorded } = args;
  const only = unrecorded ? 'unrecorded' : 'unscanned';
  const order = { rescan: 'begin', id, account, container, prefix, since, until, only, perMinute };
  // Which accounts are watched, only the app knows.
  const parsed = read(order, id, { kind: 'azure', accounts: new Set([account]), suffix: '' });
  if ('fault' in parsed) throw new UsageError(parsed.fault);
  return order;
}

async function tellStatus({ state, refusal, progress }: RescanStatus, terminal: Terminal): Promise<void> {
  for (const { where, listed, sent, isDone, problem: why } of progress) {
    const end = why === undefined ? isDone && ', done' : `, given up: ${why}`;
    await terminal.out(`${where}: ${listed} objects seen, ${sent} scans asked for${end || ''}`);
  }
  const words = {
    unknown: 'nothing is known of it; the app may not have taken it up yet',
    refused: `it was refused: ${refusal ?? ''}`,
    running: progress.length === 0 ? 'it has taken no step yet' : 'it runs',
    stopped: 'it is stopped',
    done: 'it has ended',
  };
  await terminal.out(words[state]);
  if (refusal !== undefined && state !== 'refused') await terminal.out(`the last order that was refused: ${refusal}`);
}

async function connect(environment: Environment): Promise<{ clients: StateClients; queueName: Config['queueName'] }> {
  const { state, queueName } = readStateConfig(environment);
  // The SDKs take a while to load, and the other commands do without.
  const [{ connectStateStorage }, { DefaultAzureCredential }] = await Promise.all([
    import('../ledger/state-storage.ts'),
    import('@azure/identity'),
  ]);
  return { clients: connectStateStorage(state, new DefaultAzureCredential()), queueName };
}
