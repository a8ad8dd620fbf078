/** Objects that are unusual without being broken, and what their writers may put around them to do harm: each has its outcome. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../../shared/app.ts';
import { readExclusion } from '../../../shared/exclusions/exclusion-file.ts';
import { ExclusionSet } from '../../../shared/exclusions/exclusion-set.ts';
import type { Service } from './service.ts';
import { harmless, malicious, startService } from './service.ts';

let service: Service;
let app: App;

beforeAll(async () => {
  service = await startService();
  app = await service.start({}, { exclusions: asking() });
});

afterAll(async () => {
  await service.close();
});

/** One that asks for whatever an uploader may claim, and holds for nothing of this file. */
function asking(): ExclusionSet {
  const text = `id: asks-for-claims
title: Asks for claims
description: So that metadata and tags are read and stand in rows.
rules: [callback]
owner: tests
excludeWhen: metadata.note == "never" or tags.note == "never" or process.name == "never.exe"
examples:
  excluded: [{ name: asked for, context: { metadata.note: never } }]
  kept: [{ name: another, context: { metadata.note: other } }]
`;
  const { file, remarks } = readExclusion(text, 'asks-for-claims.yaml');
  if (file === undefined) throw new Error(remarks.map(({ rendered }) => rendered).join('\n'));
  return new ExclusionSet([file.exclusion]);
}

describe('a name', () => {
  it.each([
    ['with what URLs escape', 'a%b+c#d?e&f=g;h,i.bin'],
    ['that looks escaped already', '%2e%2e%2f%00.bin'],
    ['with a dot and a space at its end', 'ends. . '],
    ['with slashes at its end', 'folder//x//'],
    ['in several scripts, composed and not', 'Å-Å-日本語-🧪-‮txt.exe'],
    ['that is a query of Kusto', '"; SluiceFindings_CL | take 1 //'],
    ['that is a formula', '=cmd|"/c calc"!A1'],
    ['of a property that objects have', '__proto__'],
    ['of the greatest length', `${'n'.repeat(1020)}.bin`],
  ])('%s is scanned under that very name', async (_, name) => {
    const upload = await service.upload(malicious, name);
    await app.handleMessage(service.event(upload));
    expect(service.outcomesOf(name)).toEqual(['match']);
    const [finding] = service.findingsOf(name);
    expect(finding).toMatchObject({ Rule: 'callback', Container: 'uploads', ObjectName: name });
    expect(decodeURIComponent(new URL(String(finding!.BlobUrl)).pathname)).toBe(`/devstoreaccount1/uploads/${name}`);
  });

  it.each([
    ['that climbs', 'a/../../b/./c.bin', 'segment of dots'],
    ['with a line end and control characters', 'a\r\nb\t\u0007\u001b[31m.bin', 'control character'],
  ])('%s, which no object can have, is recorded as failed and asked of nobody', async (_, name, detail) => {
    const before = service.endpoint.rows('SluiceScans_CL').length;
    const requests = service.proxy.seen.length;
    await app.handleMessage(service.event({ name, eTag: '0x1' }));
    const [row, ...others] = service.endpoint.rows('SluiceScans_CL').slice(before);
    expect(others).toEqual([]);
    expect(row).toMatchObject({ Verdict: 'failed', Reason: 'malformedMessage', Account: 'devstoreaccount1' });
    expect(row!.Detail).toContain(detail);
    expect(service.proxy.seen.slice(requests).filter(({ path }) => path.includes('/uploads/'))).toEqual([]);
  });
});

describe('an object', () => {
  it('under a lease is scanned: reading needs none', async () => {
    const upload = await service.upload(malicious);
    await service.container.getBlobClient(upload.name).getBlobLeaseClient().acquireLease(-1);
    await app.handleMessage(service.event(upload));
    expect(service.outcomesOf(upload.name)).toEqual(['match']);
  });

  it('with snapshots is scanned as it is now, whichever one a URL names', async () => {
    const before = await service.upload(malicious);
    const { snapshot } = await service.container.getBlobClient(before.name).createSnapshot();
    const now = await service.upload(harmless, before.name);
    const event = service.event(now) as { data: { url: string } };
    event.data.url += `?snapshot=${encodeURIComponent(snapshot!)}`;
    await app.handleMessage(event);
    expect(service.outcomesOf(now.name)).toEqual(['clean']);
    expect(service.scansOf(now.name)[0]!.ETag).toBe(now.eTag.replaceAll('"', ''));
  });

  it('that is deleted, softly or not, is skipped: the service says the same of both', async () => {
    const upload = await service.upload(malicious);
    await service.container.getBlobClient(upload.name).delete({ deleteSnapshots: 'include' });
    await app.handleMessage(service.event(upload));
    expect(service.outcomesOf(upload.name)).toEqual(['skipped: gone']);
  });

  it.each([
    ['a page', (name: string) => service.container.getPageBlobClient(name).create(512)],
    ['an append', (name: string) => service.container.getAppendBlobClient(name).create()],
  ])('that is %s blob is skipped by that name, and never clean', async (kind, create) => {
    const name = `${kind} ${randomUUID()}`;
    const { etag } = await create(name);
    await app.handleMessage(service.event({ name, eTag: etag! }));
    expect(service.outcomesOf(name)).toEqual(['skipped: blobType']);
  });
});

describe('what an uploader writes beside an object', () => {
  const secretish = 'AccountKey=';
  const hostile = {
    process_name: '"; drop table x; // <script>',
    note: `${'long '.repeat(1_400)}end`,
    constructor: '=1+1',
  };

  it('as metadata changes no verdict and stays text in the row', async () => {
    const name = `${randomUUID()}.bin`;
    const { etag } = await service.container
      .getBlockBlobClient(name)
      .upload(malicious, malicious.length, { metadata: hostile });
    await app.handleMessage(service.event({ name, eTag: etag! }));
    expect(service.outcomesOf(name)).toEqual(['match']);
    const [finding] = service.findingsOf(name);
    const claims = finding!.Claims as Record<string, string>;
    expect(claims['process.name']).toBe(hostile.process_name);
    expect(claims['metadata.note']!.length).toBeLessThan(hostile.note.length);
    expect(JSON.stringify(finding).length).toBeLessThan(64_000);
    expect(service.lines.join('\n')).not.toContain(hostile.process_name);
  });

  it('as tags changes no verdict: not even those of a scanner', async () => {
    const name = `${randomUUID()}.bin`;
    const tags = { SluiceVerdict: 'clean', 'Malware Scanning scan result': 'No threats found', note: 'a+b=c : d/e_f.' };
    const { etag } = await service.container
      .getBlockBlobClient(name)
      .upload(malicious, malicious.length, { tags, metadata: { scanned: 'clean', sluice: secretish } });
    await app.handleMessage(service.event({ name, eTag: etag! }));
    expect(service.outcomesOf(name)).toEqual(['match']);
    expect((service.findingsOf(name)[0]!.Claims as Record<string, string>)['tags.note']).toBe(tags.note);
  });
});
