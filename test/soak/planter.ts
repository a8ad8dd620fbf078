/**
 * Uploads objects at random and tells of them as Event Grid does: at least once, out of order, late, and now and then not at
 * all. Keeps the log of what it planted, by name and eTag, which says what must be recorded.
 */
import { randomUUID } from 'node:crypto';
import type { ContainerClient } from '@azure/storage-blob';
import type { QueueClient } from '@azure/storage-queue';
import { invariant } from '../../shared/base/errors.ts';
import { objectUrl } from '../../shared/events/object-url.ts';
import { Random } from '../differential/random.ts';
import { POISON_PREFIX } from './faults.ts';
import { plantContent, plantName } from './planted-content.ts';
import type { PlantedContent } from './planted-content.ts';

/** One version of one object. */
export interface PlantedVersion {
  readonly kind: string;
  readonly objectName: string;
  /** Without quotes. */
  readonly eTag: string;
  /** Verdict, and the reason where there is one, for as long as the version is there. */
  readonly outcome: string;
  readonly rules: readonly string[];
  /** An event told of it. */
  isTold: boolean;
}

export interface PlanterParts {
  readonly container: ContainerClient;
  readonly queue: QueueClient;
  readonly account: string;
  /** Under which the workers know the blob service. */
  readonly blobEndpoint: string;
  readonly seed: number;
  /** Only objects that are written once and stay. */
  readonly isPlain: boolean;
}

type Kind = (typeof kinds)[number];
const kinds = [
  ...Array.from({ length: 12 }, () => 'written' as const),
  'overwritten',
  'metadata',
  'headers',
  'deleted',
  'untold',
  'append',
  'archived',
  'copied',
  'burst',
] as const;
const MAX_LARGE = 80;
const MAX_POISON = 12;
const BURST = 200;
const MAX_BURSTS = 2;

export class Planter {
  readonly log: PlantedVersion[] = [];
  /** Messages that are none, by the reason they must be recorded for. */
  readonly badMessages = new Map<string, number>();
  readonly #parts: PlanterParts;
  readonly #random: Random;
  readonly #late = new Set<Promise<unknown>>();
  #count = 0;
  #large = 0;
  #poison = 0;
  #bursts = 0;

  constructor(parts: PlanterParts) {
    this.#parts = parts;
    this.#random = new Random(parts.seed, 'planter');
  }

  /** Plants one thing, whatever comes next. */
  async plant(): Promise<void> {
    const random = this.#random;
    if (this.#parts.isPlain) return this.#plant('written');
    if (random.below(60) === 0) return this.#plantBadMessage();
    if (this.#poison < MAX_POISON && random.below(120) === 0) return this.#plantPoison();
    return this.#plant(random.pick(kinds));
  }

  /** Resolves when late events are on their way too. */
  async settle(): Promise<void> {
    await Promise.all(this.#late);
  }

  async #plant(kind: Kind): Promise<void> {
    const random = this.#random;
    switch (kind) {
      case 'written': {
        this.#tell(await this.#write(kind, this.#name(random.chance(20)), this.#content()));
        return;
      }
      case 'untold':
        await this.#write(kind, this.#name(false), this.#content());
        return;
      case 'burst': {
        if (this.#bursts++ >= MAX_BURSTS) return;
        await Promise.all(Array.from({ length: BURST }, async () => this.#plant('written')));
        return;
      }
      case 'overwritten':
        return this.#overwrite(kind);
      case 'metadata':
      case 'headers':
        return this.#touch(kind);
      case 'deleted': {
        const version = await this.#write(kind, this.#name(false), this.#content());
        this.#tell(version);
        await this.#parts.container.getBlobClient(version.objectName).deleteIfExists();
        return;
      }
      case 'append': {
        const objectName = this.#name(false);
        const { etag } = await this.#parts.container.getAppendBlobClient(objectName).create();
        this.#tell(this.#note({ kind, objectName, etag, outcome: 'skipped: blobType', rules: [] }));
        return;
      }
      case 'archived': {
        const version = await this.#write(kind, this.#name(false), this.#content(), 'skipped: archived');
        await this.#parts.container.getBlobClient(version.objectName).setAccessTier('Archive');
        this.#tell(version);
        return;
      }
      case 'copied': {
        const source = await this.#write('copied from', this.#name(false), this.#content());
        this.#tell(source);
        const objectName = this.#name(false);
        const copy = this.#parts.container.getBlobClient(objectName);
        await (await copy.beginCopyFromURL(this.#parts.container.getBlobClient(source.objectName).url)).pollUntilDone();
        const { etag } = await copy.getProperties();
        const { outcome, rules } = source;
        this.#tell(this.#note({ kind, objectName, etag, outcome, rules }));
        return;
      }
    }
  }

  /** Two or three versions in a row, whose events come in any order. */
  async #overwrite(kind: Kind): Promise<void> {
    const random = this.#random;
    const objectName = this.#name(random.chance(30));
    const versions: PlantedVersion[] = [];
    for (let count = random.between(2, 3); count > 0; count--) {
      versions.push(await this.#write(kind, objectName, this.#content()));
      if (random.chance(50)) await this.#pause(random.below(400));
    }
    for (const version of random.shuffle(versions)) this.#tell(version);
  }

  /** Written, told of, and touched while it may be under way: the new eTag has no event. */
  async #touch(kind: 'metadata' | 'headers'): Promise<void> {
    const version = await this.#write(kind, this.#name(false), this.#content());
    this.#tell(version);
    await this.#pause(this.#random.below(1_500));
    const { objectName, outcome, rules } = version;
    const blob = this.#parts.container.getBlobClient(objectName);
    const { etag } =
      kind === 'metadata'
        ? await blob.setMetadata({ touched: 'yes' })
        : await blob.setHTTPHeaders({ blobContentType: 'text/plain' });
    this.#note({ kind: `${kind} touched`, objectName, etag, outcome, rules });
  }

  async #plantPoison(): Promise<void> {
    this.#poison++;
    const name = `${POISON_PREFIX}${this.#name(false)}`;
    this.#tell(await this.#write('poison', name, this.#content(), 'failed: poison'));
  }

  async #plantBadMessage(): Promise<void> {
    const id = randomUUID();
    const [reason, body] = this.#random.pick([
      ['malformedMessage', `no event ${id}`],
      ['malformedMessage', JSON.stringify({ id, deliver: 'nothing' })],
      ['foreignAccount', JSON.stringify(this.#eventOf('https://elsewhere.blob.core.windows.net/c/o', '0x1', id))],
    ] as const);
    this.badMessages.set(reason, (this.badMessages.get(reason) ?? 0) + 1);
    await this.#send(body, 0);
  }

  #name(isOdd: boolean): string {
    return plantName(this.#random, this.#count++, isOdd);
  }

  #content(): PlantedContent {
    const isLarge = this.#large < MAX_LARGE && this.#random.below(50) === 0;
    if (isLarge) this.#large++;
    return plantContent(this.#random, isLarge ? 'large' : 'small', this.#random.chance(30));
  }

  async #write(kind: string, objectName: string, content: PlantedContent, outcome?: string): Promise<PlantedVersion> {
    const { bytes, rules } = content;
    const { etag } = await this.#parts.container.getBlockBlobClient(objectName).upload(bytes, bytes.length);
    const scanned = rules.length > 0 ? 'match' : 'clean';
    return this.#note({ kind, objectName, etag, outcome: outcome ?? scanned, rules });
  }

  #note(given: Omit<PlantedVersion, 'eTag' | 'isTold'> & { readonly etag: string | undefined }): PlantedVersion {
    const { etag = '', ...about } = given;
    const version = { ...about, eTag: etag.replaceAll('"', ''), isTold: false };
    this.log.push(version);
    return version;
  }

  /** Puts the event into the queue: sometimes late, sometimes twice. */
  #tell(version: PlantedVersion): void {
    version.isTold = true;
    const { account, blobEndpoint, container } = this.#parts;
    const { objectName, eTag } = version;
    const place = { account, container: container.containerName, objectName };
    const url = objectUrl(place, { kind: 'local', account, blobEndpoint });
    invariant(url !== undefined, `no URL carries ${objectName}`);
    const body = JSON.stringify(this.#eventOf(url, eTag, randomUUID()));
    const times = this.#random.chance(10) ? 2 : 1;
    for (let time = 0; time < times; time++) {
      const late = this.#random.chance(20) ? this.#random.between(1, 6) : 0;
      const sending = this.#send(body, late).finally(() => this.#late.delete(sending));
      this.#late.add(sending);
    }
  }

  #eventOf(url: string, eTag: string, id: string): object {
    return {
      specversion: '1.0',
      id,
      type: 'Microsoft.Storage.BlobCreated',
      source: '/subscriptions/x',
      time: new Date().toISOString(),
      data: { api: 'PutBlob', url, eTag, contentLength: 1 },
    };
  }

  async #send(body: string, visibleInSeconds: number): Promise<void> {
    await this.#parts.queue.sendMessage(Buffer.from(body).toString('base64'), { visibilityTimeout: visibleInSeconds });
  }

  #pause(inMs: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, inMs));
  }
}
