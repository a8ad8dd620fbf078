import { describe, expect, it } from 'vitest';
import { deliverMessageOf, scanMessageOf, walkMessageOf } from '../../../../shared/events/own-messages.ts';
import { parseMessage } from '../../../../shared/events/parse-message.ts';
import type { ReplacedVersion } from '../../../../shared/events/scan-request.ts';
import { firstWalk } from '../../../../shared/scanner/walk-objects.ts';
import { allow, fixture, onlyRefusal, onlyScan } from './message-builders.ts';

const scanId = 'a1'.repeat(32);
const request = onlyScan(parseMessage(fixture('blob-created.cloud-event'), allow));
const replaced: ReplacedVersion[] = [
  { eTag: '0x1', versionId: undefined, sizeInBytes: 5, eventTime: '2026-03-04T00:00:00.000Z' },
  { eTag: '0x2', versionId: '2026-03-02T09:15:42.1835921Z', sizeInBytes: undefined, eventTime: '' },
];
const inQueue = (message: object): string => Buffer.from(JSON.stringify(message)).toString('base64');

describe('a message of the app itself', () => {
  it('says of a scan all that its first message said, and where it is', () => {
    const rulesDigest = 'f'.repeat(64);
    const message = scanMessageOf(request, replaced, { scanId, generation: 3, rulesDigest });
    expect(onlyScan(parseMessage(inQueue(message), allow))).toEqual({
      ...request,
      replaced,
      resumes: { scanId, generation: 3, rulesDigest },
      again: false,
    });
  });

  it('has an object looked at, again if need be', () => {
    const asked = onlyScan(parseMessage(inQueue(scanMessageOf({ ...request, again: true }, [])), allow));
    expect(asked).toEqual({ ...request, replaced: [], resumes: undefined, again: true });
  });

  it('says what asked for a scan that no event did', () => {
    for (const origin of ['sweep', 'rescan'] as const) {
      const message = scanMessageOf({ ...request, origin }, [], { scanId, generation: 1 });
      expect(onlyScan(parseMessage(inQueue(message), allow))).toMatchObject({ origin });
    }
    expect(scanMessageOf({ ...request, origin: 'event' }, [])).not.toHaveProperty('origin');
  });

  it('has objects gone through', () => {
    const walk = firstWalk({
      account: 'contosouploads',
      container: 'intake',
      containers: 'inTurn',
      from: '2!8',
      step: 3,
    });
    expect(parseMessage(inQueue(walkMessageOf(walk)), allow)).toEqual([walk]);
  });

  it('has a report delivered', () => {
    expect(parseMessage(inQueue(deliverMessageOf(scanId, 7)), allow)).toEqual([
      { kind: 'deliver', scanId, attempt: 7 },
    ]);
  });

  it('fits into the queue for the longest name', () => {
    const url = `https://contosouploads.blob.core.windows.net/intake/${'%F0%9F%98%80'.repeat(512)}`;
    const many = Array.from({ length: 50 }, (_, index) => ({ ...replaced[0]!, eTag: `0x${index}` }));
    const message = scanMessageOf({ ...request, url }, many, { scanId, generation: 1 });
    expect(inQueue(message).length).toBeLessThan(64 * 1024);
    // The versions that went last are those that are not recorded yet.
    expect(onlyScan(parseMessage(inQueue(message), allow)).replaced?.at(-1)?.eTag).toBe('0x49');
  });
});

describe('a message like one of the app itself', () => {
  const good = JSON.parse(JSON.stringify(scanMessageOf(request, replaced, { scanId, generation: 1 }))) as {
    scan: object;
  };

  const walk = walkMessageOf(firstWalk({ account: 'contosouploads', container: 'intake' }));

  it.each<[string, object]>([
    ['without a URL', { ...good, scan: { ...good.scan, url: undefined } }],
    ['with an eTag for any version', { ...good, scan: { ...good.scan, eTag: '"*' } }],
    ['that goes on with no ScanId', { ...good, continue: '../../other' }],
    ['of rules without a digest', { ...good, rules: 'newest' }],
    ['of a slice before the first', { ...good, generation: -1 }],
    ['with more than it may hold', { ...good, accountKey: 'x' }],
    ['that saw too much go', { ...good, replaced: Array.from({ length: 21 }, () => replaced[0]) }],
    ['of an origin that there is not', { ...good, origin: 'admin' }],
    ['that walks under a path', { ...walk, walk: '../../rules/x' }],
    ['that walks through a container of the service', { ...walk, container: '$logs' }],
    ['that walks without a rate', { ...walk, perMinute: 0 }],
    ['that walks in another way', { ...walk, containers: 'all' }],
    ['that walks backwards', { ...walk, step: -1 }],
    ['that walks with more than it may hold', { ...walk, url: 'https://evil.example' }],
    ['that delivers no ScanId', { deliver: 'x', attempt: 1 }],
    ['that delivers for the noughth time', { deliver: scanId, attempt: 0 }],
    ['with something else for an object', { scan: 'https://contosouploads.blob.core.windows.net/a/b' }],
  ])('%s is refused', (_, message) => {
    const refusal = onlyRefusal(parseMessage(JSON.stringify(message), allow));
    expect(refusal).toMatchObject({ verdict: 'failed', reason: 'malformedMessage' });
    expect(refusal.detail).toMatch(/^a message of the app itself: /);
  });

  it('leads nowhere but to the watched accounts', () => {
    expect(onlyRefusal(parseMessage({ ...walk, account: 'evil' }, allow))).toMatchObject({ reason: 'foreignAccount' });
    for (const url of ['https://evil.example/a/b', 'https://contosouploads.blob.core.windows.net@evil.example/a/b']) {
      const refusal = onlyRefusal(parseMessage({ ...good, scan: { ...good.scan, url } }, allow));
      expect(refusal).toMatchObject({ verdict: 'skipped', reason: 'foreignAccount' });
    }
  });
});
