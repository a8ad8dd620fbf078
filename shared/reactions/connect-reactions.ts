/** The reactor that the settings stand for: its clients, its outbox, and the container that no scan may ever be led into. */
import type { TokenCredential } from '@azure/identity';
import { BlobServiceClient } from '@azure/storage-blob';
import type { Config } from '../base/config.ts';
import type { Logger } from '../base/log.ts';
import { reactMessageOf } from '../events/own-messages.ts';
import type { MessageSender } from '../ledger/message-queue.ts';
import type { StateClients } from '../ledger/state-storage.ts';
import { createBlobServiceClient } from '../objects/blob-client.ts';
import { ReportOutbox } from '../scanner/report-outbox.ts';
import type { OutboxTexts } from '../scanner/report-outbox.ts';
import type { ReactionContext } from './registry.ts';
import { createReactions } from './registry.ts';
import type { ReactorLimits } from './reactor.ts';
import { Reactor } from './reactor.ts';

export interface ReactorContext {
  readonly state: StateClients;
  /** The app's own queue. */
  readonly queue: MessageSender;
  /** Clients of the watched accounts. */
  readonly serviceOf: (account: string) => BlobServiceClient;
  readonly credential: TokenCredential;
  readonly log: Logger;
  /** The first wait of what is done later; 30 s unless given. */
  readonly firstDelayInMs?: number;
  /** How long what could not be done is tried; a day unless given. */
  readonly keptForMs?: number;
  readonly limits?: ReactorLimits;
}

/** A missing role or a lease may be mended within a day; after that a person has been told. */
const DAY_IN_MS = 24 * 3_600_000;
/** Notifications that nobody fetches. */
const WEEK_IN_MS = 7 * DAY_IN_MS;

const texts: OutboxTexts = {
  kept: 'what is to be done about a verdict waits',
  waitsOn: 'what is to be done about a verdict waits on',
  left: 'what waited to be done about a verdict is done',
  expired: 'a reaction was given up after a day; `sluice replay` has it tried again',
  damaged: 'what waited to be done about a verdict is no report',
};

/** Makes no request. */
export async function connectReactions(config: Config, context: ReactorContext): Promise<Reactor> {
  const { state, queue, serviceOf, credential, log, firstDelayInMs, keptForMs = DAY_IN_MS, limits } = context;
  const outbox = new ReportOutbox({
    store: state.blobs('reactions'),
    queue,
    log,
    texts,
    messageOf: reactMessageOf,
    limits: { keptForMs, ...(firstDelayInMs !== undefined && { firstDelayInMs }) },
  });
  const notifications = state.queue(config.notifyQueue);
  const reactions = await createReactions(config, {
    objectOf: ({ account, container, objectName }) =>
      serviceOf(account).getContainerClient(container).getBlobClient(objectName),
    quarantine: quarantineOf(config, credential),
    copyCredential: config.state.kind === 'local' ? undefined : credential,
    send: (event) => notifications.send(event, { expiresInMs: WEEK_IN_MS }),
  });
  return new Reactor({ reactions, outbox, log, ...(limits && { limits }) });
}

/** Whether the object lies in the quarantine: it was scanned when it was moved there, and would be moved for ever. */
export function isQuarantined(url: string, { quarantine }: Pick<Config, 'quarantine'>): boolean {
  return quarantine !== undefined && url.startsWith(`${quarantine}/`);
}

function quarantineOf({ quarantine, state }: Config, credential: TokenCredential): ReactionContext['quarantine'] {
  if (quarantine === undefined) return undefined;
  const slash = quarantine.lastIndexOf('/');
  // The emulator knows its own key and no identities. The settings refuse an http URL that leads off this machine.
  const known =
    state.kind === 'local' ? BlobServiceClient.fromConnectionString(state.connectionString).credential : credential;
  return createBlobServiceClient(quarantine.slice(0, slash), known).getContainerClient(quarantine.slice(slash + 1));
}
