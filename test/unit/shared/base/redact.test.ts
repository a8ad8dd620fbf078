import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdsSecret, printable, redact } from '../../../../shared/base/redact.ts';

const key = `${'Ab3+/'.repeat(18).slice(0, 86)}==`;

describe('redact', () => {
  it.each([
    ['a SAS URL', 'GET https://a.blob.core.windows.net/c/o?sv=2024&se=x&sig=SECRET%2B%3D failed'],
    ['a SAS without its URL', 'sv=2024-01-01&sp=r&sig=SECRET%2F'],
    ['a URL inside a URL', 'https://x.example/login#u=https%3A%2F%2Fa%3Fsig%3DSECRET'],
    ['an encoded signature', 'next=https%3A%2F%2Fa%3Fsig%3DSECRET'],
    ['a connection string', 'AccountName=a;AccountKey=SECRET==;EndpointSuffix=core.windows.net'],
    ['a service bus string', 'Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey = SECRET'],
    ['a bearer token', 'authorization: Bearer SECRET.SECRET-_SECRET'],
    ['a shared key header', 'Authorization: SharedKey devstoreaccount1:SECRET='],
    ['a user and password', 'https://user:SECRET@host.example/path'],
  ])('takes the secret out of %s', (_, text) => {
    expect(redact(text)).not.toContain('SECRET');
    expect(redact(text)).toContain('[redacted]');
    expect(holdsSecret(text)).toBe(true);
  });

  it('takes out keys and tokens that stand alone', () => {
    expect(redact(`the key ${key} was used`)).toBe('the key [redacted] was used');
    expect(redact('eyJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0.')).toBe('[redacted]');
  });

  it('leaves plain text, plain URLs and digests as they are', () => {
    const text = `https://a.blob.core.windows.net/c/o%3F.bin ${'0f'.repeat(32)} size=12 name=x; 30.40.50.60:9342 why?`;
    expect(redact(text)).toBe(text);
    expect(holdsSecret(text)).toBe(false);
  });

  it('takes linear time on text made to slow it down', () => {
    const started = performance.now();
    const pieces = [
      'https://',
      'https://?',
      'https://@',
      'AccountKey',
      'AccountKey =',
      'sig',
      'eyJ-',
      'eyJ.',
      'Bearer ',
      'a',
      '=',
      ' ',
    ];
    for (const piece of pieces) redact(piece.repeat(400_000 / piece.length));
    // Quadratic work would take minutes.
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

describe('printable', () => {
  it('keeps a message on one line whatever is in it', () => {
    expect(printable('a\nb\r\tc\u0000\u2028d\u202ee\ud800f', 100)).toBe('a\\nb\\r\\tc\\u0000\\u2028d\\u202ee\\ud800f');
  });

  it('cuts to the limit without halving a character', () => {
    expect(printable('abcdef', 6)).toBe('abcdef');
    expect(printable('abcdefg', 6)).toBe('abcde…');
    expect(printable('abcd😀efg', 6)).toBe('abcd…');
  });

  it('redacts before it cuts', () => {
    expect(printable(`https://a.example/?sig=${'x'.repeat(500)}`, 30)).toBe('https://a.example/?[redacted]');
  });

  it('gives at most the limit of printable characters for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 60 }), (text, limit) => {
        const line = printable(text, limit);
        expect(line.length).toBeLessThanOrEqual(limit);
        expect(line).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});
