/**
 * Writes the verdict onto the object as index tags. A tag is a label for people and for search, and no access control by itself:
 * whoever may write tags may write these. The README says what to add.
 *
 * Tags have no eTag of their own and writing them leaves the object's as it is. Two who write at the same time can lose each
 * other's, so ours are read and written with as little between as there can be, and only where something would change.
 */
import type { BlobClient } from '@azure/storage-blob';
import { quoteETag } from '../objects/e-tag.ts';
import type { ScanReport } from '../scanner/scan-report.ts';
import type { Reaction, ReactionResult } from './reaction.ts';
import { resultOfRefusal } from './service-refusal.ts';
import { areSameTags, MAX_TAGS, mergeVerdictTags } from './verdict-tags.ts';

export interface TagParts {
  /** The client of a watched object. */
  readonly objectOf: (object: ScanReport['object']) => BlobClient;
}

/** Verdicts that say something about the version that is there. */
const tagged: readonly string[] = ['match', 'excluded', 'clean', 'incomplete'];

export function createTagReaction({ objectOf }: TagParts): Reaction {
  return {
    name: 'tags',
    async react(report, { abortSignal }): Promise<ReactionResult> {
      if (!tagged.includes(report.outcome.verdict)) return { kind: 'notConcerned', detail: 'nothing was scanned' };
      const { url, eTag } = report.object;
      const client = objectOf(report.object);
      const conditions = { ifMatch: quoteETag(eTag) };
      try {
        await client.getProperties({ abortSignal, conditions });
        const { tags } = await client.getTags({ abortSignal });
        const merged = mergeVerdictTags(tags, report);
        if (merged === undefined) {
          return { kind: 'refused', detail: `the object has ${MAX_TAGS} tags of its own, and no room for the verdict` };
        }
        if (areSameTags(tags, merged)) return { kind: 'done', detail: 'it was tagged before' };
        await client.setTags(merged, { abortSignal, conditions });
        return { kind: 'done', detail: `tagged ${report.outcome.verdict}` };
      } catch (error) {
        return resultOfRefusal(error, url, 'the object could not be tagged', abortSignal);
      }
    },
  };
}
