/**
 * Takes an object that a rule matched out of its place: a copy in the quarantine, verified, and then exactly that version deleted.
 *
 *   is it there? ─► copy ─► is the copy whole, and the version still there? ─► delete (if-match)
 *
 * The copy is named by the ScanId, so that a second try finds what the first one did, and nothing in an object's name can lead
 * anywhere; where it came from stands in its metadata. What outlives the deletion by the account's own settings (soft delete,
 * versions) and what forbids it (legal hold, immutability, snapshots) is said and not fought with. Snapshots are never deleted
 * along: nobody scanned them.
 */
import type { BlobClient, BlobGetPropertiesResponse, BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import type { TokenCredential } from '@azure/identity';
import { serviceAnswerOf } from '../objects/blob-errors.ts';
import { quoteETag } from '../objects/e-tag.ts';
import { SourceReadError } from '../objects/object-errors.ts';
import type { ScanReport } from '../scanner/scan-report.ts';
import { copyIntoQuarantine } from './quarantine-copy.ts';
import type { CopyLimits } from './quarantine-copy.ts';
import type { Reaction, ReactionResult } from './reaction.ts';
import { resultOfRefusal } from './service-refusal.ts';

export interface QuarantineParts {
  /** The client of a watched object. */
  readonly objectOf: (object: ScanReport['object']) => BlobClient;
  readonly container: ContainerClient;
  /** Reads the source for the copy; undefined with the emulator. */
  readonly credential: TokenCredential | undefined;
  readonly limits?: CopyLimits;
}

/** What a blob's metadata may hold: names, values and what the service counts for each. */
const MAX_METADATA = 8_000;

export function createQuarantineReaction(parts: QuarantineParts): Reaction {
  return {
    name: 'quarantine',
    async react(report, { abortSignal }): Promise<ReactionResult> {
      if (report.outcome.verdict !== 'match') return { kind: 'notConcerned', detail: 'no finding stands' };
      return quarantine(report, parts, abortSignal);
    },
  };
}

async function quarantine(
  report: ScanReport,
  parts: QuarantineParts,
  abortSignal: AbortSignal,
): Promise<ReactionResult> {
  const { url, eTag } = report.object;
  const source = parts.objectOf(report.object);
  const target = parts.container.getBlockBlobClient(report.scanId);
  const conditions = { ifMatch: quoteETag(eTag) };
  let properties: BlobGetPropertiesResponse;
  try {
    properties = await source.getProperties({ abortSignal, conditions });
  } catch (error) {
    const result = resultOfRefusal(error, url, 'the object could not be looked at', abortSignal);
    if (result.kind !== 'changed' || !(await exists(target, abortSignal))) return result;
    return { kind: 'changed', detail: `${result.detail}; what was scanned is in the quarantine` };
  }
  try {
    const copy = await copied(report, source, properties, target, parts, abortSignal);
    verify(copy, properties, url);
    // Only now is it known that every block was of this version.
    await source.getProperties({ abortSignal, conditions });
  } catch (error) {
    if (error instanceof SourceReadError) throw error;
    const result = resultOfRefusal(error, url, 'the object could not be copied', abortSignal);
    // What was copied may be of two versions.
    if (result.kind === 'changed') await target.deleteIfExists({ abortSignal });
    return result;
  }
  return remove(source, properties, { url, conditions, abortSignal });
}

/** Properties of the copy, which is made where it is not there yet. */
async function copied(
  report: ScanReport,
  client: BlobClient,
  properties: BlobGetPropertiesResponse,
  target: BlockBlobClient,
  parts: QuarantineParts,
  abortSignal: AbortSignal,
): Promise<BlobGetPropertiesResponse> {
  const standing = await find(target, abortSignal);
  if (standing !== undefined && standing.contentLength === properties.contentLength) return standing;
  const metadata = metadataOf(report, properties.metadata ?? {});
  const source = { client, eTag: report.object.eTag, properties, metadata };
  const { credential, limits } = parts;
  const copy = (): Promise<void> =>
    copyIntoQuarantine(source, target, { credential, abortSignal, ...(limits && { limits }) });
  try {
    await copy();
  } catch (error) {
    if (serviceAnswerOf(error).code !== 'ContainerNotFound') throw error;
    // In Azure it is deployed; where it is not there the answer may be about the source's container, too.
    await parts.container.createIfNotExists({ abortSignal });
    await copy();
  }
  return target.getProperties({ abortSignal });
}

/** Throws a retryable `SourceReadError` where the copy is not what it is a copy of. */
function verify(copy: BlobGetPropertiesResponse, original: BlobGetPropertiesResponse, url: string): void {
  const fault = faultOfCopy(copy, original);
  if (fault === undefined) return;
  throw new SourceReadError(`the copy in the quarantine is not whole: ${fault}`, { where: url, retryable: true });
}

function faultOfCopy(copy: BlobGetPropertiesResponse, original: BlobGetPropertiesResponse): string | undefined {
  if (copy.copyStatus !== undefined && copy.copyStatus !== 'success') return `its status is ${copy.copyStatus}`;
  if (copy.contentLength !== original.contentLength) {
    return `${copy.contentLength ?? '?'} of ${original.contentLength ?? '?'} bytes`;
  }
  const [a, b] = [copy.contentMD5, original.contentMD5];
  const differs = a !== undefined && b !== undefined && Buffer.compare(a, b) !== 0;
  return differs ? 'another MD5' : undefined;
}

interface Removal {
  readonly url: string;
  readonly conditions: { readonly ifMatch: string };
  readonly abortSignal: AbortSignal;
}

async function remove(
  source: BlobClient,
  properties: BlobGetPropertiesResponse,
  { url, conditions, abortSignal }: Removal,
): Promise<ReactionResult> {
  try {
    const answer = await source.delete({ abortSignal, conditions });
    const isPermanent = answer._response.headers.get('x-ms-delete-type-permanent');
    const remains = [
      properties.versionId === undefined ? '' : `it remains as version ${properties.versionId}`,
      isPermanent === 'false' ? 'soft delete keeps it for a while' : '',
    ].filter((text) => text !== '');
    return { kind: 'done', detail: ['moved into the quarantine', ...remains].join('; ') };
  } catch (error) {
    const result = resultOfRefusal(error, url, 'copied into the quarantine, but not deleted', abortSignal);
    return result.kind === 'changed' ? { ...result, detail: `copied into the quarantine; ${result.detail}` } : result;
  }
}

async function find(target: BlockBlobClient, abortSignal: AbortSignal): Promise<BlobGetPropertiesResponse | undefined> {
  try {
    return await target.getProperties({ abortSignal });
  } catch (error) {
    abortSignal.throwIfAborted();
    if (serviceAnswerOf(error).status === 404) return undefined;
    throw error;
  }
}

async function exists(target: BlockBlobClient, abortSignal: AbortSignal): Promise<boolean> {
  return (await find(target, abortSignal).catch(() => undefined)) !== undefined;
}

/** The object's own metadata as far as there is room, and where it came from. Values are ASCII: the URL is encoded. */
function metadataOf(
  { scanId, object, sha256, findings }: ScanReport,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const rules = findings.map(({ namespace, rule }) => `${namespace}:${rule}`).join(' ');
  const ascii = (text: string, length: number): string => text.replaceAll(/[^\x20-\x7e]/g, '_').slice(0, length);
  const ours = {
    sluice_scan: scanId,
    sluice_source: ascii(object.url, 4_000),
    sluice_etag: ascii(object.eTag, 128),
    sluice_rules: ascii(rules, 500).trim(),
    ...(sha256 !== undefined && { sluice_sha256: sha256 }),
  };
  const whole = { ...own, ...ours };
  const length = Object.entries(whole).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return length <= MAX_METADATA ? whole : ours;
}
