import { describe, expect, it } from 'vitest';
import { allowListOf, blobEndpointOf } from '../../../../shared/events/allow-list.ts';
import { objectUrl, parseObjectUrl } from '../../../../shared/events/object-url.ts';
import { allow, allowLocal } from './message-builders.ts';

const blobHost = 'https://contosouploads.blob.core.windows.net';

function nameOf(url: string): string {
  const place = parseObjectUrl(url, allow);
  if ('reason' in place) throw new Error(place.detail);
  return `${place.container} | ${place.objectName}`;
}

describe('parseObjectUrl', () => {
  it.each([
    ['intake/a.bin', 'intake | a.bin'],
    ['intake/a/b/c.bin', 'intake | a/b/c.bin'],
    ['intake/a%2Fb', 'intake | a/b'],
    ['intake/a//b', 'intake | a//b'],
    ['intake//a', 'intake | /a'],
    ['intake/a/', 'intake | a/'],
    ['intake/100%25', 'intake | 100%'],
    ['intake/a%252e%252e', 'intake | a%2e%2e'],
    ['intake/%252e%252e/x', 'intake | %2e%2e/x'],
    ['intake/a+b', 'intake | a+b'],
    ['intake/a%2Bb', 'intake | a+b'],
    ['intake/a%23b%3Fc', 'intake | a#b?c'],
    ['intake/a%20b', 'intake | a b'],
    ['intake/a b', 'intake | a b'],
    ['intake/%F0%9F%92%BE.bin', 'intake | 💾.bin'],
    ['intake/💾.bin', 'intake | 💾.bin'],
    ['intake/a%5Cb', 'intake | a\\b'],
    ['intake/...', 'intake | ...'],
    ['intake/.hidden', 'intake | .hidden'],
    ['intake/a:b@c', 'intake | a:b@c'],
    ['$web/index.html', '$web | index.html'],
    ['$root/a.txt', '$root | a.txt'],
    ['a.txt', '$root | a.txt'],
    ['intake/a.bin?sv=2024-01-01&sig=SECRET', 'intake | a.bin'],
    ['intake/a.bin#fragment?x', 'intake | a.bin'],
  ])('reads %s', (path, expected) => {
    expect(nameOf(`${blobHost}/${path}`)).toBe(expected);
  });

  it('never keeps a query or a fragment', () => {
    const place = parseObjectUrl(`${blobHost}/intake/a.bin?sig=SECRET#SECRET`, allow);
    expect(JSON.stringify(place)).not.toContain('SECRET');
  });

  it.each([
    // Users in front of the host.
    `https://contosouploads.blob.core.windows.net@evil.example/intake/a`,
    `https://evil.example@contosouploads.blob.core.windows.net/intake/a`,
    `https://u:SECRET@contosouploads.blob.core.windows.net/intake/a`,
    `https://@contosouploads.blob.core.windows.net/intake/a`,
    // Hosts that look alike.
    'https://contosouploads.blob.core.windows.net.evil.example/intake/a',
    'https://contosouploads.blob.core.windows.net./intake/a',
    'https://contosouploads.blob.core.windows.evil/intake/a',
    'https://contosouploads.blob.evil.core.windows.net/intake/a',
    'https://x.contosouploads.blob.core.windows.net/intake/a',
    'https://contosouploads-secondary.blob.core.windows.net/intake/a',
    'https://contosouploads.queue.core.windows.net/intake/a',
    'https://contosouploads.blobcore.windows.net/intake/a',
    'https://contosouploadsblob.core.windows.net/intake/a',
    'https://evilaccount.blob.core.windows.net/intake/a',
    'https://contoso.blob.core.windows.net/intake/a',
    'https://.blob.core.windows.net/intake/a',
    'https://CONTOSOUPLOADS.blob.core.windows.net/intake/a',
    'https://contosouploads.BLOB.core.windows.net/intake/a',
    'https://contosouploads.blob.core.windows%2Enet/intake/a',
    'https://contosouploads%2Eblob.core.windows.net/intake/a',
    'https://cоntosouploads.blob.core.windows.net/intake/a',
    'https://xn--cntosouploads-0ke.blob.core.windows.net/intake/a',
    'https://contosouploads。blob.core.windows.net/intake/a',
    'https://contosouploads.blob.core.windows.net／evil/intake/a',
    'https://contosouploads.blob.core.windows.net;evil.example/intake/a',
    'https://contosouploads.blob.core.windows.net evil.example/intake/a',
    // Addresses, this machine, metadata services.
    'https://169.254.169.254/metadata/identity',
    'https://127.0.0.1/devstoreaccount1/intake/a',
    'https://2130706433/intake/a',
    'https://[::1]/intake/a',
    'https://localhost/intake/a',
    'http://127.0.0.1:41000/devstoreaccount1/intake/a',
    // Ports and schemes.
    `${blobHost}:443/intake/a`,
    `${blobHost}:8443/intake/a`,
    `${blobHost}:/intake/a`,
    'http://contosouploads.blob.core.windows.net/intake/a',
    'HTTPS://contosouploads.blob.core.windows.net/intake/a',
    'wss://contosouploads.blob.core.windows.net/intake/a',
    'file:///intake/a',
    'https:///contosouploads.blob.core.windows.net/intake/a',
    'https://evil.example?https://contosouploads.blob.core.windows.net/intake/a',
    'https://evil.example#@contosouploads.blob.core.windows.net/intake/a',
    'https://evil.example/https://contosouploads.blob.core.windows.net/intake/a',
  ])('takes %s for foreign', (url) => {
    const refusal = parseObjectUrl(url, allow);
    expect(refusal).toMatchObject({ reason: 'foreignAccount', place: { account: '', container: '', objectName: '' } });
    expect(JSON.stringify(refusal)).not.toMatch(/SECRET|"url":"[^"]*[?#]/);
  });

  it.each([
    ['', 'not a URL'],
    ['contosouploads.blob.core.windows.net/intake/a', 'not a URL'],
    ['//contosouploads.blob.core.windows.net/intake/a', 'not a URL'],
    ['https:contosouploads.blob.core.windows.net/intake/a', 'not a URL'],
    [' https://contosouploads.blob.core.windows.net/intake/a', 'not a URL'],
    ['javascript:alert(1)', 'not a URL'],
    ['https:\\\\contosouploads.blob.core.windows.net\\intake\\a', 'backslash'],
    ['https://contosouploads.blob.core.windows.net\\@evil.example/intake/a', 'backslash'],
    [`${blobHost}/intake\\a`, 'backslash'],
    ['https://contosouploads.blob.core.windows.net\n.evil.example/intake/a', 'control character'],
    [`${blobHost}/in\ttake/a`, 'control character'],
    [`${blobHost}/intake/\ud800`, 'lone surrogate'],
    [blobHost, 'names no object'],
    [`${blobHost}/`, 'names no object'],
    [`${blobHost}/intake/`, 'names no object'],
    [`${blobHost}//intake/a`, '"" is no name of a container'],
    [`${blobHost}/In/a`, '"In" is no name'],
    [`${blobHost}/in%2Ftake/a`, 'is no name'],
    [`${blobHost}/../intake/a`, '".." is no name'],
    [`${blobHost}/%2e%2e/a`, 'is no name'],
    [`${blobHost}/-abc/a`, 'is no name'],
    [`${blobHost}/$system/a`, 'is no name'],
    [`${blobHost}/intake/../other/a`, 'segment of dots'],
    [`${blobHost}/intake/%2e%2e/other/a`, 'segment of dots'],
    [`${blobHost}/intake/%2E./other/a`, 'segment of dots'],
    [`${blobHost}/intake/..%2f..%2fother%2fa`, 'segment of dots'],
    [`${blobHost}/intake/./a`, 'segment of dots'],
    [`${blobHost}/intake/a/..`, 'segment of dots'],
    [`${blobHost}/intake/%`, 'percent sign'],
    [`${blobHost}/intake/a%2`, 'percent sign'],
    [`${blobHost}/intake/%zz`, 'percent sign'],
    [`${blobHost}/intake/%ff%fe`, 'percent sign'],
    [`${blobHost}/intake/%ed%a0%80`, 'percent sign'],
    [`${blobHost}/intake/%c0%ae%c0%ae/a`, 'percent sign'],
    [`${blobHost}/intake/a%00b`, 'control character'],
    [`${blobHost}/intake/a%0d%0ax-ms-evil:1`, 'control character'],
    [`${blobHost}/intake/${'x'.repeat(1_025)}`, '1025 characters'],
    [`${blobHost}/intake/${'x'.repeat(20_000)}`, 'more than 10240'],
  ])('takes %j for malformed', (url, detail) => {
    const refusal = parseObjectUrl(url, allow);
    expect(refusal).toMatchObject({ reason: 'malformedMessage', detail: expect.stringContaining(detail) as string });
  });

  it.each(['$logs', '$blobchangefeed'])('leaves %s to the service that writes it', (container) => {
    expect(parseObjectUrl(`${blobHost}/${container}/a.log`, allow)).toMatchObject({
      reason: 'notABlobEvent',
      place: { account: 'contosouploads', container, objectName: 'a.log' },
    });
  });

  it('accepts the longest name there can be', () => {
    const encoded = '%E2%82%AC'.repeat(1_024);
    expect(nameOf(`${blobHost}/${'c'.repeat(63)}/${encoded}`)).toBe(`${'c'.repeat(63)} | ${'€'.repeat(1_024)}`);
  });

  it('knows in local use the emulator and nothing else', () => {
    expect(parseObjectUrl('http://127.0.0.1:41000/devstoreaccount1/samples/a%20b.bin', allowLocal)).toEqual({
      account: 'devstoreaccount1',
      container: 'samples',
      objectName: 'a b.bin',
      url: 'http://127.0.0.1:41000/devstoreaccount1/samples/a%20b.bin',
    });
    const foreign = [
      'http://127.0.0.1:41001/devstoreaccount1/samples/a',
      'https://127.0.0.1:41000/devstoreaccount1/samples/a',
      'http://localhost:41000/devstoreaccount1/samples/a',
      'http://127.0.0.1:41000/devstoreaccount2/samples/a',
      'http://127.0.0.1:41000/devstoreaccount12/samples/a',
      'http://user@127.0.0.1:41000/devstoreaccount1/samples/a',
      'http://127.0.0.1:41000@evil.example/devstoreaccount1/samples/a',
      'http://127.0.0.1:41000/%64evstoreaccount1/samples/a',
      'http://127.0.0.1:41000/../devstoreaccount1/samples/a',
      'https://devstoreaccount1.blob.core.windows.net/samples/a',
    ];
    for (const url of foreign) expect(parseObjectUrl(url, allowLocal), url).toMatchObject({ reason: 'foreignAccount' });
    expect(parseObjectUrl('http://127.0.0.1:41000/devstoreaccount1/../x/samples/a', allowLocal)).toHaveProperty(
      'reason',
    );
  });
});

describe('objectUrl', () => {
  it('writes what parseObjectUrl reads', () => {
    const object = { account: 'contosolake', container: 'raw', objectName: "a b/c#d?e%f+g&h='(i)💾//j" };
    const url = objectUrl(object, allow)!;
    expect(url).toMatch(/^https:\/\/contosolake\.blob\.core\.windows\.net\/raw\/[^ ?#]+$/);
    expect(new URL(url).href).toBe(url);
    expect(parseObjectUrl(url, allow)).toEqual({ ...object, url });
  });

  it('has no URL for foreign accounts and for names no URL can carry', () => {
    for (const object of [
      { account: 'evil', container: 'raw', objectName: 'a' },
      { account: 'contosolake', container: 'raw', objectName: 'a/../b' },
      { account: 'contosolake', container: 'raw', objectName: '\udc00' },
      { account: 'contosolake', container: 'raw', objectName: '' },
    ]) {
      expect(objectUrl(object, allow)).toBeUndefined();
    }
  });
});

describe('allowListOf', () => {
  it('lists the watched accounts under the storage domain', () => {
    const list = allowListOf({
      accounts: ['one1', 'two2'],
      storageSuffix: 'core.usgovcloudapi.net',
      state: {
        kind: 'identity',
        tableServiceUri: 'https://x',
        blobServiceUri: 'https://y',
        queueServiceUri: 'https://z',
      },
    });
    expect(blobEndpointOf('two2', list)).toBe('https://two2.blob.core.usgovcloudapi.net');
    expect(blobEndpointOf('three3', list)).toBeUndefined();
  });

  it('lists the emulator alone in local use, whatever else is watched', () => {
    const list = allowListOf({
      accounts: ['devstoreaccount1', 'contosouploads'],
      storageSuffix: 'core.windows.net',
      state: {
        kind: 'local',
        connectionString: '',
        accountName: 'devstoreaccount1',
        blobEndpoint: 'http://127.0.0.1:41000/devstoreaccount1',
        queueEndpoint: '',
        tableEndpoint: '',
      },
    });
    expect(list).toEqual(allowLocal);
    expect(blobEndpointOf('devstoreaccount1', list)).toBe('http://127.0.0.1:41000/devstoreaccount1');
    expect(blobEndpointOf('contosouploads', list)).toBeUndefined();
  });
});
