/**
 * From the settings to the rules that are published: which blob, read with which credential. The credential goes to the host that
 * the settings name and nowhere else; `config.ts` has made sure that it is a blob service of the same cloud.
 */
import type { PublishedRulesConfig } from '../base/config.ts';
import { invariant } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { RefusedRequest, SluiceRequest } from '../events/scan-request.ts';
import type { BlobCredential } from '../objects/blob-client.ts';
import { createBlobServiceClient } from '../objects/blob-client.ts';
import { fetchBlob } from '../objects/fetch-blob.ts';
import type { KeptReleases, ReleaseRefusal } from './published-rules.ts';
import { PublishedRules } from './published-rules.ts';
import { publicKeyOf } from './rule-release.ts';

export interface PublishedRulesAccess {
  readonly credential: BlobCredential;
  /** Of the emulator, without a slash at the end; undefined in Azure. */
  readonly localEndpoint: string | undefined;
  readonly kept: KeptReleases;
  readonly log: Logger;
  /** How often the blob is looked at, at most; a minute unless given. */
  readonly everyMs?: number | undefined;
}

/** Makes no request. */
export function connectPublishedRules(
  { url, digest, publicKey }: PublishedRulesConfig,
  { credential, localEndpoint, kept, log, everyMs }: PublishedRulesAccess,
): PublishedRules {
  const { endpoint, container, objectName } = placeOf(url, localEndpoint);
  const blob = createBlobServiceClient(endpoint, credential).getContainerClient(container).getBlobClient(objectName);
  return new PublishedRules({
    url,
    fetch: (options) => fetchBlob(blob, options),
    kept,
    pinnedDigest: digest,
    publicKey: publicKey === undefined ? undefined : publicKeyOf(publicKey),
    log,
    ...(everyMs !== undefined && { everyMs }),
  });
}

/** Records each refusal of published rules once. Never rejects: what cannot be recorded now is at the next call. */
export function refusalTeller(
  published: PublishedRules | undefined,
  publishedRules: PublishedRulesConfig | undefined,
  log: Logger,
  record: (request: SluiceRequest) => Promise<unknown>,
): () => Promise<void> {
  let told: ReleaseRefusal | undefined;
  return async () => {
    const refusal = published?.refusal;
    if (refusal === undefined || refusal === told || publishedRules === undefined) return;
    told = refusal;
    try {
      await record(refusedRulesRequest(publishedRules.url, refusal));
    } catch (error) {
      told = undefined;
      log.warn('that rules are refused could not be recorded', { error });
    }
  };
}

/** What has the refusal recorded, in a row of its own; the same for every process that refuses that version. */
function refusedRulesRequest(url: string, { eTag, problem }: ReleaseRefusal): RefusedRequest {
  const { endpoint, container, objectName } = placeOf(url, undefined);
  return {
    kind: 'refused',
    verdict: 'failed',
    reason: 'rulesRefused',
    detail: `the published rules are refused: ${problem}`.slice(0, 300),
    account: /^https?:\/\/([a-z0-9]+)/.exec(endpoint)?.[1] ?? '',
    container,
    objectName,
    url,
    eventTime: undefined,
    eventId: `rules ${eTag} ${problem}`,
  };
}

function placeOf(url: string, localEndpoint: string | undefined) {
  // The emulator has the account's name in front of the container's.
  const endpoint = localEndpoint ?? /^https?:\/\/[^/]+/.exec(url)?.[0];
  invariant(endpoint !== undefined && url.startsWith(`${endpoint}/`), 'a URL that the settings do not let through');
  const path = url.slice(endpoint.length + 1);
  const slash = path.indexOf('/');
  return { endpoint, container: path.slice(0, slash), objectName: decodeURIComponent(path.slice(slash + 1)) };
}
