import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { objectUrl, parseObjectUrl } from '../../../../shared/events/object-url.ts';
import { parseMessage } from '../../../../shared/events/parse-message.ts';
import type { QueueRequest } from '../../../../shared/events/scan-request.ts';
import { allow, blobCreated } from '../../../unit/shared/events/message-builders.ts';

// fast-check prints the seed and the path of a failing run.

const watchedHosts = ['contosouploads.blob.core.windows.net', 'contosolake.blob.core.windows.net'];

/** What must hold for any request, whatever the message was. */
function expectSound(request: QueueRequest): void {
  if (request.kind === 'deliver' || request.kind === 'react' || request.kind === 'walk')
    throw new Error(`an event asks to ${request.kind}`);
  const { url } = request;
  if (request.kind === 'refused') {
    expect(request.detail.length).toBeLessThanOrEqual(300);
    expect(url).not.toMatch(/[?#]|^[^/]*\/\/[^/]*@/);
    return;
  }
  const parsed = new URL(url);
  // A client that parses the URL must see what was checked, to the letter.
  expect(parsed.href).toBe(url);
  expect(parsed.origin).toBe(`https://${parsed.host}`);
  expect(watchedHosts).toContain(parsed.host);
  expect(`${parsed.username}${parsed.password}${parsed.port}${parsed.search}${parsed.hash}`).toBe('');
  expect(parsed.host.split('.')[0]).toBe(request.account);
  const [, container, ...segments] = parsed.pathname.split('/');
  expect(container).toBe(request.container);
  expect(decodeURIComponent(segments.join('/'))).toBe(request.objectName);
}

/** Pieces that URL tricks are made of. */
const piece = fc.constantFrom(
  'https://',
  'http://',
  'HTTPS://',
  '//',
  '/',
  '\\',
  '@',
  ':',
  ':443',
  '?',
  '#',
  '.',
  '..',
  '%2e',
  '%2E%2e',
  '%2f',
  '%252f',
  '%5c',
  '%00',
  '%0d%0a',
  '%',
  '\u3002',
  '\uff0f',
  '\ud800',
  '\n',
  '\t',
  ' ',
  'contosouploads',
  'contosolake',
  '.blob.core.windows.net',
  '.dfs.core.windows.net',
  'https://contosouploads.blob.core.windows.net',
  'https://contosolake.dfs.core.windows.net/raw/',
  '/intake/',
  '$root',
  'evil.example',
  '127.0.0.1',
  '[::1]',
  'sig=x',
  '💾',
);
const trickyUrl = fc.oneof(
  fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join('')),
  fc
    .array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 8 })
    .map((pieces) => `https://contosouploads.blob.core.windows.net/intake/${pieces.join('')}`),
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
);

describe('parseMessage', () => {
  it('never throws and makes sound requests of any value', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }),
          fc.json(),
          fc.base64String(),
          fc.uint8Array(),
        ),
        (message) => {
          const requests = parseMessage(message, allow);
          expect(requests.length).toBeGreaterThan(0);
          for (const request of requests) expectSound(request);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('never throws and makes sound requests of events with any fields', () => {
    const field = fc.oneof(fc.jsonValue(), fc.constant(undefined));
    const data = fc.record({
      url: fc.oneof(trickyUrl, field),
      eTag: field,
      contentLength: field,
      api: field,
      versionId: field,
    });
    const envelope = fc.record({ id: field, time: field, source: field, subject: field });
    fc.assert(
      fc.property(data, envelope, (fields, around) => {
        for (const request of parseMessage(blobCreated(fields, around), allow)) expectSound(request);
      }),
      { numRuns: 1_000 },
    );
  });

  it('sends nobody anywhere but to the watched accounts, however a URL is made', () => {
    let scans = 0;
    fc.assert(
      fc.property(trickyUrl, (url) => {
        for (const request of parseMessage(blobCreated({ url }), allow)) {
          expectSound(request);
          if (request.kind === 'scan') scans++;
        }
      }),
      { numRuns: 5_000 },
    );
    // Otherwise the property above would say nothing.
    expect(scans).toBeGreaterThan(100);
  });
});

describe('objectUrl', () => {
  it('carries any name that has a URL there and back', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
      fc.string({ unit: 'grapheme', minLength: 1 }),
    );
    fc.assert(
      fc.property(name, (objectName) => {
        const object = { account: 'contosolake', container: 'raw', objectName };
        const url = objectUrl(object, allow);
        if (url === undefined) return;
        expect(parseObjectUrl(url, allow)).toEqual({ ...object, url });
        expect(new URL(url).href).toBe(url);
      }),
      { numRuns: 2_000 },
    );
  });
});
