import { describe, expect, it } from 'vitest';
import { parseRescanOrder } from '../../../../shared/events/rescan-order.ts';
import { allow } from './message-builders.ts';

const messageId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const other = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
const parse = (order: unknown) => parseRescanOrder(order, messageId, allow);
const account = 'contosouploads';

describe('an order to rescan', () => {
  it('needs an account and no more; its id is then that of its message', () => {
    expect(parse({ rescan: 'begin', account })).toEqual({
      kind: 'begin',
      id: messageId,
      range: {
        account,
        container: undefined,
        prefix: '',
        since: undefined,
        until: undefined,
        only: 'unscanned',
        perMinute: 600,
      },
    });
  });

  it('says which objects and how fast, in the base64 that a queue holds too', () => {
    const order = {
      rescan: 'begin',
      id: other.toUpperCase(),
      account,
      container: 'intake',
      prefix: 'ä/2026 ',
      since: '2026-11-01',
      until: '2026-11-02T10:00:00Z',
      only: 'all',
      perMinute: 5,
    };
    const range = {
      account,
      container: 'intake',
      prefix: 'ä/2026 ',
      since: '2026-11-01T00:00:00.000Z',
      until: '2026-11-02T10:00:00.000Z',
      only: 'all',
      perMinute: 5,
    };
    for (const message of [order, JSON.stringify(order), Buffer.from(JSON.stringify(order)).toString('base64')]) {
      expect(parse(message)).toEqual({ kind: 'begin', id: other, range });
    }
  });

  it.each(['stop', 'resume'] as const)('has one %s', (kind) => {
    expect(parse({ rescan: kind, id: other })).toEqual({ kind, id: other });
  });
});

describe('what is like an order', () => {
  const good = { rescan: 'begin', account };

  it.each<[string, unknown, string]>([
    ['nothing', undefined, ''],
    ['text', 'rescan everything', 'neither JSON nor base64'],
    ['an event', { specversion: '1.0', type: 'Microsoft.Storage.BlobCreated' }, 'rescan: '],
    ['two orders', [good, good], 'one thing'],
    ['none', [], 'empty'],
    ['an account that is not watched', { ...good, account: 'evil' }, 'account evil is not watched'],
    ['another host for an account', { ...good, account: 'evil.example/' }, 'is not watched'],
    ['a container that is a path', { ...good, container: '../other' }, 'container: '],
    ['a container of the service itself', { ...good, container: '$logs' }, 'container: '],
    ['a prefix without end', { ...good, prefix: 'x'.repeat(1_025) }, 'prefix: '],
    ['a time that is none', { ...good, since: 'yesterday' }, 'since: '],
    ['a day that is none', { ...good, until: '2026-02-30' }, 'until: '],
    ['a time without a moment in it', { ...good, since: '2026-11-02', until: '2026-11-02' }, 'until: '],
    ['other objects', { ...good, only: 'everything' }, 'only: '],
    ['no rate', { ...good, perMinute: 0 }, 'perMinute: '],
    ['half a scan', { ...good, perMinute: 1.5 }, 'perMinute: '],
    ['a rate beyond all', { ...good, perMinute: 1e9 }, 'perMinute: '],
    ['an id that is a path', { ...good, id: '../rules/x' }, 'id: '],
    ['a stop of nothing', { rescan: 'stop' }, 'id: '],
    ['a stop of a path', { rescan: 'stop', id: 'a/../../b' }, 'id: '],
    ['a stop with more', { rescan: 'stop', id: other, account }, ''],
    ['more than it may hold', { ...good, url: 'https://evil.example' }, ''],
    ['a prototype', JSON.parse(`{"rescan":"begin","account":"${account}","__proto__":{"only":"all"}}`), ''],
  ])('%s is refused, in words', (_, message, words) => {
    const order = parse(message);
    expect(order).toHaveProperty('fault');
    const { fault } = order as { fault: string };
    expect(fault).toContain(words);
    expect(fault.length).toBeGreaterThan(5);
    expect(fault.length).toBeLessThanOrEqual(300);
  });

  it('is known by the id that it names, where that is one', () => {
    expect(parse({ ...good, account: 'evil', id: other })).toMatchObject({ id: other });
    expect(parse({ ...good, id: '../rules/x' })).toMatchObject({ id: messageId });
  });

  it('has nothing of it repeated that a terminal or a log would obey', () => {
    const { fault } = parse({ ...good, account: '\u001b[2J\n{"a":1}' }) as { fault: string };
    expect(fault).not.toMatch(/[\u0000-\u001f]/);
  });
});
