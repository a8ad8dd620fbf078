/**
 * What workers of a campaign have counted, kept in a file of one line each, so that a run that was ended goes on where it
 * stopped and the counts are those of all its parts. A line belongs to a seed and a choice of collections.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { Tally } from './campaign.ts';
import type { TallySnapshot } from './campaign-worker.ts';

/** What a part must share with another to be counted with it. */
export interface CampaignName {
  readonly seed: number;
  readonly collection: string;
}

export interface FinishedPart {
  readonly snapshot: TallySnapshot;
  readonly hangs: readonly string[];
}

/** The parts of that name, in the order in which they were finished; none where there is no such file. */
export function readParts(file: string, { seed, collection }: CampaignName): FinishedPart[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line, revive) as CampaignName & FinishedPart)
    .filter((part) => part.seed === seed && part.collection === collection)
    .map(({ snapshot, hangs }) => ({
      snapshot: { ...snapshot, tally: Object.assign(new Tally(), snapshot.tally) },
      hangs,
    }));
}

export function appendPart(file: string, { seed, collection }: CampaignName, { snapshot, hangs }: FinishedPart): void {
  appendFileSync(file, `${JSON.stringify({ seed, collection, snapshot, hangs }, flatten)}\n`);
}

/** Sets and maps are no values of JSON: they are written as an object with one member that tells which they were. */
function flatten(_key: string, value: unknown): unknown {
  if (value instanceof Set) return { set: [...value] };
  return value instanceof Map ? { map: [...value] } : value;
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('set' in value) return new Set(value.set as Iterable<unknown>);
  return 'map' in value ? new Map(value.map as Iterable<readonly [unknown, unknown]>) : value;
}
