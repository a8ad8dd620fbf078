import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../../../shared/events/parse-message.ts';
import { allow, blobCreated, fixture, fixtureText, onlyRefusal, onlyScan } from './message-builders.ts';

const now = new Date('2026-03-05T00:00:00.000Z');
const armId =
  '/subscriptions/3b1f6a52-7c1e-4d0b-9a55-2f0d6f6c9e01/resourceGroups/rg-intake_prod/providers/Microsoft.Storage/storageAccounts/contosouploads';

describe('parseMessage', () => {
  it('makes a scan of a BlobCreated CloudEvent', () => {
    expect(parseMessage(fixture('blob-created.cloud-event'), allow, now)).toEqual([
      {
        kind: 'scan',
        account: 'contosouploads',
        container: 'invoices',
        objectName: '2026/März/offer #7 (50%+).pdf',
        url: 'https://contosouploads.blob.core.windows.net/invoices/2026/M%C3%A4rz/offer%20%237%20(50%25%2B).pdf',
        eTag: '0x8DE783C1A2B3C4D',
        versionId: undefined,
        sizeInBytes: 20_480,
        eventTime: '2026-03-02T09:15:42.183Z',
        eventId: 'b5f0c6d2-d01e-0048-2a11-7d9c3e06aa10',
        api: 'PutBlob',
        resourceId: armId,
      },
    ]);
  });

  it('makes a scan of the same event in the Event Grid schema', () => {
    expect(onlyScan(parseMessage(fixture('blob-created.event-grid'), allow, now))).toEqual({
      kind: 'scan',
      account: 'contosouploads',
      container: 'intake',
      objectName: 'setup.exe',
      url: 'https://contosouploads.blob.core.windows.net/intake/setup.exe',
      eTag: '0x8DE783C1A2B3C4E',
      versionId: undefined,
      sizeInBytes: 734_003_200,
      eventTime: '2026-03-02T09:15:42.183Z',
      eventId: '7e1d2f3a-c01e-00a2-11b4-8a2c5f06cc21',
      api: 'PutBlockList',
      resourceId: armId,
    });
  });

  it.each(['blob-created.cloud-event', 'blob-created.event-grid', 'subscription-validation.event-grid'])(
    'reads %s alike as JSON, text, base64 and bytes of either',
    (name) => {
      const text = fixtureText(name);
      const base64 = Buffer.from(text).toString('base64');
      const expected = parseMessage(fixture(name), allow, now);
      const forms = [
        text,
        `\ufeff${text}`,
        base64,
        ` ${base64}\n`,
        JSON.stringify(base64),
        Buffer.from(text),
        Buffer.from(base64),
      ];
      for (const form of forms) expect(parseMessage(form, allow, now)).toEqual(expected);
    },
  );

  it('turns the dfs URL of a hierarchical account into the blob URL', () => {
    const request = onlyScan(parseMessage(fixture('flush-with-close.cloud-event'), allow, now));
    expect(request).toMatchObject({
      account: 'contosolake',
      container: 'raw',
      objectName: 'day=02/part-0001.parquet',
      url: 'https://contosolake.blob.core.windows.net/raw/day%3D02/part-0001.parquet',
      api: 'FlushWithClose',
    });
  });

  it('leaves an empty object that is still being written to the event that follows', () => {
    const refusal = onlyRefusal(parseMessage(fixture('create-file.event-grid'), allow, now));
    expect(refusal).toMatchObject({
      verdict: 'skipped',
      reason: 'notABlobEvent',
      account: 'contosolake',
      container: 'raw',
      objectName: 'day=02/part-0001.parquet',
      eventTime: '2026-03-02T09:15:42.183Z',
    });
    expect(refusal.detail).toContain('CreateFile');
    expect(
      onlyRefusal(parseMessage(blobCreated({ api: 'SftpCreate', contentLength: undefined }), allow, now)).reason,
    ).toBe('notABlobEvent');
  });

  it('scans what such an operation wrote when it is not empty after all', () => {
    expect(onlyScan(parseMessage(blobCreated({ api: 'CreateFile', contentLength: 3 }), allow, now)).sizeInBytes).toBe(
      3,
    );
  });

  it('scans what was renamed, at its new place and in its current version', () => {
    expect(onlyScan(parseMessage(fixture('blob-renamed.cloud-event'), allow, now))).toMatchObject({
      container: 'raw',
      objectName: 'staged/tool.bin',
      url: 'https://contosolake.blob.core.windows.net/raw/staged/tool.bin',
      eTag: undefined,
      sizeInBytes: undefined,
    });
  });

  it('scans what came back from the archive', () => {
    expect(onlyScan(parseMessage(fixture('blob-tier-changed.cloud-event'), allow, now))).toMatchObject({
      objectName: '2019/backup.tar',
      api: 'SetBlobTier',
    });
  });

  it('scans dead-lettered events and unknown operations', () => {
    expect(onlyScan(parseMessage(fixture('dead-lettered.cloud-event'), allow, now)).objectName).toBe('late.zip');
    expect(onlyScan(parseMessage(blobCreated({ api: 'PutBlobFromTheFuture' }), allow, now)).api).toBe(
      'PutBlobFromTheFuture',
    );
  });

  it('skips what is no arrival of an object', () => {
    for (const name of ['blob-deleted.event-grid', 'subscription-validation.event-grid']) {
      const refusal = onlyRefusal(parseMessage(fixture(name), allow, now));
      expect(refusal).toMatchObject({ verdict: 'skipped', reason: 'notABlobEvent', url: '' });
      expect(refusal.eventId).not.toBe('');
      expect(refusal.detail).not.toContain('validate');
    }
    expect(
      onlyRefusal(parseMessage(blobCreated({}, { type: 'Microsoft.Storage.DirectoryRenamed' }), allow)).detail,
    ).toBe('event type Microsoft.Storage.DirectoryRenamed');
  });

  it('answers each event of a batch in its place', () => {
    const batch = [
      fixture('blob-created.cloud-event'),
      'not an event',
      blobCreated({ url: 'https://evil.example/a/b' }),
      (fixture('blob-created.event-grid') as unknown[])[0],
    ];
    const outcomes = parseMessage(batch, allow, now).map((request) =>
      request.kind === 'refused' ? request.reason : request.kind,
    );
    expect(outcomes).toEqual(['scan', 'malformedMessage', 'foreignAccount', 'scan']);
  });

  it.each([
    ['text that is no JSON', 'hello world', 'neither JSON nor base64'],
    ['base64 of no JSON', Buffer.from('hello').toString('base64'), 'neither JSON nor base64'],
    ['base64 of no text', Buffer.from([0xff, 0xfe, 0x00]).toString('base64'), 'neither JSON nor base64'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00]), '3 bytes and no text'],
    ['an empty text', '', '0 characters of text'],
    ['a cut-off text', '{"specversion":"1.0","type":', 'neither JSON nor base64'],
    ['an empty array', [], 'empty array'],
    ['nothing', undefined, 'not undefined'],
    ['null', null, 'not null'],
    ['a number', 7, 'not number'],
    ['an array in an array', [[]], 'not array'],
    ['an object of another kind', { hello: 'world' }, 'neither a CloudEvent nor an Event Grid event'],
    ['another version of CloudEvents', { specversion: '0.3', type: 'x' }, 'CloudEvents "0.3"'],
    ['a CloudEvent without a type', { specversion: '1.0' }, 'without a type'],
    ['an event without data', blobCreated({}, { data: undefined }), 'not undefined'],
    ['an event with data in base64', blobCreated({}, { data: 'eyJ9' }), 'not string'],
    ['an event without a URL', blobCreated({ url: undefined }), 'data.url of Microsoft.Storage.BlobCreated'],
    ['a URL that is no text', blobCreated({ url: ['https://contosouploads.blob.core.windows.net/a/b'] }), 'not array'],
    ['nesting deeper than the stack', `${'['.repeat(400_000)}${']'.repeat(400_000)}`, ''],
  ])('records %s as malformed', (_, message, detail) => {
    const refusal = onlyRefusal(parseMessage(message, allow, now));
    expect(refusal).toMatchObject({ verdict: 'failed', reason: 'malformedMessage' });
    expect(refusal.detail).toContain(detail);
    expect(refusal.detail.length).toBeLessThanOrEqual(300);
  });

  it('takes a message of the largest size and none above it', () => {
    const event = fixtureText('blob-created.cloud-event');
    const largest = event + ' '.repeat((1 << 20) - Buffer.byteLength(event));
    expect(parseMessage(largest, allow, now)).toMatchObject([{ kind: 'scan' }]);
    expect(parseMessage(Buffer.from(largest), allow, now)).toMatchObject([{ kind: 'scan' }]);
    expect(onlyRefusal(parseMessage(`${largest} `, allow, now)).detail).toBe(
      'the message has 1048577 bytes, more than 1048576',
    );
    expect(onlyRefusal(parseMessage(Buffer.from(`${largest} `), allow, now)).reason).toBe('malformedMessage');
  });

  it('takes a batch of the largest number of events and none above it', () => {
    const batch = Array.from({ length: 1_000 }, () => ({}));
    expect(parseMessage(batch, allow, now)).toHaveLength(1_000);
    expect(onlyRefusal(parseMessage([...batch, {}], allow, now)).detail).toBe(
      'the message holds 1001 events, more than 1000',
    );
  });

  it.each([
    ['0x8DE783C1A2B3C4D', '0x8DE783C1A2B3C4D'],
    ['"0x8DE783C1A2B3C4D"', '0x8DE783C1A2B3C4D'],
    ['W/"0x8DE783C1A2B3C4D"', '0x8DE783C1A2B3C4D'],
    ['*', undefined],
    ['"*"', undefined],
    ['""', undefined],
    ['', undefined],
    ['a"b', undefined],
    ['a\r\nx-ms-evil: 1', undefined],
    ['x'.repeat(129), undefined],
    [17, undefined],
    [null, undefined],
  ])('reads the eTag %j as %j', (eTag, expected) => {
    expect(onlyScan(parseMessage(blobCreated({ eTag }), allow, now)).eTag).toBe(expected);
  });

  it.each([
    ['2026-03-02T09:15:42Z', '2026-03-02T09:15:42.000Z'],
    ['2026-03-02T10:15:42.5+01:00', '2026-03-02T09:15:42.500Z'],
    ['2026-03-02T09:15:42', now.toISOString()],
    ['2026-13-02T09:15:42Z', now.toISOString()],
    ['0000-01-01T00:00:00+01:00', now.toISOString()],
    ['yesterday', now.toISOString()],
    ['Mon, 02 Mar 2026 09:15:42 GMT', now.toISOString()],
    [1_772_442_942, now.toISOString()],
    [undefined, now.toISOString()],
  ])('reads the time %j as %s', (time, expected) => {
    expect(onlyScan(parseMessage(blobCreated({}, { time }), allow, now)).eventTime).toBe(expected);
  });

  it('keeps sizes, versions and operations only where they can be such', () => {
    const good = { contentLength: 0, versionId: '2026-03-02T09:15:42.1835921Z', api: 'PutBlob' };
    expect(onlyScan(parseMessage(blobCreated(good), allow, now))).toMatchObject({
      sizeInBytes: 0,
      versionId: good.versionId,
    });
    for (const bad of [
      { contentLength: -1 },
      { contentLength: 1.5 },
      { contentLength: '12' },
      { contentLength: 2 ** 60 },
    ]) {
      expect(onlyScan(parseMessage(blobCreated(bad), allow, now)).sizeInBytes).toBeUndefined();
    }
    for (const versionId of ['x', '2026-03-02T09:15:42.1835921Z&sig=1', 5]) {
      expect(onlyScan(parseMessage(blobCreated({ versionId }), allow, now)).versionId).toBeUndefined();
    }
    for (const api of ['a b', 'x'.repeat(65), {}]) {
      expect(onlyScan(parseMessage(blobCreated({ api }), allow, now)).api).toBeUndefined();
    }
  });

  it('takes the resource id only from the ARM id of that very account', () => {
    const from = (source: unknown): string =>
      onlyScan(parseMessage(blobCreated({}, { source }), allow, now)).resourceId;
    expect(from(armId)).toBe(armId);
    expect(
      from(armId.replace('resourceGroups', 'resourcegroups').replace('contosouploads', 'ContosoUploads')),
    ).not.toBe('');
    const foreign = [
      armId.replace('contosouploads', 'contosolake'),
      `${armId}/blobServices/default`,
      armId.replace('Microsoft.Storage/storageAccounts', 'Microsoft.EventGrid/topics'),
      `${armId}\n`,
      'https://evil.example',
      '',
      42,
      undefined,
    ];
    for (const source of foreign) expect(from(source)).toBe('');
  });

  it('bounds and cleans what it repeats of an event', () => {
    const { eventId } = onlyScan(parseMessage(blobCreated({}, { id: `a\n${'x'.repeat(500)}` }), allow, now));
    expect(eventId).toMatch(/^a\\nx+…$/);
    expect(eventId.length).toBe(200);
    const type = `x?sig=SECRET&${'y'.repeat(1_000)}`;
    const { detail } = onlyRefusal(parseMessage(blobCreated({}, { type }), allow, now));
    expect(detail).not.toContain('SECRET');
    expect(detail.length).toBeLessThanOrEqual(300);
  });
});
