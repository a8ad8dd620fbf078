/**
 * The reactions there are, by the name that stands in `SLUICE_REACTIONS`, in the order in which they happen: the label first, since
 * an object that cannot be taken away keeps it, and the message last. A new reaction is one line here and its file; what it
 * needs is loaded only when it is on.
 */
import type { BlobClient, ContainerClient } from '@azure/storage-blob';
import type { TokenCredential } from '@azure/identity';
import type { Config } from '../base/config.ts';
import { invariant } from '../base/errors.ts';
import type { ReactionName } from '../base/settings.ts';
import type { ScanReport } from '../scanner/scan-report.ts';
import type { NotifyParts } from './notify.ts';
import type { Reaction } from './reaction.ts';

export type ReactionConfig = Pick<Config, 'reactions' | 'notifyVerdicts'>;

/** What reactions are made from, besides their settings. */
export interface ReactionContext {
  readonly objectOf: (object: ScanReport['object']) => BlobClient;
  /** Undefined where no quarantine is set. */
  readonly quarantine: ContainerClient | undefined;
  /** Reads the source of a copy; undefined with the emulator. */
  readonly copyCredential: TokenCredential | undefined;
  readonly send: NotifyParts['send'];
}

type ReactionFactory = (config: ReactionConfig, context: ReactionContext) => Promise<Reaction>;

const factories: Readonly<Record<ReactionName, ReactionFactory>> = {
  async tags(_config, { objectOf }) {
    const { createTagReaction } = await import('./tag-object.ts');
    return createTagReaction({ objectOf });
  },
  async quarantine(_config, { objectOf, quarantine, copyCredential }) {
    invariant(quarantine !== undefined, 'the quarantine is on without its settings');
    const { createQuarantineReaction } = await import('./quarantine.ts');
    return createQuarantineReaction({ objectOf, container: quarantine, credential: copyCredential });
  },
  async notify({ notifyVerdicts }, { send }) {
    const { createNotifyReaction } = await import('./notify.ts');
    return createNotifyReaction({ send, verdicts: notifyVerdicts });
  },
};

/** The reactions of the configuration. */
export async function createReactions(config: ReactionConfig, context: ReactionContext): Promise<readonly Reaction[]> {
  const names = (Object.keys(factories) as ReactionName[]).filter((name) => config.reactions.includes(name));
  return Promise.all(names.map((name) => factories[name](config, context)));
}
