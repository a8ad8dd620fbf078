/** What is looked at before a block is run finds what running it would: the same matches, for every way of cutting the object. */
import { describe, expect, it } from 'vitest';
import {
  compileRules,
  decodeRules,
  encodeRules,
  resumeScanner,
  StreamScanner,
  type ScanOptions,
} from '../../../../../shared/yara/index.ts';
import { randomFor, seed } from '../../../../conformance/seed.ts';

interface Found {
  readonly offset: number;
  readonly length: number;
}

/** Matches of the rule's one pattern, or why it is undecided. */
async function scan(
  pattern: string,
  object: Uint8Array,
  chunk: number,
  options: ScanOptions = {},
): Promise<readonly Found[] | string> {
  const rules = compileRules([{ text: `rule r { strings: $a = ${pattern} condition: #a >= 0 }` }]);
  const others = decodeRules(encodeRules(rules));
  let scanner = new StreamScanner(rules, options);
  for (let at = 0; at < object.length; at += chunk) {
    scanner.write(object.subarray(at, at + chunk));
    if (chunk > 1000) scanner = resumeScanner(others, scanner.checkpoint(), options);
  }
  const { matches, undecided } = await scanner.end();
  return undecided[0]?.reason ?? matches[0]?.patterns[0]?.matches ?? [];
}

/** What a backtracking engine finds from each place. */
function expected(regex: RegExp, object: Uint8Array): Found[] {
  const text = Buffer.from(object).toString('latin1');
  const sticky = new RegExp(regex.source, `${regex.flags}y`);
  const found: Found[] = [];
  for (let offset = 0; offset < text.length; offset++) {
    sticky.lastIndex = offset;
    const length = sticky.exec(text)?.[0].length ?? 0;
    if (length > 0) found.push({ offset, length });
  }
  return found;
}

const parts = ['qjx', 'qjx', 'zv', ' ', '\n', 'w', 'vw', '.kz', '/', 'a'];

describe(`with seed ${seed}`, () => {
  it.each([
    // The rest may never come, or late; alternatives; lazy; several places where a match may begin; bounded, but by far.
    /qjx[^ \n]*\.kz/,
    /qjx.*(zv|vw)/,
    /qjx.*?zv/,
    /[a ]{0,5}qjxz*v+/,
    /qjx+[vwz]{8,64}/,
    /qjx.{0,1000}\.kz/,
    /\bqjx[^\n]*\bzv\b/,
  ])('%s is found wherever it stands', async (regex) => {
    const random = randomFor(`glances ${regex.source}`);
    for (const rareness of [3, 200, 3000]) {
      let text = '';
      while (text.length < 11_000) text += random.below(rareness) < 2 ? parts[random.below(parts.length)]! : 'b';
      // Where a match of any length may go: what is beyond the reach of a block is told otherwise.
      const object = Buffer.from(text.slice(0, 11_000).replace(/(.{60})b/gs, '$1\n'), 'latin1');
      const whole = await scan(String(regex), object, object.length);
      expect(whole).toEqual(expected(regex, object));
      for (const chunk of [997, 4096]) expect(await scan(String(regex), object, chunk), String(chunk)).toEqual(whole);
    }
  });
});

describe('where the places of one block take too much', () => {
  it('the block is run, and its matches are told once', async () => {
    // Each of them reads on to the end of its block, and the one behind.
    const object = Buffer.alloc(30_000, 'qjx-');
    object.write('.kz', 20_000);
    const [whole, cut] = [
      await scan('/qjx[^ ]*\\.kz/', object, object.length),
      await scan('/qjx[^ ]*\\.kz/', object, 1009),
    ];
    expect(whole).toEqual(cut);
    const offsets = (whole as Found[]).map(({ offset }) => offset);
    // A match of a block ends less than one block behind it.
    const last = 4 * 4096;
    expect(offsets.filter((offset) => offset >= last)).toEqual(
      Array.from({ length: (20_000 - last) / 4 }, (_, at) => last + 4 * at),
    );
    expect(new Set(offsets).size).toBe(offsets.length);
  });

  it('it is counted the same for every way of cutting the object', async () => {
    // Too far from each other to match: only the block's run meets both ends.
    const object = Buffer.alloc(15 * 4096, 'b');
    for (let block = 0; block < object.length; block += 4096) {
      object.fill('qjx-', block, block + 1600);
      object.fill('.kz-', block + 2800, block + 3000);
    }
    const pattern = '/qjx(ab|.){0,900}\\.kz/';
    const limits = { stepsPerByte: 1 };
    const whole = await scan(pattern, object, object.length, { limits });
    expect(whole).toBe('limit:stepsPerByte');
    for (const chunk of [911, 4096, 7001]) expect(await scan(pattern, object, chunk, { limits })).toBe(whole);
  });
});
