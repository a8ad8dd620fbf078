/** Lines of `console`: the reference's texts, in the reference's order, each once. */
import { describe, expect, it } from 'vitest';
import { compileRules, scanBytes, StreamScanner } from '../../../../../shared/yara/index.ts';

async function linesOf(text: string, bytes: Uint8Array = new Uint8Array(0)): Promise<string[]> {
  const lines: string[] = [];
  const rules = compileRules([{ text: `import "console" ${text}` }]);
  await scanBytes(rules, bytes, { onConsole: (line) => lines.push(line) });
  return lines;
}

/** What the npm package 1.20 of the reference writes. */
const expected: readonly (readonly [call: string, line: string])[] = [
  ['console.log("a")', 'a'],
  ['console.log("a", "b")', 'ab'],
  ['console.log(1)', '1'],
  ['console.log("x", -5)', 'x-5'],
  ['console.log(1.5)', '1.5'],
  ['console.log(1.0)', '1'],
  ['console.log(0.1 + 0.2)', '0.30000000000000004'],
  ['console.log(100000000000000000000000.0)', '100000000000000000000000'],
  ['console.log(0.0000000001)', '0.0000000001'],
  ['console.log(-0.0)', '-0'],
  ['console.log(1.0 \\ 0.0)', 'inf'],
  ['console.log(-1.0 \\ 0.0)', '-inf'],
  ['console.log(0.0 \\ 0.0)', 'NaN'],
  ['console.log("x", 1.5)', 'x1.5'],
  ['console.log(9223372036854775807)', '9223372036854775807'],
  ['console.hex(10)', '0xa'],
  ['console.hex("a: ", 255)', 'a: 0xff'],
  ['console.hex(-5)', '0xfffffffffffffffb'],
];

describe('lines', () => {
  it.each(expected)('%s writes %s', async (call, line) => {
    expect(await linesOf(`rule r { condition: ${call} }`)).toEqual([line]);
  });

  it.each([
    ['abc', 'abc'],
    ['a\nb', 'a\\nb'],
    ['a\u00e9', 'a\u00e9'],
    ['a"b\\c', 'a\\"b\\\\c'],
    ["it's", "it's"],
    ['\t\x01\x7f\0', '\\t\\x01\\x7f\\x00'],
    ['\u0085x', '\\xc2\\x85x'],
    ['\u2028', '\u2028'],
  ])('a range that holds %j is written as %j', async (text, line) => {
    const bytes = Buffer.from(text);
    expect(await linesOf(`rule r { condition: console.log("m: ", 0, filesize) }`, bytes)).toEqual([`m: ${line}`]);
  });

  it('a range that is not UTF-8 is written byte by byte', async () => {
    const bytes = Uint8Array.of(0x61, 0xff, 0x62, 0x0a, 0x27);
    expect(await linesOf(`rule r { condition: console.log(0, filesize) }`, bytes)).toEqual(["a\\xffb\\n\\'"]);
  });

  it('a range that is not within the object is not written', async () => {
    expect(
      await linesOf('rule r { condition: console.log(1, 1) and console.log(-1, 0) and console.log(0, -1) }'),
    ).toEqual([]);
  });

  it('a range of any length is bounded', async () => {
    const [line] = await linesOf('rule r { condition: console.log(0, filesize) }', new Uint8Array(3 << 20).fill(0x61));
    expect(line!.length).toBe((1 << 20) + 1);
  });
});

describe('order', () => {
  it('is that of the rules, and a global rule that does not hold ends it', async () => {
    const rules = `
      rule a { condition: console.log("a") }
      global rule g { condition: console.log("g") and filesize == 5 }
      rule b { condition: console.log("b") }`;
    expect(await linesOf(rules)).toEqual(['a', 'g']);
  });

  it('nothing is written that the condition does not come to', async () => {
    expect(await linesOf('rule r { condition: filesize == 5 and console.log("no") }')).toEqual([]);
    expect(await linesOf('rule r { condition: console.log("no") and false }')).toEqual([]);
    expect(await linesOf('rule r { condition: any of (console.log(1), console.log(2)) }')).toEqual(['1']);
    expect(await linesOf('rule r { condition: for any i in (1..9) : (console.log(i) and i == 2) }')).toEqual([
      '1',
      '2',
    ]);
    expect(await linesOf('rule r { condition: for none i in (1, 2) : (console.log(i)) }')).toEqual(['1']);
  });

  it('a rule that is false without a match speaks all the same', async () => {
    expect(await linesOf('rule r { strings: $a = "abc" condition: console.log("here") and $a }')).toEqual(['here']);
  });
});

it('each line is written once, though the condition waits for bytes and is looked at along the way', async () => {
  const size = 3 << 20;
  const bytes = new Uint8Array(size);
  const lines: string[] = [];
  const rules = compileRules([
    {
      text: `import "console" rule r {
        condition: console.log("first") and uint8(1000000) == 0 and console.log("second") and uint8(2000000) == 0
      }`,
    },
  ]);
  const scanner = new StreamScanner(rules, {
    size,
    readAt: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
    onConsole: (line) => lines.push(line),
  });
  scanner.write(bytes);
  const { stats } = await scanner.end();
  expect(stats.pageReads).toBe(2);
  expect(lines).toEqual(['first', 'second']);
});
