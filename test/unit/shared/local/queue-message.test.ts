import { describe, expect, it } from 'vitest';
import { decodeBody, toInvocation } from '../../../../shared/local/queue-message.ts';

const item = {
  messageId: '6a2f1f0e-93d4-4f0d-9c56-0a3c3b2a9b11',
  insertedOn: new Date('2026-11-24T04:14:59Z'),
  expiresOn: new Date('2026-12-01T04:14:59Z'),
  popReceipt: 'AgAAAAMAAAAAAAAA',
  nextVisibleOn: new Date('2026-11-24T04:24:59.250Z'),
  dequeueCount: 2,
  messageText: '',
};
const invoke = (body: string) => toInvocation(item, Buffer.from(body), 'scan-on-upload');

describe('decodeBody', () => {
  it('decodes base64, with or without line breaks in it', () => {
    expect(Buffer.from(decodeBody('eyJh\nIjox fQ==', 'base64') ?? []).toString()).toBe('{"a":1}');
    expect(decodeBody('', 'base64')).toHaveLength(0);
  });

  it.each(['{"a":1}', 'eyJhIjoxfQ=', 'eyJhIjoxfQ', 'a===', '====', 'é'])('refuses %s, which is not base64', (text) => {
    expect(decodeBody(text, 'base64')).toBeUndefined();
  });

  it('takes the text as it is where nothing is encoded', () => {
    expect(Buffer.from(decodeBody('{"ä":1}', 'none') ?? []).toString()).toBe('{"ä":1}');
  });
});

describe('toInvocation', () => {
  it('parses a body that is JSON and leaves any other as text', () => {
    expect(invoke('{"a":[1,null]}').argument).toEqual({ a: [1, null] });
    expect(invoke('[{"b":2}]').argument).toEqual([{ b: 2 }]);
    expect(invoke('12').argument).toBe(12);
    expect(invoke('{"a":').argument).toBe('{"a":');
    expect(invoke('').argument).toBe('');
  });

  it('gives the queue values under camelCase keys, times as .NET writes them', () => {
    expect(invoke('hello').triggerMetadata).toEqual({
      queueTrigger: 'hello',
      dequeueCount: 2,
      id: item.messageId,
      popReceipt: item.popReceipt,
      insertionTime: '2026-11-24T04:14:59+00:00',
      expirationTime: '2026-12-01T04:14:59+00:00',
      nextVisibleTime: '2026-11-24T04:24:59.250+00:00',
      sys: {
        methodName: 'scan-on-upload',
        utcNow: expect.stringMatching(/^\d{4}-/),
        randGuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    });
  });

  it('lets properties of the body replace queue values, as the host does', () => {
    const body = {
      id: 'event-1',
      DequeueCount: '1',
      Subject: 'x',
      Data: { Url: 'u', TAGS: [{ Key: 1 }] },
      list: [1],
      none: null,
    };
    const { triggerMetadata } = invoke(JSON.stringify(body));
    expect(triggerMetadata).toMatchObject({ id: 'event-1', dequeueCount: 1, subject: 'x' });
    expect(triggerMetadata.data).toEqual({ url: 'u', tAGS: [{ key: 1 }] });
    expect(triggerMetadata).not.toHaveProperty('list');
    expect(triggerMetadata).not.toHaveProperty('none');
    expect(triggerMetadata.popReceipt).toBe(item.popReceipt);
  });

  it('keeps a hostile key an ordinary property', () => {
    const { triggerMetadata } = invoke('{"__proto__":{"polluted":true}}');
    expect(Object.getPrototypeOf(triggerMetadata)).toBe(Object.prototype);
    expect('polluted' in triggerMetadata).toBe(false);
  });

  it('fails on bytes that are not UTF-8', () => {
    expect(() => toInvocation(item, Buffer.from([0x7b, 0xff]), 'f')).toThrow(TypeError);
  });
});
