import { describe, expect, it } from 'vitest';
import { isLoopbackHost } from '../../../../shared/base/loopback.ts';
import { parseLocalConnection } from '../../../../shared/base/local-connection.ts';

const parts = {
  DefaultEndpointsProtocol: 'http',
  AccountName: 'devstoreaccount1',
  AccountKey: 'c2VjcmV0',
  BlobEndpoint: 'http://127.0.0.1:41000/devstoreaccount1',
  QueueEndpoint: 'http://127.0.0.1:41001/devstoreaccount1',
  TableEndpoint: 'http://127.0.0.1:41002/devstoreaccount1',
};
const join = (values: Record<string, string | undefined>): string =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join(';');

describe('parseLocalConnection', () => {
  it('reads the endpoints of an emulator on any port', () => {
    const text = join(parts);
    expect(parseLocalConnection(text)).toEqual({
      connectionString: text,
      accountName: 'devstoreaccount1',
      blobEndpoint: parts.BlobEndpoint,
      queueEndpoint: parts.QueueEndpoint,
      tableEndpoint: parts.TableEndpoint,
    });
  });

  it('accepts https, localhost, IPv6 loopback and slashes at the end', () => {
    const connection = parseLocalConnection(
      `${join({
        ...parts,
        BlobEndpoint: 'https://localhost:1/devstoreaccount1/',
        QueueEndpoint: 'http://[::1]:2/devstoreaccount1',
        TableEndpoint: 'http://127.1.2.3:3/devstoreaccount1',
      })};`,
    );
    expect(connection).toMatchObject({
      blobEndpoint: 'https://localhost:1/devstoreaccount1',
      queueEndpoint: 'http://[::1]:2/devstoreaccount1',
    });
  });

  it.each([
    [
      'an endpoint elsewhere',
      { BlobEndpoint: 'https://devstoreaccount1.blob.core.windows.net' },
      'which is not this machine',
    ],
    ['one of three elsewhere', { TableEndpoint: 'http://10.0.0.1:10002/devstoreaccount1' }, 'leads to 10.0.0.1'],
    ['a look-alike', { BlobEndpoint: 'http://127.0.0.1.nip.io/devstoreaccount1' }, 'leads to 127.0.0.1.nip.io'],
    ['a user in front', { BlobEndpoint: 'http://127.0.0.1:80@evil.example/devstoreaccount1' }, 'leads to evil.example'],
    ['a user and loopback', { BlobEndpoint: 'http://user:pw@127.0.0.1/devstoreaccount1' }, 'holds more than'],
    ['a SAS in an endpoint', { QueueEndpoint: 'http://127.0.0.1/devstoreaccount1?sig=x' }, 'holds more than'],
    ['another account in the path', { BlobEndpoint: 'http://127.0.0.1:1/other' }, 'does not end in /devstoreaccount1'],
    ['another protocol', { BlobEndpoint: 'ftp://127.0.0.1/devstoreaccount1' }, 'neither http nor https'],
    ['no URL', { BlobEndpoint: 'somewhere' }, 'BlobEndpoint is not a URL'],
    ['a missing endpoint, which clients derive', { TableEndpoint: undefined }, 'TableEndpoint is missing'],
    ['a suffix, which clients derive from', { EndpointSuffix: 'core.windows.net' }, 'EndpointSuffix is not allowed'],
    ['a SAS instead of a key', { SharedAccessSignature: 'sv=1&sig=x' }, 'SharedAccessSignature is not allowed'],
    ['a secondary endpoint', { BlobSecondaryEndpoint: 'http://127.0.0.1/x' }, 'BlobSecondaryEndpoint is not allowed'],
    ['no account', { AccountName: undefined }, 'AccountName is missing'],
    ['no key', { AccountKey: undefined }, 'AccountKey is missing'],
  ])('refuses %s', (_, change, fault) => {
    expect(parseLocalConnection(join({ ...parts, ...change }))).toEqual({
      fault: expect.stringContaining(fault) as string,
    });
  });

  it('refuses a part that stands there twice, so that no client can read the other one', () => {
    const twice = `${join(parts)};BlobEndpoint=https://evil.example/devstoreaccount1`;
    expect(parseLocalConnection(twice)).toEqual({ fault: 'BlobEndpoint stands there twice' });
  });

  it('refuses what is no connection string', () => {
    expect(parseLocalConnection('hello')).toHaveProperty('fault');
    expect(parseLocalConnection('=x')).toHaveProperty('fault');
    expect(parseLocalConnection(`${'k'.repeat(86)}==`)).toEqual({ fault: 'the part (unreadable) is not allowed' });
  });
});

describe('isLoopbackHost', () => {
  it('knows this machine by name and by both address families', () => {
    for (const host of ['localhost', '127.0.0.1', '127.8.9.10', '[::1]']) expect(isLoopbackHost(host), host).toBe(true);
  });

  it('takes nothing else for this machine', () => {
    const hosts = [
      '',
      '0.0.0.0',
      '[::]',
      '128.0.0.1',
      '127.0.0.1.example',
      'localhost.',
      'a.localhost',
      '[::ffff:7f00:1]',
    ];
    for (const host of hosts) expect(isLoopbackHost(host), host).toBe(false);
  });
});
