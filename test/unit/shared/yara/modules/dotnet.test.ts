/**
 * Files of .NET that are made to be read over and over, or to take long: each part is read once, however many pages it lies in,
 * and what meets a bound is refused by its name.
 */
import { describe, expect, it } from 'vitest';
import { compileRules, scanBytes, StreamScanner } from '../../../../../shared/yara/index.ts';
import { dotnetModule } from '../../../../../shared/yara/modules/dotnet/dotnet.ts';
import type { ArrayValue, StructureValue } from '../../../../../shared/yara/modules/module.ts';
import { PAGE_BYTES } from '../../../../../shared/yara/scan/pages.ts';
import { randomFor, runs, seed } from '../../../../conformance/seed.ts';
import { PagedObject } from './paged-object.ts';
import { outcome, readEach } from './read-all.ts';
import { scanInPieces } from './scan-in-pieces.ts';
import {
  CLASS,
  classRow,
  dotnetParts,
  GENERIC_PARAMETER,
  heapOf,
  many,
  METHOD,
  methodRow,
  numbers,
  PARAMETER,
  smallDotnet,
  TYPE_REFERENCE,
  TYPE_SPECIFICATION,
  type DotnetParts,
  type Heap,
  type Rows,
} from './sparse-dotnet.ts';
import { readParts } from './sparse-pe.ts';

const MIB = 1 << 20;

function paged({ parts, size }: DotnetParts): PagedObject {
  return new PagedObject(size, (offset, length) => readParts(parts, size, offset, length));
}

/** What a field is, of arrays the last item's where more fields follow, or why it is refused. */
function asked(object: PagedObject, ...fields: readonly string[]): unknown {
  let given: unknown;
  const refusal = outcome(() => {
    given = fields.reduce<unknown>((value, name) => {
      const field = object.ask(() => (value as StructureValue).field(name));
      const isLast = name === fields.at(-1);
      if (isLast || typeof field !== 'object' || !('item' in field)) return field;
      return object.ask(() => field.item(field.length - 1));
    }, dotnetModule.open!(object.view));
  });
  if (refusal !== 'undefined') return refusal;
  return given instanceof Uint8Array ? Buffer.from(given).toString('latin1') : given;
}

/** One class with one method of this signature, which is the blob at 1. */
function withSignature(signature: readonly number[], rows: Rows, strings: Heap): PagedObject {
  const blob = Buffer.from([0x80 | (signature.length >> 8), signature.length & 0xff, ...signature]);
  return paged(
    dotnetParts(
      { ...rows, [CLASS]: [classRow(1)], [METHOD]: [methodRow(1, 1)] },
      { '#Strings': strings, '#Blob': heapOf(blob.length + 8, { 1: blob }) },
    ),
  );
}

describe('dotnet', () => {
  const texts = Object.fromEntries(many(20, (at) => [at * PAGE_BYTES + 1, `Class${at}`]));
  const { parts, size } = dotnetParts(
    { [CLASS]: many(20, (at) => classRow(at * PAGE_BYTES + 1)) },
    { '#Strings': heapOf(20 * PAGE_BYTES, texts), '#GUID': heapOf(16, { 0: Buffer.alloc(16, 7) }) },
  );
  const bytes = readParts(parts, size, 0, size);
  const rules = compileRules([
    {
      text: `import "dotnet" rule r { condition: dotnet.is_dotnet and dotnet.number_of_classes == 20
        and for all i in (0..19): (dotnet.classes[i].name startswith "Class")
        and dotnet.guids[0] == "07070707-0707-0707-0707-070707070707" and dotnet.version == "v4.0.30319" }`,
    },
  ]);

  it(`answers do not depend on pieces or on going on from a checkpoint, seed ${seed}`, async () => {
    const whole = await scanBytes(rules, bytes);
    expect(whole.undecided).toEqual([]);
    expect(whole.matches).toHaveLength(1);
    const { matches, undecided } = await scanInPieces(rules, bytes, randomFor('dotnet pieces'));
    expect({ matches, undecided }).toEqual({ matches: whole.matches, undecided: whole.undecided });
  });

  it('where nothing can be read again, what is held answers and the rest is undecided', async () => {
    const scanner = new StreamScanner(rules, { limits: { retainedBytes: 2000 } });
    scanner.write(bytes);
    const { matches, undecided } = await scanner.end();
    expect(matches).toEqual([]);
    expect(undecided).toMatchObject([{ rule: 'r', reason: 'unseekable' }]);
  });
});

describe('what lies in more pages than are held is read once', () => {
  it('names of classes', () => {
    const texts = Object.fromEntries(many(200, (at) => [at * PAGE_BYTES + 1, `Class${at}`]));
    const rows = { [CLASS]: many(200, (at) => classRow(at * PAGE_BYTES + 1)) };
    const object = paged(dotnetParts(rows, { '#Strings': heapOf(200 * PAGE_BYTES, texts) }));
    expect(asked(object, 'number_of_classes')).toBe(200);
    expect(object.reads).toBeLessThan(210);
    expect(asked(object, 'classes', 'name')).toBe('Class199');
  });

  it('tables', () => {
    const rows = { [CLASS]: many(500_000, () => classRow(1, 1, 4)) };
    const parts = dotnetParts(rows, { '#Strings': heapOf(100, { 1: 'A' }) });
    const object = paged(parts);
    expect(asked(object, 'number_of_classes')).toBe(500_000);
    expect(object.reads).toBeLessThan(parts.size / PAGE_BYTES + 10);
  });

  it('types of one method', () => {
    const count = 150;
    const texts = Object.fromEntries(many(count, (at) => [at * PAGE_BYTES + 1, `Type${at}`]));
    const references = many(count, (at) => numbers([2, 0], [4, at * PAGE_BYTES + 1], [4, 0]));
    const parameters = many(count, (at) => {
      const index = ((at + 1) << 2) | 1;
      return [0x12, 0x80 | (index >> 8), index & 0xff];
    }).flat();
    const object = withSignature(
      [0, 0x80 | (count >> 8), count & 0xff, 1, ...parameters],
      { [TYPE_REFERENCE]: references },
      heapOf(count * PAGE_BYTES, texts),
    );
    expect(asked(object, 'classes', 'methods', 'parameters', 'type')).toBe(`.Type${count - 1}`);
    expect(object.reads).toBeLessThan(count * 3);
  });

  it('user strings', () => {
    const long = Buffer.from([0xc0, 0, 0xff, 0xf1]);
    const texts = Object.fromEntries(many(150, (at) => [1 + at * 0xfff5, long]));
    const object = paged(dotnetParts({}, { '#US': heapOf(150 * 0xfff5 + 1, texts) }));
    expect(asked(object, 'number_of_user_strings')).toBe(150);
    expect(object.reads).toBeLessThan(160);
  });

  it('names of streams', () => {
    const names = many(200, (at) => `${at}`.padEnd(60_000, 'n'));
    const object = paged(dotnetParts({}, Object.fromEntries(names.map((name) => [name, heapOf(4, {})]))));
    expect(asked(object, 'streams', 'name')).toBe(names.at(-1));
    expect(object.reads).toBeLessThan(210);
  });
});

describe('bounds', () => {
  const LONG = 'n'.repeat(60_000);
  const strings = heapOf(100_000, { 1: 'A', 10: LONG });

  it.each([
    [1000, 1000],
    [1200, 'limit:dotnetNames'],
  ])('%i classes of one long name', (count, expected) => {
    const rows = { [CLASS]: many(count, () => classRow(10)) };
    expect(asked(paged(dotnetParts(rows, { '#Strings': strings })), 'number_of_classes')).toBe(expected);
  });

  it.each([
    [130, 'number'],
    [132, 'limit:dotnetMethods'],
  ])('a thousand methods that belong to %i classes', (count, expected) => {
    const rows = {
      [CLASS]: many(2 * count, (at) => classRow(1, at % 2 === 0 ? 1 : 1001)),
      [METHOD]: many(1000, () => methodRow(1, 1)),
    };
    const blob = heapOf(8, { 1: Buffer.from([3, 0, 0, 1]) });
    const object = paged(dotnetParts(rows, { '#Strings': strings, '#Blob': blob }));
    const root = dotnetModule.open!(object.view);
    const classes = object.ask(() => root.field('classes')) as ArrayValue;
    const last = outcome(() =>
      many(classes.length, (at) =>
        object.ask(() => (classes.item(at) as StructureValue).field('number_of_methods')),
      ).at(-1),
    );
    expect(last).toBe(expected);
  });

  it.each([
    ['4,096', 4096, 1, 4096],
    ['4,097', 4097, 1, 'limit:dotnetParameters'],
    ['twenty long names of', 20, 10, 'limit:dotnetParameters'],
  ])('a method with %s parameters', (_, count, name, expected) => {
    const parameters = many(count, () => numbers([2, 0], [2, 1], [4, name]));
    const signature = [0, 0x80 | (count >> 8), count & 0xff, 1, ...many(count, () => 8)];
    const object = withSignature(signature, { [PARAMETER]: parameters }, strings);
    expect(asked(object, 'classes', 'methods', 'number_of_parameters')).toBe(expected);
  });

  it('types that are made of many types that are made of many', () => {
    const generic = (...parameters: readonly number[]): Buffer => {
      const blob = [0x15, 0x12, 0x05, 99, ...many(99, () => parameters).flat()];
      return Buffer.from([0x80 | (blob.length >> 8), blob.length & 0xff, ...blob]);
    };
    const object = paged(
      dotnetParts(
        {
          [TYPE_REFERENCE]: [numbers([2, 0], [4, 1], [4, 1])],
          [CLASS]: [classRow(1)],
          [METHOD]: [methodRow(1, 1)],
          [TYPE_SPECIFICATION]: [numbers([4, 16]), numbers([4, 500])],
        },
        {
          '#Strings': strings,
          '#Blob': heapOf(1000, {
            1: Buffer.from([4, 0, 0, 0x12, 0x06]),
            16: generic(0x12, 0x0a),
            500: generic(8),
          }),
        },
      ),
    );
    expect(asked(object, 'classes', 'number_of_methods')).toBe('limit:dotnetTypes');
  });

  it('half a million generic parameters of one class', () => {
    const rows = {
      [CLASS]: [classRow(1)],
      [GENERIC_PARAMETER]: many(500_000, () => numbers([2, 0], [2, 0], [2, 2], [4, 1])),
    };
    const object = paged(dotnetParts(rows, { '#Strings': strings }));
    expect(asked(object, 'classes', 'number_of_generic_parameters')).toBe(500_000);
  });

  it('user strings without end', () => {
    const { parts, size } = dotnetParts({}, { '#US': heapOf(4 * MIB, { 0: Buffer.alloc(4 * MIB, 3) }) });
    expect(asked(paged({ parts, size }), 'number_of_user_strings')).toBe('limit:dotnetUserStrings');
  });

  it.each([
    [10_000, [], 1],
    [100, ['limit:reads'], 0],
  ])('a scan that may read %i times', async (reads, reasons, matching) => {
    const texts = Object.fromEntries(many(200, (at) => [at * PAGE_BYTES + 1, `Class${at}`]));
    const rows = { [CLASS]: many(200, (at) => classRow(at * PAGE_BYTES + 1)) };
    const { parts, size } = dotnetParts(rows, { '#Strings': heapOf(200 * PAGE_BYTES, texts) });
    const rules = compileRules([
      { text: 'import "dotnet" rule r { condition: for any c in dotnet.classes: (c.name == "Class199") }' },
    ]);
    const scanner = new StreamScanner(rules, {
      size,
      limits: { reads },
      readAt: (offset, length) => Promise.resolve(readParts(parts, size, offset, length)),
    });
    for (let at = 0; at < size; at += MIB) scanner.write(readParts(parts, size, at, MIB));
    const { matches, undecided, stats } = await scanner.end();
    expect(matches).toHaveLength(matching);
    expect(undecided.map(({ reason }) => reason)).toEqual(reasons);
    expect(stats.pageReads).toBeLessThanOrEqual(Math.min(reads, 420));
  });
});

describe(`whatever it is given, seed ${seed}`, () => {
  it('a damaged file throws nothing but refusals, in few ranges', () => {
    const original = smallDotnet();
    const random = randomFor('dotnet fuzz');
    for (let copy = 0; copy < runs(300); copy++) {
      const bytes = Uint8Array.from(original);
      for (let changes = copy === 0 ? 0 : random.below(8); changes > 0; changes--) {
        const at = [0x80, 0x400, 0x500, 0x500, 0x580, 0x600][random.below(6)]! + random.below(0x400);
        if (at < bytes.length) bytes[at] = [0, 1, 0x12, 0x15, 0x7f, 0x80, 0xff, random.below(256)][random.below(8)]!;
      }
      const length = copy > 0 && random.below(8) === 0 ? 0x400 + random.below(bytes.length - 0x400) : bytes.length;
      const object = new PagedObject(length, (offset, count) => bytes.slice(offset, Math.min(length, offset + count)));
      const found = readEach(object, dotnetModule.schema, dotnetModule.open!(object.view));
      if (copy === 0) expect(found.defined).toBeGreaterThan(90);
      expect(found.refused.filter((reason) => !/^limit:(?:dotnet|text)/.test(reason))).toEqual([]);
      expect(object.reads).toBeLessThanOrEqual(1);
    }
  });
});
