/**
 * Everything `pe` says of signatures, of files that are signed here and of damaged copies, is what YARA-X says. Whatever is
 * signed correctly is found to be so. `SLUICE_RUNS=100` takes a hundred times as many damaged copies.
 */
import { describe, expect, it } from 'vitest';
import { Reader } from '../../../shared/yara/modules/pe/ber.ts';
import { names as oidNames } from '../../../shared/yara/modules/pe/oids.ts';
import { peModule } from '../../../shared/yara/modules/pe/pe.ts';
import { randomFor, runs, seed } from '../../conformance/seed.ts';
import { notHolding } from './ask.ts';
import { dump, type Call } from './dump.ts';
import { mutated } from './mutate.ts';
import {
  attribute,
  authenticode,
  certificate,
  commonName,
  contentOf,
  countersignature,
  der,
  integer,
  KEYS,
  name,
  octets,
  oid,
  sequence,
  text,
  timeStamp,
  unsignedImage,
  withSignatures,
  type Authenticode,
  type CertificateOptions,
  type Digest,
  type Key,
  type NameParts,
} from './signed-pe.ts';

const IMAGE_BYTES = unsignedImage().length;
const ROOT = commonName('Root');
const SIGNER = commonName('Signer');

function conditionsOf(bytes: Uint8Array): string[] {
  const calls: Call[] = [];
  return dump(peModule, bytes, calls).filter((condition) => condition.includes('sign') && !condition.includes('rich_'));
}

async function differences(bytes: Uint8Array): Promise<string[]> {
  return notHolding('pe', conditionsOf(bytes), bytes);
}

interface Made {
  readonly key?: Key;
  readonly digest?: Digest;
  readonly certificate?: Partial<CertificateOptions>;
  readonly message?: Partial<Authenticode>;
}

function signed({ key = KEYS.rsa, digest = 'sha256', certificate: certified, message }: Made): Buffer {
  const image = unsignedImage();
  const root = certificate({ subject: ROOT, key: KEYS.largeRsa, serial: integer(9) });
  const own = certificate({ subject: SIGNER, issuer: ROOT, key, signer: KEYS.largeRsa, ...certified });
  const options = { issuer: ROOT, key, digest, certificates: [root, own], ...message };
  return withSignatures(image, authenticode(image, options));
}

const stamper = { issuer: ROOT, serial: integer(0x7f, 5), key: KEYS.p256, digest: 'sha256' } as const;
const stampers = certificate({
  subject: commonName('Stamper'),
  issuer: ROOT,
  serial: integer(0x7f, 5),
  key: KEYS.p256,
  signer: KEYS.largeRsa,
});
const utf16 = (value: string): Buffer => Buffer.from(value, 'utf16le').swap16();
const opus = (...contents: readonly Buffer[]): Buffer => attribute('1.3.6.1.4.1.311.2.1.12', sequence(...contents));

/** A self-signed certificate with this subject, and nothing else that differs. */
function named(...parts: NameParts): Buffer {
  const subject = name(...parts);
  return signed({ certificate: { subject } });
}

const nested = (): Buffer => {
  const image = unsignedImage();
  const own = certificate({ subject: SIGNER, key: KEYS.p384 });
  const inner = authenticode(image, { issuer: SIGNER, key: KEYS.p384, digest: 'sha384', certificates: [own] });
  return signed({ message: { unsigned: () => [attribute('1.3.6.1.4.1.311.2.4.1', inner, inner)] } });
};

const VALID: readonly (readonly [string, () => Buffer])[] = [
  ['RSA, MD5', () => signed({ digest: 'md5' })],
  ['RSA, SHA-1', () => signed({ digest: 'sha1' })],
  ['RSA, SHA-256', () => signed({})],
  ['RSA, SHA-384', () => signed({ digest: 'sha384' })],
  ['RSA, SHA-512', () => signed({ digest: 'sha512' })],
  ['RSA of 3,072 bits', () => signed({ key: KEYS.largeRsa })],
  ['DSA, SHA-1', () => signed({ key: KEYS.dsa, digest: 'sha1' })],
  ['DSA, SHA-256', () => signed({ key: KEYS.largeDsa })],
  ['P-256', () => signed({ key: KEYS.p256 })],
  ['P-256, SHA-512', () => signed({ key: KEYS.p256, digest: 'sha512' })],
  ['P-384', () => signed({ key: KEYS.p384, digest: 'sha384' })],
  ['P-384, SHA-256', () => signed({ key: KEYS.p384 })],
  ['a root of P-384', () => byRoot(KEYS.p384, 'sha384')],
  ['a root of DSA', () => byRoot(KEYS.largeDsa, 'sha256')],
  ['a root of MD5', () => byRoot(KEYS.rsa, 'md5')],
  ['a signer whose root is not there', () => signed({ message: { certificates: [ownCertificate()] } })],
  ['nested signatures', nested],
  [
    'a countersignature',
    () =>
      signed({
        message: {
          certificates: [stampers, ownCertificate()],
          unsigned: (signature) => [countersignature(stamper, signature, text('240506070809Z', 0x17))],
        },
      }),
  ],
  ['a time stamp', () => signed({ message: { unsigned: (signature) => [timeStamp(stamper, signature, [stampers])] } })],
  [
    'two messages',
    () => {
      const image = unsignedImage();
      const message = authenticode(image, {
        issuer: ROOT,
        key: KEYS.rsa,
        digest: 'sha1',
        certificates: [ownCertificate()],
      });
      return withSignatures(image, message, message);
    },
  ],
];

function ownCertificate(): Buffer {
  return certificate({ subject: SIGNER, issuer: ROOT, key: KEYS.rsa, signer: KEYS.largeRsa });
}

function byRoot(key: Key, digest: Digest): Buffer {
  const root = certificate({ subject: ROOT, key, digest, serial: integer(9) });
  const own = certificate({ subject: SIGNER, issuer: ROOT, key: KEYS.rsa, signer: key, digest });
  return signed({ message: { certificates: [own, root] } });
}

const OTHERS: readonly (readonly [string, () => Buffer])[] = [
  ['a message that is none', () => entries(Buffer.from('nothing'))],
  ['a message of no bytes', () => entries(Buffer.alloc(0))],
  ['P-521, which the reference does not know', () => signed({ key: KEYS.p521 })],
  ['the digest of another file', () => signed({ message: { fileDigest: Buffer.alloc(32, 7) } })],
  ['a certificate of another key', () => signed({ certificate: { key: KEYS.largeRsa } })],
  ['a certificate that its issuer did not sign', () => signed({ certificate: { signer: KEYS.rsa } })],
  ['a serial that no certificate has', () => signed({ message: { serial: integer(4) } })],
  ['an issuer that no certificate has', () => signed({ message: { issuer: SIGNER } })],
  ['names that differ behind what cannot be read', () => withUnreadableNames('Root', 'Toor')],
  ['names that cannot be read, of other lengths', () => withUnreadableNames('Root', 'Roots')],
  ['no certificate', () => signed({ message: { certificates: [] } })],
  ['a serial that is negative', () => signed({ certificate: { serial: integer(0xff, 1) } })],
  ['a serial with zeros in front', () => signed({ certificate: { serial: integer(0, 0, 1, 2, 3) } })],
  ['two certificates that sign each other', loop],
  ['the first version', () => signed({ certificate: { version: 0 } })],
  ['a version beyond the third', () => signed({ certificate: { version: 77 } })],
  [
    'extensions',
    () => signed({ certificate: { extensions: extensions(sequence(oid('2.5.29.19'), octets(sequence()))) } }),
  ],
  ['extensions that are none', () => signed({ certificate: { extensions: extensions(octets(sequence())) } })],
  ['a program name', () => signed({ message: { attributes: [opus(der(0xa0, der(0x80, utf16('Prög 🙂'))))] } })],
  ['a program name of ASCII', () => signed({ message: { attributes: [opus(der(0xa0, text('Prog', 0x81)))] } })],
  [
    'a program name that is none',
    () => signed({ message: { attributes: [opus(der(0xa0, der(0x80, Buffer.of(0xd8, 0))))] } }),
  ],
  [
    'a program name of odd length',
    () => signed({ message: { attributes: [opus(der(0xa0, der(0x80, Buffer.of(0, 65, 0))))] } }),
  ],
  ['a link', () => signed({ message: { attributes: [opus(der(0xa1, text('https://example.org', 0x80)))] } })],
  ['a link to a file', () => signed({ message: { attributes: [opus(der(0xa1, der(0xa2, der(0x80, utf16('x')))))] } })],
  [
    'a program name and a link',
    () => signed({ message: { attributes: [opus(der(0xa0, text('P', 0x81)), der(0xa1, text('L', 0x80)))] } }),
  ],
  [
    'a nested signature that is none',
    () =>
      signed({ message: { unsigned: () => [attribute('1.3.6.1.4.1.311.2.4.1', sequence(integer(1)), integer(2))] } }),
  ],
  [
    'a time stamp without signer',
    () =>
      signed({
        message: {
          unsigned: () => [attribute('1.3.6.1.4.1.311.3.3.1', contentOf('1.2.840.113549.1.7.2', sequence()))],
        },
      }),
  ],
  ['bytes behind the table', () => Buffer.concat([signed({}), Buffer.from('behind it, of odd length')])],
  ['a section without bytes that lies behind the file', withEmptySection],
  ...times(),
  ...names(),
];

/** A signature, these messages, and the signature again. */
function entries(...messages: readonly Buffer[]): Buffer {
  const image = unsignedImage();
  const options = { issuer: ROOT, key: KEYS.rsa, digest: 'sha256', certificates: [ownCertificate()] } as const;
  const message = authenticode(image, options);
  return withSignatures(image, message, ...messages, message);
}

/** The digest of such a file ends before the bytes behind its table. */
function withEmptySection(): Buffer {
  const file = Buffer.concat([signed({}), Buffer.from('behind it')]);
  const peAt = file.readUInt32LE(60);
  file.writeUInt16LE(1, peAt + 6);
  file.writeUInt32LE(0x7fffffff, peAt + 24 + file.readUInt16LE(peAt + 20) + 20);
  return file;
}

function loop(): Buffer {
  const own = certificate({ subject: SIGNER, issuer: ROOT, key: KEYS.rsa, signer: KEYS.largeRsa });
  const root = certificate({ subject: ROOT, issuer: SIGNER, key: KEYS.largeRsa, signer: KEYS.rsa, serial: integer(9) });
  return signed({ message: { certificates: [own, root] } });
}

/** Names are compared as far as they can be read: here not at all, but for their lengths. */
function withUnreadableNames(certified: string, signers: string): Buffer {
  const unreadable = (value: string): Buffer =>
    sequence(commonName('Part').subarray(2), der(0x33, sequence(oid('2.5.4.3'), text(value))));
  return signed({ certificate: { issuer: unreadable(certified) }, message: { issuer: unreadable(signers) } });
}

function extensions(...list: readonly Buffer[]): Buffer {
  return der(0xa3, sequence(...list));
}

function times(): (readonly [string, () => Buffer])[] {
  const utc = [
    '500101000000Z',
    '491231235959Z',
    '2401010000Z',
    '240101000000+0130',
    '240101000000-0130',
    '240230000000Z',
  ];
  const wrong = [
    '241301000000Z',
    '240101240000Z',
    '240101006000Z',
    '240101000060Z',
    '240101000000',
    '24010100000aZ',
    '',
  ];
  const long = [
    '20240101000000Z',
    '20240101000000.5Z',
    '202401010000Z',
    '20240101000000',
    '99991231235959Z',
    '00000101000000Z',
    '20240101000000+0100',
    '20240101000000,5Z',
  ];
  const made = (value: string, tag: number): readonly [string, () => Buffer] => [
    `a time of ${value}`,
    () => signed({ certificate: { notBefore: text(value, tag) } }),
  ];
  return [...[...utc, ...wrong].map((value) => made(value, 0x17)), ...long.map((value) => made(value, 0x18))];
}

function names(): (readonly [string, () => Buffer])[] {
  const values: readonly (readonly [string, Buffer])[] = [
    ['UTF-8', text('Zoë ☃', 0x0c)],
    ['UTF-8 that is none', der(0x0c, Buffer.of(0xff))],
    ['printable', text("A-z 09 '()+,./:=?")],
    ['printable with what is not', text('a*b')],
    ['teletex', text('tele', 0x14)],
    ['teletex of eight bits', der(0x14, Buffer.of(0x41, 0xe9))],
    ['teletex with a control character', der(0x14, Buffer.of(0x41, 9))],
    ['IA5', text('mail@example.org', 0x16)],
    ['IA5 of eight bits', der(0x16, Buffer.of(0x41, 0xe9))],
    ['BMP', der(0x1e, utf16('bmp'))],
    ['universal', der(0x1c, Buffer.of(0, 0, 0, 65))],
    ['a number', integer(5)],
    ['numeric', text('123', 0x12)],
    ['visible', text('abc', 0x1a)],
    ['a sequence', sequence(integer(5))],
    ['empty', text('', 0x0c)],
  ];
  const types = [
    ...Array.from({ length: 74 }, (_, arc) => `2.5.4.${arc}`),
    ...Array.from({ length: 20 }, (_, arc) => `1.2.840.113549.1.9.${arc}`),
    ...Array.from({ length: 61 }, (_, arc) => `0.9.2342.19200300.100.1.${arc}`),
    ...[1, 2, 3, 4].map((arc) => `1.3.6.1.4.1.311.60.2.1.${arc}`),
    '1.2.3',
    '1.3.6.1.4.1.268435455.7',
    '1.3.6.1.4.1.268435456.7',
    '1.3.6.1.4.1.268435471.7',
    '1.3.6.1.4.1.268435472.7',
  ];
  return [
    ...values.map(([title, value]) => [`a name in ${title}`, () => named([['2.5.4.3', value]])] as const),
    [
      'a part of two values',
      () =>
        named(
          [
            ['2.5.4.3', text('a')],
            ['2.5.4.10', text('b')],
          ],
          [['2.5.4.6', text('CH')]],
        ),
    ],
    ['every type of a name', () => named(...types.map((type) => [[type, text('x')] as const]))],
  ];
}

describe(`pe.signatures, seed ${seed}`, () => {
  it.each(VALID)('%s: valid, as for the reference', async (_, make) => {
    const bytes = make();
    expect(conditionsOf(bytes)).toContain('pe.is_signed');
    expect(await differences(bytes)).toEqual([]);
  });

  it.each(OTHERS)('%s: as for the reference', async (_, make) => {
    expect(await differences(make())).toEqual([]);
  });

  it.each([...VALID, ...OTHERS])('%s, damaged', async (title, make) => {
    const bytes = make();
    const random = randomFor('pe-signatures', title);
    const parts = headersIn(bytes);
    for (let copy = 0; copy < runs(2); copy++) {
      expect(await differences(mutated(bytes, random, parts)), `copy ${copy}, seed ${seed}`).toEqual([]);
    }
  });
});

describe('names of object identifiers', () => {
  /** Each as the subject of a certificate, and with those that follow them, which mostly have no name. */
  const dotted = Array.from(oidNames().keys()).flatMap((known) => {
    const arcs = known.split('.');
    return [known, [...arcs.slice(0, -1), Number(arcs.at(-1)) + 1].join('.'), [...arcs, 1].join('.')];
  });
  const identifiers = [...new Set(dotted)];
  const PER_FILE = 500;
  const starts = Array.from({ length: Math.ceil(identifiers.length / PER_FILE) }, (_, at) => at * PER_FILE);

  it.each(starts)('%i and those behind it', async (start) => {
    const subjects = identifiers.slice(start, start + PER_FILE).map((type) => name([[type, text('x')]]));
    const certificates = subjects.map((subject) => certificate({ subject, key: KEYS.p256 }));
    const bytes = signed({ message: { certificates } });
    const conditions = dump(peModule, bytes, [], PER_FILE).filter((condition) => condition.includes('].subject =='));
    expect(conditions).toHaveLength(subjects.length);
    expect(await notHolding('pe', conditions, bytes)).toEqual([]);
  });

  it('there are about a thousand', () => {
    expect(oidNames().size).toBeGreaterThan(1000);
  });
});

/** Identifiers and lengths of all values, and the first bytes of those that have no others in them. */
function headersIn(bytes: Uint8Array): { offset: number; length: number }[] {
  const parts = [{ offset: IMAGE_BYTES, length: 8 }];
  const visit = (from: number, to: number): void => {
    const reader = new Reader(bytes.subarray(0, to));
    for (reader.at = from; reader.at < to;) {
      const start = reader.at;
      const { content, isConstructed } = reader.any('ber');
      const contentAt = reader.at - content.length;
      parts.push({ offset: start, length: contentAt - start + (isConstructed ? 0 : Math.min(4, content.length)) });
      if (isConstructed) visit(contentAt, reader.at);
    }
  };
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(IMAGE_BYTES, true);
  visit(IMAGE_BYTES + 8, IMAGE_BYTES + length);
  return parts;
}
