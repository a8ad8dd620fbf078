/**
 * The commands that talk to a deployed scanner, through its own storage account and nothing else: `replay` and `rescan`. They
 * read the settings that name the account and the queue, and sign in as whoever runs them (`az login`, or an identity).
 */
import type { Config } from '../base/config.ts';
import { readStateConfig } from '../base/config.ts';
import type { StateClients } from '../ledger/state-storage.ts';
import type { RescanRange } from '../jobs/rescan.ts';
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
}

/** Begins a rescan, says how far one came, or has it stop. */
export async function runRescan(args: RescanArguments, environment: Environment, terminal: Terminal): Promise<number> {
  const { startRescan, stopRescan, progressOfRescan } = await import('../jobs/rescan.ts');
  const { account, unrecorded, status, stop, ...range } = args;
  if ([account, status, stop].filter((given) => given !== undefined).length !== 1) {
    throw new UsageError('give either --account, --status or --stop');
  }
  const { clients, queueName } = await connect(environment);
  if (stop !== undefined) {
    await stopRescan(clients.blobs('walks'), stop);
    await terminal.out('it stops before its next step');
  } else if (status !== undefined) {
    const progress = await progressOfRescan(clients.blobs('walks'), status);
    for (const { where, listed, sent, isDone } of progress) {
      await terminal.out(`${where}: ${listed} objects seen, ${sent} scans asked for${isDone ? ', done' : ''}`);
    }
    if (progress.length === 0) await terminal.out('it has taken no step yet');
  } else if (account !== undefined) {
    const only = unrecorded ? 'unrecorded' : 'unscanned';
    const id = await startRescan(clients.queue(queueName), { account, only, ...range });
    await terminal.out(`begun; see how far it is with: sluice rescan --status ${id}`);
  }
  return exitStatus.clean;
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
