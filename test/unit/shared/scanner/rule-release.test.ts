import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  decodeRelease,
  encodeRelease,
  publicKeyOf,
  publicKeyText,
  readSigningKey,
  ReleaseFault,
  requireTrust,
  signRelease,
} from '../../../../shared/scanner/rule-release.ts';
import { unitOfRelease } from '../../../../shared/scanner/rule-unit.ts';
import { compileRules, encodeRules } from '../../../../shared/yara/index.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519').publicKey;
const parts = { rules: randomBytes(1_003), exclusions: '{"é":1}\n', policies: '[]' };
const release = encodeRelease(parts);
const signed = signRelease(release, privateKey);
const sound = {
  rules: encodeRules(compileRules([{ text: 'rule one { condition: true }' }])),
  exclusions: '{"version":1,"exclusions":[]}',
  policies: '{"version":1,"policies":[]}',
};

function fault(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ReleaseFault) return error.message;
    throw error;
  }
  return 'none';
}

describe('a release', () => {
  it('gives back what went in, with a digest that a signature does not change', () => {
    for (const bytes of [release, signed, new Uint8Array([0, ...signed]).subarray(1)]) {
      const read = decodeRelease(bytes);
      expect({ ...read, rules: Buffer.from(read.rules) }).toMatchObject(parts);
      expect(read.rules.byteOffset).toBe(0);
      expect(read.digest).toBe(createHash('sha256').update(release).digest('hex'));
    }
    expect(decodeRelease(release).signature).toBeUndefined();
    expect(decodeRelease(signed).signature).toHaveLength(64);
    expect(encodeRelease(parts)).toEqual(release);
  });

  it('is laid out as its file says', () => {
    const view = Buffer.from(release);
    expect(view.toString('latin1', 0, 8)).toBe('SLRULES1');
    expect([8, 12, 16].map((offset) => view.readUInt32LE(offset))).toEqual([1_003, 9, 2]);
    expect(view.subarray(20, 1_023)).toEqual(parts.rules);
    expect(view.toString('utf8', 1_023)).toBe('{"é":1}\n[]');
  });

  it('is signed anew in place of the signature that it had', () => {
    expect(signRelease(signed, privateKey)).toEqual(signed);
    expect(fault(() => signRelease(release, generateKeyPairSync('ed448').privateKey))).toContain('not an Ed25519');
  });

  it.each([
    ['empty', new Uint8Array(), 'no release'],
    ['a bundle without more', sound.rules, 'no release'],
    ['of another version', Buffer.from(release).fill('2', 7, 8), 'version is "2"'],
    ['cut', release.subarray(0, -1), 'bytes'],
    ['cut in its head', release.subarray(0, 15), 'no release'],
    ['longer', Buffer.concat([release, Buffer.alloc(63)]), 'bytes'],
    ['of lengths beyond it', Buffer.from(release).fill(0xff, 8, 20), 'bytes'],
  ])('that is %s is none', (_, bytes, problem) => {
    expect(fault(() => decodeRelease(new Uint8Array(bytes)))).toContain(problem);
  });
});

describe('trust in a release', () => {
  const { digest } = decodeRelease(release);

  it('asks for the digest, the signature, or both', () => {
    expect(
      fault(() => {
        requireTrust(decodeRelease(release), { digest, publicKey: undefined });
      }),
    ).toBe('none');
    expect(
      fault(() => {
        requireTrust(decodeRelease(signed), { digest: undefined, publicKey });
      }),
    ).toBe('none');
    expect(
      fault(() => {
        requireTrust(decodeRelease(signed), { digest, publicKey });
      }),
    ).toBe('none');
  });

  it.each([
    ['another digest is pinned', signed, { digest: '0'.repeat(64), publicKey }, 'is pinned'],
    ['it is not signed', release, { digest, publicKey }, 'not signed'],
    ['another key signed it', signed, { digest, publicKey: other }, 'not of the key'],
    [
      'the signature is damaged',
      Buffer.from(signed).fill(0, signed.length - 9),
      { digest, publicKey },
      'not of the key',
    ],
  ])('is refused when %s', (_, bytes, trust, problem) => {
    expect(
      fault(() => {
        requireTrust(decodeRelease(new Uint8Array(bytes)), trust);
      }),
    ).toContain(problem);
  });

  it('is refused whichever byte of a signed release is another', () => {
    for (let at = 0; at < signed.length; at += 1) {
      const damaged = new Uint8Array(signed);
      damaged[at]! ^= 1;
      expect(
        fault(() => {
          requireTrust(decodeRelease(damaged), { digest: undefined, publicKey });
        }),
      ).not.toBe('none');
    }
  });

  it('takes the key as settings hold it, which is the line of its PEM', () => {
    const text = publicKeyText(privateKey);
    expect(publicKey.export({ format: 'pem', type: 'spki' })).toContain(text);
    expect(publicKeyOf(text).equals(publicKey)).toBe(true);
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    expect(readSigningKey(pem).equals(privateKey)).toBe(true);
    expect(fault(() => readSigningKey('no key'))).toContain('no unencrypted private key');
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey;
    expect(fault(() => readSigningKey(rsa.export({ format: 'pem', type: 'pkcs8' }) as string))).toContain('is rsa');
  });
});

describe('the rules of a release', () => {
  const unit = (changes: Partial<typeof sound>): unknown =>
    unitOfRelease(decodeRelease(encodeRelease({ ...sound, ...changes })), 'a test');

  it('come with its exclusions and policies', () => {
    expect(unit({})).toMatchObject({
      ruleSet: { ruleCount: 1, loadedFrom: 'a test' },
      policies: [],
      releaseDigest: decodeRelease(encodeRelease(sound)).digest,
    });
  });

  const idle = { name: 'p', when: {}, action: { kind: 'limit', tags: ['none'], namespaces: [] } };
  it.each([
    ['rules are damaged', { rules: sound.rules.map((byte, at) => (at > 40 ? byte ^ 0x55 : byte)) }, 'its rules'],
    ['rules are none', { rules: encodeRules(compileRules([{ text: '' }])) }, 'no rule'],
    ['exclusions are damaged', { exclusions: '{"version":1' }, 'its exclusions'],
    ['exclusions are of another version', { exclusions: '{"version":9,"exclusions":[]}' }, 'its exclusions'],
    ['policies are damaged', { policies: '[' }, 'its policies'],
    ['policies leave no rule', { policies: JSON.stringify({ version: 1, policies: [idle] }) }, 'leaves no rule'],
  ])('are refused as a whole when its %s', (_, changes, problem) => {
    expect(fault(() => unit(changes))).toContain(problem);
  });
});
