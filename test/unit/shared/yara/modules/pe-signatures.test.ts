/**
 * Signatures that are made to take long: what is read and calculated of them is bounded, and each part of the file is read
 * once, however much of it there is. What meets a bound is refused by its name.
 */
import { describe, expect, it } from 'vitest';
import type { ArrayValue, StructureValue } from '../../../../../shared/yara/modules/module.ts';
import { peModule } from '../../../../../shared/yara/modules/pe/pe.ts';
import { PAGE_BYTES } from '../../../../../shared/yara/scan/pages.ts';
import { randomFor, runs, seed } from '../../../../conformance/seed.ts';
import {
  algorithm,
  attribute,
  authenticode,
  certificate,
  commonName,
  contentOf,
  countersignature,
  der,
  DIGEST_OIDS,
  hash,
  INDIRECT_DATA,
  integer,
  KEYS,
  octets,
  oid,
  sequence,
  set,
  signedData,
  text,
  timeStamp,
  unsignedImage,
  withSignatures,
  type Authenticode,
  type Key,
} from '../../../../differential/modules/signed-pe.ts';
import { PagedObject } from './paged-object.ts';
import { outcome, readEach } from './read-all.ts';

const SIGNER = commonName('Signer');
const OWN = certificate({ subject: SIGNER, key: KEYS.rsa });
const signer = { issuer: SIGNER, key: KEYS.rsa, digest: 'sha256' } as const;
const UNKNOWN = '1.2.3.4';
const TIME = text('240506070809Z', 0x17);
const MIB = 1 << 20;
/** Of the image with a table of certificates behind it, which is not digested. */
const FILE_DIGEST = fileDigest();

function fileDigest(): Buffer {
  const object = paged(signed());
  const root = peModule.open!(object.view);
  return Buffer.from(Buffer.from(ask(object, root, ['signatures', 'file_digest']) as Uint8Array).toString(), 'hex');
}

function message(options: Partial<Authenticode> = {}): Buffer {
  return authenticode(unsignedImage(), { ...signer, certificates: [OWN], ...options });
}

function signed(options: Partial<Authenticode> = {}): Buffer {
  return withSignatures(unsignedImage(), message(options));
}

function paged(bytes: Uint8Array, size = bytes.length): PagedObject {
  return new PagedObject(size, (offset, count) => {
    const read = new Uint8Array(Math.max(0, Math.min(count, size - offset)));
    read.set(bytes.subarray(offset, offset + read.length));
    return read;
  });
}

/** What the values in a path are, or why they are refused. */
function asked(object: PagedObject, ...fields: readonly string[]): string {
  const root = peModule.open!(object.view);
  return outcome(() => ask(object, root, fields));
}

/** Of an array the first item. */
function ask(object: PagedObject, root: StructureValue, fields: readonly string[]): unknown {
  return fields.reduce<unknown>((value, name) => {
    const field = object.ask(() => (value as StructureValue).field(name));
    return isArray(field) ? object.ask(() => field.item(0)) : field;
  }, root);
}

function isArray(value: unknown): value is ArrayValue {
  return typeof value === 'object' && value !== null && 'item' in value;
}

/** `count` of them, alike. */
function many<Item>(count: number, item: Item): Item[] {
  return Array.from({ length: count }, () => item);
}

describe('a large table of certificates', () => {
  it('is read once, though it is longer than what is held of a file', () => {
    const bytes = signed({ unsigned: () => [attribute(UNKNOWN, octets(Buffer.alloc(6 * MIB, 7)))] });
    const object = paged(bytes);
    const root = peModule.open!(object.view);
    expect(ask(object, root, ['signatures', 'verified'])).toBe(true);
    expect(object.reads).toBeLessThan(bytes.length / PAGE_BYTES + 8);
  });

  it('is read once where it has many messages', () => {
    const large = message({ unsigned: () => [attribute(UNKNOWN, octets(Buffer.alloc(MIB, 7)))] });
    const bytes = withSignatures(unsignedImage(), ...many(7, large));
    const object = paged(bytes);
    expect(ask(object, peModule.open!(object.view), ['number_of_signatures'])).toBe(7);
    expect(object.reads).toBeLessThan(bytes.length / PAGE_BYTES + 8);
  });

  it('is not read where it is too large', () => {
    const object = paged(signed({ unsigned: () => [attribute(UNKNOWN, octets(Buffer.alloc(8 * MIB)))] }));
    expect(asked(object, 'number_of_signatures')).toBe('limit:peSignatureBytes');
    expect(object.reads).toBeLessThan(4);
  });

  it('is not read where its messages are too large together', () => {
    const large = message({ unsigned: () => [attribute(UNKNOWN, octets(Buffer.alloc(3 * MIB)))] });
    const object = paged(withSignatures(unsignedImage(), large, large, large));
    expect(asked(object, 'number_of_signatures')).toBe('limit:peSignatureBytes');
    expect(object.bytesRead).toBeLessThan(7 * MIB);
  });

  it.each([
    [256, 'number'],
    [257, 'limit:peSignatureEntries'],
  ])('with %i messages', (count, expected) => {
    const small = message({ certificates: [] });
    expect(asked(paged(withSignatures(unsignedImage(), ...many(count, small))), 'number_of_signatures')).toBe(expected);
  });
});

describe('what a message holds', () => {
  it.each([
    [1000, 'number'],
    [5000, 'limit:peSignatureItems'],
  ])('%i certificates', (count, expected) => {
    const object = paged(signed({ certificates: many(count, OWN) }));
    expect(asked(object, 'number_of_signatures')).toBe(expected);
  });

  it.each([
    ['values', [attribute(UNKNOWN, ...many(5000, integer(1)))]],
    ['attributes', many(5000, attribute(UNKNOWN))],
  ])('5,000 %s', (_, attributes) => {
    expect(asked(paged(signed({ attributes })), 'number_of_signatures')).toBe('limit:peSignatureItems');
  });

  it('600 certificates, each said to be signed by the next, and 400 countersignatures', () => {
    const names = Array.from({ length: 601 }, (_, at) => commonName(`Authority ${at}`));
    const certificates = names
      .slice(1)
      .map((issuer, at) => certificate({ subject: names[at]!, issuer, key: KEYS.p256, serial: integer(5) }));
    const stamper = { issuer: names[0]!, serial: integer(5), key: KEYS.p256, digest: 'sha256' } as const;
    const object = paged(
      signed({
        certificates,
        unsigned: (signature) => many(400, countersignature(stamper, signature, TIME)),
      }),
    );
    const root = peModule.open!(object.view);
    expect(ask(object, root, ['signatures', 'number_of_countersignatures'])).toBe(400);
    expect(asked(object, 'signatures', 'countersignatures', 'verified')).toBe('limit:peKeyOperations');
  });

  it('an object identifier of a megabyte', () => {
    const long = der(0x06, Buffer.alloc(MIB, 0xff));
    const object = paged(signed({ attributes: [sequence(long, set(integer(1)))] }));
    expect(asked(object, 'number_of_signatures')).toBe('limit:peOidBytes');
  });

  it('nested signatures', () => {
    const nested = (depth: number): Buffer =>
      message({
        certificates: [],
        unsigned: () => (depth === 0 ? [] : [attribute('1.3.6.1.4.1.311.2.4.1', nested(depth - 1))]),
      });
    const object = (depth: number): PagedObject => paged(withSignatures(unsignedImage(), nested(depth)));
    expect(asked(object(16), 'number_of_signatures')).toBe('number');
    expect(asked(object(17), 'number_of_signatures')).toBe('limit:peNestedSignatures');
  });
});

describe('what is calculated of a message', () => {
  /** Signed by nobody, with this as its signature. */
  function withSignature(signature: Buffer, certificates: readonly Buffer[], ...unsigned: readonly Buffer[]): Buffer {
    const digest = algorithm(DIGEST_OIDS.sha256);
    const body = sequence(sequence(oid('1.3.6.1.4.1.311.2.1.15')), sequence(digest, octets(FILE_DIGEST)));
    const attributes = [
      attribute('1.2.840.113549.1.9.3', oid(INDIRECT_DATA)),
      attribute('1.2.840.113549.1.9.4', octets(hash('sha256', body.subarray(2)))),
    ];
    const identity = sequence(SIGNER, integer(1, 2, 3));
    const own = [integer(1), identity, digest, der(0xa0, ...attributes), digest, octets(signature)];
    const signers = [sequence(...own, der(0xa1, ...unsigned))];
    return withSignatures(unsignedImage(), signedData('sha256', contentOf(INDIRECT_DATA, body), certificates, signers));
  }

  it('digests of one long part, again and again', () => {
    const long = Buffer.alloc(MIB, 7);
    const object = paged(withSignature(long, [OWN], ...many(70, countersignature(signer, long, TIME))));
    const root = peModule.open!(object.view);
    const signature = (object.ask(() => root.field('signatures')) as ArrayValue).item(0) as StructureValue;
    const stamps = signature.field('countersignatures') as ArrayValue;
    const verified = Array.from({ length: stamps.length }, (_, at) =>
      outcome(() => (stamps.item(at) as StructureValue).field('verified')),
    );
    expect(verified.slice(0, 63)).toEqual(many(63, 'boolean'));
    expect(verified.slice(63)).toEqual(many(7, 'limit:peSignatureDigests'));
  });

  it.each([
    [512, 'boolean'],
    [8192, 'limit:peKeyOperations'],
    [8200, 'limit:peKeyBits'],
  ])('a DSA key of %i bits whose exponents are as long', (bits, expected) => {
    const number = der(0x02, Buffer.of(0), Buffer.alloc(bits / 8, 0xff));
    const parameters = sequence(number, number, integer(2));
    const exported = sequence(sequence(oid('1.2.840.10040.4.1'), parameters), der(0x03, Buffer.of(0), integer(2)));
    const key = { publicKey: { export: () => exported }, privateKey: KEYS.rsa.privateKey } as unknown as Key;
    const object = paged(withSignature(sequence(integer(1), integer(1)), [certificate({ subject: SIGNER, key })]));
    expect(asked(object, 'signatures', 'verified')).toBe(expected);
  });
});

describe(`whatever it is given, seed ${seed}`, () => {
  const stamper = { issuer: SIGNER, key: KEYS.p256, digest: 'sha256' } as const;
  const stampers = certificate({ subject: SIGNER, key: KEYS.p256 });
  const originals = [
    signed(),
    signed({ unsigned: (signature) => [timeStamp(stamper, signature, [stampers])] }),
    signed({ unsigned: () => [attribute('1.3.6.1.4.1.311.2.4.1', message({ key: KEYS.p384, digest: 'sha384' }))] }),
    signed({
      certificates: [stampers, OWN],
      unsigned: (signature) => [countersignature(stamper, signature, TIME)],
    }),
    withSignatures(unsignedImage(), message(), message({ digest: 'sha1' })),
  ];

  it('a damaged file throws nothing but refusals, in few ranges', () => {
    const random = randomFor('signatures fuzz');
    const start = unsignedImage().length;
    let defined = 0;
    for (let copy = 0; copy < runs(200); copy++) {
      const bytes = Uint8Array.from(originals[copy % originals.length]!);
      for (let changes = random.below(6); changes > 0; changes--) {
        const at = start + random.below(bytes.length - start);
        bytes[at] = [0, 0x30, 0x80, 0x84, 0xff, random.below(256)][random.below(6)]!;
      }
      const object = paged(bytes, random.below(8) === 0 ? start + random.below(bytes.length - start) : bytes.length);
      const found = readEach(object, peModule.schema, peModule.open!(object.view));
      defined += found.defined;
      expect(found.refused.every((reason) => reason.startsWith('limit:pe'))).toBe(true);
      expect(object.reads).toBe(1);
    }
    expect(defined).toBeGreaterThan(0);
  });
});
