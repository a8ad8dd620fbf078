/** `pe` reads what it needs, where it is, gives the same answers however the object comes, and ends on whatever it is given. */
import { describe, expect, it } from 'vitest';
import { compileRules, scanBytes, StreamScanner } from '../../../../../shared/yara/index.ts';
import type { CallContext, StructureValue } from '../../../../../shared/yara/modules/module.ts';
import { peFunctions } from '../../../../../shared/yara/modules/pe/functions.ts';
import { peModule } from '../../../../../shared/yara/modules/pe/pe.ts';
import { computeOver } from '../../../../../shared/yara/modules/range-computations.ts';
import { randomFor, runs, seed } from '../../../../conformance/seed.ts';
import { PagedObject } from './paged-object.ts';
import { outcome, readAll, readValue } from './read-all.ts';
import { scanInPieces } from './scan-in-pieces.ts';
import { EXPORTED, IMPORTED, peParts, readParts, RESOURCES } from './sparse-pe.ts';

function sparse(size: number, exportsAt: number, resourcesAt: number): PagedObject {
  const parts = peParts(exportsAt, resourcesAt);
  return new PagedObject(size, (offset, length) => readParts(parts, size, offset, length));
}

const rule = `import "pe" rule r { condition:
  pe.imports("kernel32.DLL", "${IMPORTED[299]!}") and pe.imports(pe.IMPORT_DELAYED, "user32.dll") == ${IMPORTED.length}
  and pe.exports("${EXPORTED[1999]!}") and pe.exports_index(/^export7$/) == 7 and pe.dll_name == "library.dll"
  and pe.number_of_resources == ${RESOURCES} and pe.version_info["CompanyName"] == "Example"
  and pe.version_info["ProductName"] == "Sparse" and pe.number_of_version_infos == 3 and pe.language(9)
  and pe.pdb_path == "C:\\\\build\\\\a.pdb" and pe.rich_signature.toolid(1, 2) == 7 and pe.overlay.size == 0x1000
  and pe.imphash() != "d41d8cd98f00b204e9800998ecf8427e" and pe.calculate_checksum() != 0 and pe.is_64bit()
  and not pe.is_dll() and pe.entry_point == 0x400 and pe.section_index(".rsrc") == 2 and not pe.is_signed }`;

describe('pe', () => {
  it('4 GiB with exports in the middle and resources at the end are read in few ranges', () => {
    const object = sparse(2 ** 32 + 0x1000, 2 ** 31, 2 ** 32 - 0x20000);
    const root = peModule.open!(object.view);
    expect(readAll(object, peModule.schema, root)).toBeGreaterThan(2 * EXPORTED.length + 4 * RESOURCES);
    expect(object.reads).toBeLessThanOrEqual(64);
    expect(object.bytesRead).toBeLessThanOrEqual(8 * 2 ** 20);
  });

  it.each([
    ['is_pe', 1],
    ['machine', 1],
    ['sections', 1],
    ['rich_signature', 1],
    ['import_details', 2],
    ['export_details', 4],
    ['version_info', 4],
  ])('%s alone takes at most %i ranges', (field, most) => {
    const object = sparse(2 ** 32 + 0x1000, 2 ** 31, 2 ** 32 - 0x20000);
    const root = peModule.open!(object.view);
    readValue(object, peModule.schema.fields![field]!.type, () => root.field(field));
    expect(object.reads).toBeLessThanOrEqual(most);
  });

  it(`answers do not depend on pieces or on going on from a checkpoint, seed ${seed}`, async () => {
    const size = 0x90000 + 0x20000 + 0x1000;
    const bytes = readParts(peParts(0x40000, 0x90000), size, 0, size);
    const rules = compileRules([{ text: rule }]);
    const whole = await scanBytes(rules, bytes);
    expect(whole.undecided).toEqual([]);
    expect(whole.matches).toHaveLength(1);
    const { matches, undecided } = await scanInPieces(rules, bytes, randomFor('pe pieces'));
    expect({ matches, undecided }).toEqual({ matches: whole.matches, undecided: whole.undecided });
  });

  it('where nothing can be read again, what is held answers and the rest is undecided', async () => {
    const size = 0x90000 + 0x20000 + 0x1000;
    const scanner = new StreamScanner(compileRules([{ text: rule }]), { limits: { retainedBytes: 2000 } });
    scanner.write(readParts(peParts(0x40000, 0x90000), size, 0, size));
    const { matches, undecided } = await scanner.end();
    expect(matches).toEqual([]);
    expect(undecided).toMatchObject([{ rule: 'r', reason: 'unseekable' }]);
  });
});

describe('bounds', () => {
  function patched(...patches: readonly (readonly [offset: number, words: readonly number[]])[]): PagedObject {
    const size = 0x2000000;
    const parts = patches.map(([offset, words]) => {
      const bytes = Buffer.alloc(words.length * 4);
      words.forEach((word, at) => bytes.writeUInt32LE(word, at * 4));
      return { offset, bytes };
    });
    return new PagedObject(size, (at, length) => readParts([...peParts(0x40000, 0x90000), ...parts], size, at, length));
  }

  function asked(object: PagedObject, field: string): string {
    const root = peModule.open!(object.view);
    return outcome(() => object.ask(() => root.field(field)));
  }

  const repeated = (count: number, words: readonly number[]): number[] =>
    Array.from({ length: count }, () => words).flat();

  it('libraries that share one long table of names', () => {
    const libraries = (count: number): PagedObject =>
      patched(
        [0x400, [...repeated(count, [0x100000, 0, 0, 0x1100, 0x3000]), 0]],
        [0x40000, repeated(16384, [0x4000, 0])],
      );
    expect(asked(libraries(8), 'number_of_imports')).toBe('number');
    expect(asked(libraries(9), 'number_of_imports')).toBe('limit:peImports');
  });

  it('a tree of resources whose branches are one', () => {
    const branch = [0, 99, 0, 0x80000000, ...repeated(32768, [1, 0x80050000])];
    const object = patched([0x90000, branch], [0x90000 + 0x50000, branch]);
    expect(asked(object, 'number_of_resources')).toBe('limit:peResources');
    expect(object.reads).toBeLessThan(20);
  });

  it('a PE header far from the start', () => {
    const header = [0x4550, 0x00018664, 0, 0, 0, 0x000000f0];
    const object = patched([60, [0x200000]], [0x200000, header]);
    const root = peModule.open!(object.view);
    const rich = object.ask(() => root.field('rich_signature')) as StructureValue;
    expect(outcome(() => object.ask(() => rich.field('key')))).toBe('limit:peStubBytes');
  });

  /** As many exports as are read, the names of which are all this one. */
  function exporting(nameAt: number, name: string): Buffer {
    const bytes = Buffer.alloc(0x40000);
    const words = [0, 0, 0, 0, 1, 16384, 16384, 0x101000, 0x101000, 0x112000];
    words.forEach((word, at) => bytes.writeUInt32LE(word, at * 4));
    for (let at = 0; at < 16384; at++) {
      bytes.writeUInt32LE(0x100000 + nameAt, 0x1000 + at * 4);
      bytes.writeUInt16LE(at, 0x12000 + at * 2);
    }
    bytes.write(`${name}\0`, nameAt, 'latin1');
    return bytes;
  }

  it.each([
    ['pe.exports(/(a|b)*c/) or filesize < 1', 60_000],
    ['pe.exports_index(/a+b$/) == 1', 60_000],
    ['for all i in (1..1000000): (not pe.exports(/b/))', 10],
    ['for all i in (1..1000000): (not pe.exports("b"))', 10],
    ['for all i in (1..1000000): (pe.imports("kernel32.dll", "b") or i > 0)', 10],
    ['for all i in (1..1000000): (pe.imports(/KERNEL/, /(b|d)e?f/) == 0)', 10],
  ])('%s, asked of names of %i characters', async (condition, length) => {
    const size = 0x100000;
    const parts = [...peParts(0x40000, 0x90000), { offset: 0x40000, bytes: exporting(0x1b000, 'a'.repeat(length)) }];
    const rules = compileRules([{ text: `import "pe" rule r { condition: ${condition} }` }]);
    const limits = { evaluationSteps: 1_000_000 };
    const { undecided } = await scanBytes(rules, readParts(parts, size, 0, size), { limits });
    expect(undecided).toMatchObject([{ reason: 'limit:evaluationSteps' }]);
  });

  it('a regex is asked once about each name, in however many pages they are', () => {
    const count = 200;
    const parts = peParts(0x40000, 0x90000);
    const table = Buffer.alloc(count * 4);
    const names = Array.from({ length: count }, (_, at) => {
      table.writeUInt32LE(0x200000 + at * 0x100, at * 4);
      return { offset: 0x90000 + at * 0x100, bytes: Buffer.from(`name${at}\0`) };
    });
    const sizes = Buffer.alloc(8);
    sizes.writeUInt32LE(count, 0);
    sizes.writeUInt32LE(count, 4);
    const all = [...parts, { offset: 0x40000 + 20, bytes: sizes }, { offset: 0x46000, bytes: table }, ...names];
    const object = new PagedObject(0x100000, (at, length) => readParts(all, 0x100000, at, length));
    const root = peModule.open!(object.view);
    let asked = 0;
    let charged = 0;
    const regex = { ask: () => ({ isMatch: ++asked < 0, cost: 160 }) };
    const context = {
      object: object.view,
      root: () => root,
      charge: (steps: number) => {
        charged += steps;
      },
    } as unknown as CallContext;
    expect(object.ask(() => peFunctions['pe.exports(regex)']!(context, regex))).toBe(false);
    expect({ asked, charged }).toEqual({ asked: count, charged: count * 11 });
  });

  it('a name without end', () => {
    const object = patched([0x40040, repeated(20000, [0x41414141])]);
    expect(asked(object, 'dll_name')).toBe('limit:textBytes');
  });
});

describe(`whatever it is given, seed ${seed}`, () => {
  it('a damaged file throws nothing but refusals, in few ranges', () => {
    const size = 0x90000 + 0x20000 + 0x1000;
    const original = readParts(peParts(0x40000, 0x90000), size, 0, size);
    const random = randomFor('pe fuzz');
    const hot = [0, 0x100, 0x208, 0x400, 0x480, 0x600, 0x1400, 0x40000, 0x90000, 0x91800, 0xa0000];
    for (let copy = 0; copy < runs(25); copy++) {
      const bytes = Uint8Array.from(original);
      for (let changes = random.below(12); changes >= 0; changes--) {
        const at = hot[random.below(hot.length)]! + random.below(128);
        bytes[at] = [0, 0xff, 0x80, 0x7f, random.below(256)][random.below(5)]!;
      }
      const length = random.below(8) === 0 ? random.below(size) : size;
      const object = new PagedObject(length, (offset, count) => bytes.slice(offset, Math.min(length, offset + count)));
      const root = peModule.open!(object.view);
      outcome(() => readAll(object, peModule.schema, root));
      const context = {
        object: object.view,
        root: () => root,
        range: () => computeOver('wordSum', bytes),
        charge: () => undefined,
      } as unknown as CallContext;
      for (const link of ['pe.imphash()', 'pe.calculate_checksum()', 'pe.is_dll()']) {
        outcome(() => object.ask(() => peFunctions[link]!(context)));
      }
      expect(object.reads).toBeLessThan(200);
    }
  });
});
