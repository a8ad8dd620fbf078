import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_SCANS_PER_MINUTE, parseRescanOrder } from '../../../../shared/events/rescan-order.ts';
import { walkMessageOf } from '../../../../shared/events/own-messages.ts';
import { parseMessage } from '../../../../shared/events/parse-message.ts';
import { firstWalk } from '../../../../shared/scanner/walk-objects.ts';
import { allow } from '../../../unit/shared/events/message-builders.ts';

// fast-check prints the seed and the path of a failing run.

const messageId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What must hold whatever the message was. */
function expectSound(message: unknown): void {
  const order = parseRescanOrder(message, messageId, allow);
  // It becomes part of the names of blobs.
  expect(order.id).toMatch(uuid);
  if ('fault' in order) {
    expect(order.fault.length).toBeGreaterThan(0);
    expect(order.fault.length).toBeLessThanOrEqual(300);
    expect(order.fault).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  } else if (order.kind === 'begin') {
    const { account, perMinute } = order.range;
    expect(['contosouploads', 'contosolake']).toContain(account);
    expect(perMinute).toBeGreaterThanOrEqual(1);
    expect(perMinute).toBeLessThanOrEqual(MAX_SCANS_PER_MINUTE);
    // What it asks of the queue is taken there, to the letter, and fits.
    const walk = firstWalk({ ...order.range, id: order.id, containers: 'inTurn' });
    const text = JSON.stringify(walkMessageOf(walk));
    expect(parseMessage(text, allow)).toEqual([walk]);
    expect(Buffer.byteLength(Buffer.from(text).toString('base64'))).toBeLessThan(64 * 1024);
  }
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 1_100 }),
  fc.constantFrom(
    'contosouploads',
    'contosolake',
    'evil',
    'intake',
    '$web',
    '../x',
    '2026-11-24',
    '\ud800',
    '\n',
    messageId,
  ),
);
const field = fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.jsonValue());
const order = fc.record(
  {
    rescan: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom('begin', 'stop', 'resume') },
      { weight: 1, arbitrary: field },
    ),
    id: fc.oneof(fc.uuid(), field),
    account: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom('contosouploads', 'contosolake') },
      { weight: 1, arbitrary: field },
    ),
    container: fc.oneof(fc.constantFrom('intake', '$root', 'a-b'), text),
    prefix: text,
    since: fc.oneof(fc.constantFrom('2026-11-01', '2026-11-01T00:00:00Z'), text),
    until: fc.oneof(fc.constantFrom('2026-11-02', '2026-11-02T00:00:00.5Z'), text),
    only: fc.oneof(fc.constantFrom('unscanned', 'unrecorded', 'all'), text),
    perMinute: fc.oneof(fc.integer({ min: 1, max: 200_000 }), field),
  },
  { requiredKeys: ['rescan'] },
);

describe('an order to rescan', () => {
  it('is carried out within bounds or refused in words, whatever its fields hold', () => {
    fc.assert(fc.property(order, expectSound), { numRuns: 3_000 });
  });

  it('is refused in words where it is anything else', () => {
    fc.assert(fc.property(fc.oneof(fc.anything(), fc.json(), fc.uint8Array({ maxLength: 200 })), expectSound), {
      numRuns: 1_000,
    });
  });

  it('is carried out where all of it is as it should be', () => {
    const good = fc.record(
      {
        rescan: fc.constant('begin' as const),
        account: fc.constantFrom('contosouploads', 'contosolake'),
        id: fc.uuid(),
        container: fc.constantFrom('intake', '$web', 'a-b-c'),
        prefix: fc.string({ maxLength: 500 }),
        perMinute: fc.integer({ min: 1, max: MAX_SCANS_PER_MINUTE }),
      },
      { requiredKeys: ['rescan', 'account'] },
    );
    fc.assert(
      fc.property(good, (message) => {
        expect(parseRescanOrder(message, messageId, allow)).toMatchObject({ kind: 'begin' });
        expectSound(message);
      }),
      { numRuns: 500 },
    );
  });
});
