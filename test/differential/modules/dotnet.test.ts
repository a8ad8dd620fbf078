/** Everything `dotnet` says of real files is what YARA-X says. */
import { describe, expect, it } from 'vitest';
import { dotnetModule } from '../../../shared/yara/modules/dotnet/dotnet.ts';
import { Metadata } from '../../../shared/yara/modules/dotnet/metadata.ts';
import { notHolding } from './ask.ts';
import { dump } from './dump.ts';
import { memoryView } from './memory-view.ts';
import { packageFiles } from './package-files.ts';

const files = packageFiles(Buffer.from('MZ'));
/** Longer ones take the reference long. */
const MAX_BYTES = 700_000;
const ofDotnet = files
  .filter(({ bytes }) => bytes.length <= MAX_BYTES)
  .filter(({ bytes }) => new Metadata(memoryView(bytes)).root() !== undefined);
const others = files.filter(({ bytes }) => new Metadata(memoryView(bytes)).root() === undefined);
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
