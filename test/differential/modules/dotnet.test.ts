/**
 * Everything `dotnet` says of real files, of one that is made to have everything, and of damaged copies is what YARA-X says, but for
 * the entry in `dotnet-dialect.ts`. `SLUICE_RUNS=100` takes a hundred times as many copies. How many were asked is printed at the end.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { dotnetModule } from '../../../shared/yara/modules/dotnet/dotnet.ts';
import { Metadata } from '../../../shared/yara/modules/dotnet/metadata.ts';
import { randomFor, runs, seed } from '../../conformance/seed.ts';
import { smallDotnet } from '../../unit/shared/yara/modules/sparse-dotnet.ts';
import { CopyAsker, notHolding } from './ask.ts';
import { asRead } from './dotnet-dialect.ts';
import { dump } from './dump.ts';
import { memoryView, Refused } from './memory-view.ts';
import { mutated, type Part } from './mutate.ts';
import { distinct, packageFiles } from './package-files.ts';

const files = distinct(packageFiles(Buffer.from('MZ')));
/** Longer ones take the reference long. */
const MAX_BYTES = 700_000;
const ofDotnet = files
  .filter(({ bytes }) => bytes.length <= MAX_BYTES)
  .filter(({ bytes }) => new Metadata(memoryView(bytes)).root() !== undefined);
const others = files.filter(({ bytes }) => new Metadata(memoryView(bytes)).root() === undefined);
/** Damaged copies are made of files up to this length: each copy is asked whole, but fewer items of arrays. */
const MAX_DAMAGED_BYTES = 60_000;
const COPY_ITEMS = 4;
const damageable = [
  { name: 'one of everything', bytes: smallDotnet() },
  ...ofDotnet.filter(({ bytes }) => bytes.length <= MAX_DAMAGED_BYTES),
];
const asked = { damaged: 0, refused: 0, explained: 0 };

function differences(bytes: Uint8Array): Promise<string[]> {
  return notHolding('dotnet', dump(dotnetModule, bytes), bytes);
}

describe.skipIf(ofDotnet.length === 0)('dotnet on files of packages', () => {
  it.each(ofDotnet.map(({ name, bytes }) => [name, bytes] as const))('%s, whole', async (_, bytes) => {
    const conditions = dump(dotnetModule, bytes);
    expect(conditions).toContain('dotnet.is_dotnet');
    expect(await notHolding('dotnet', conditions, bytes)).toEqual([]);
  });
});

describe(`dotnet on damaged files, seed ${seed}`, () => {
  it('one of everything, whole', async () => {
    expect(await differences(smallDotnet())).toEqual([]);
  });

  it.each(damageable.map(({ name, bytes }) => [name, bytes] as const))(
    '%s, damaged',
    async (name, bytes) => {
      const random = randomFor('dotnet', name);
      const parts = partsOf(bytes);
      const asker = new CopyAsker('dotnet', dump(dotnetModule, bytes, [], COPY_ITEMS));
      for (let copy = 0; copy < runs(2); copy++) {
        const damaged = mutated(bytes, random, parts);
        asked.damaged++;
        let failing = await asker.notHolding(conditionsOf(damaged), damaged);
        const read = failing.length === 0 ? undefined : asRead(damaged);
        if (read !== undefined) {
          asked.explained++;
          failing = await asker.notHolding(conditionsOf(read), damaged);
        }
        expect.soft(failing, `copy ${copy}, seed ${seed}`).toEqual([]);
      }
      asker.free();
    },
    runs(60_000),
  );

  afterAll(() => {
    console.log(`dotnet, seed ${seed}: ${JSON.stringify(asked)}`);
  });
});

/** None where a bound refuses an answer: that is undecided, not another answer. */
function conditionsOf(bytes: Uint8Array): string[] {
  try {
    return dump(dotnetModule, bytes, [], COPY_ITEMS);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    asked.refused++;
    return [];
  }
}

/** The headers of the file, of its metadata and of its tables, the first rows, and the beginning of each heap. */
function partsOf(bytes: Uint8Array): Part[] {
  const metadata = new Metadata(memoryView(bytes));
  const header = metadata.image.directoryExtent(14, false)!;
  const { streams } = metadata.root()!;
  const first = Math.min(...streams.map(({ offset }) => offset));
  return [
    { offset: header.start, length: 72 },
    { offset: first - 120, length: 120 },
    ...streams.flatMap(({ offset, size }) => [
      { offset, length: Math.min(size, 200) },
      { offset, length: Math.min(size, 2000) },
      { offset, length: size },
    ]),
  ];
}

describe.skipIf(ofDotnet.length === 0)('user strings', () => {
  const { bytes } =
    ofDotnet.find((file) => new Metadata(memoryView(file.bytes)).userStrings() !== undefined) ?? ofDotnet[0]!;

  it.each([0x80, 0xc0, 0xe0, 0xff])('with a second length that begins with %i', async (first) => {
    const damaged = Uint8Array.from(bytes);
    const { start } = new Metadata(memoryView(bytes)).userStrings()!;
    damaged[start + 2 + damaged[start + 1]!] = first;
    expect(await differences(damaged)).toEqual([]);
  });
});

describe('what is no .NET file', () => {
  it.each([
    ['nothing', new Uint8Array(0)] as const,
    ...others.slice(0, 3).map(({ name, bytes }) => [name, bytes] as const),
  ])('%s', async (_, bytes) => {
    expect(await differences(bytes)).toEqual([]);
  });
});
