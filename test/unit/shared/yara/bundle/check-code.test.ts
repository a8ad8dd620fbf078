/**
 * Byte code from outside: whatever is changed in it, a bundle is either refused or scans without breaking. The bundle's
 * checksum is made to fit, as whoever means harm would.
 */
import { describe, expect, it } from 'vitest';
import { BundleError, compileRules, decodeRules, encodeRules, scanBytes } from '../../../../../shared/yara/index.ts';
import { checkCode } from '../../../../../shared/yara/bundle/check-code.ts';
import { loadImage } from '../../../../../shared/yara/bundle/bundle.ts';
import { checkImage } from '../../../../../shared/yara/bundle/check-image.ts';
import type { RuleImage } from '../../../../../shared/yara/bundle/image.ts';
import { loaded, LoadedRules } from '../../../../../shared/yara/bundle/loaded-rules.ts';
import { OP } from '../../../../../shared/yara/bundle/opcodes.ts';
import { randomFor, seed } from '../../../../conformance/seed.ts';

const text = `
  import "math" import "hash" import "string" import "console"
  rule a { strings: $a = "abc" $b = "abd" condition: any of them and #a > 1 and @a[2] == 3 and !b == 3 }
  rule b { strings: $a = "abc" condition: $a at 0 or $a in (1..filesize) or 2 of them in (0..9) or 50% of them at 4 }
  rule c { condition: a and any of (a, b, filesize == 3, uint16(0) == 5) }
  rule d { strings: $a = "abc" condition: for any of them : ($ at 5 and # > 1 and @[1] == 4 and for any i in (1..#) : (@[i] > 1)) }
  rule e { condition: for all i in (0..filesize) : (for any s in ("a", "b") : (s contains "c" or i == s.len())) }
  rule f { condition: with x = uint32(0), y = x + 1, t = "a" : (x == y and t icontains "A" and t matches /^a+\\b/i) }
  rule g { condition: hash.md5(0, filesize) == "0" or math.entropy(0, 10) > 5.5 or math.in_range(math.mean(1, 2), 0.0, 1.0) }
  rule h { condition: string.to_int("12") \\ 5 == filesize or console.log("x", 5) or not defined (1 % filesize) }
  rule i { condition: entrypoint == 5 or -filesize > ~3 << 2 or 1.5 * filesize < 2 or x == 1 and y contains "b" and z }
  rule k { condition: filesize & 3 == 1 | 2 ^ 5 and 1.5 - filesize <= 2.5 \\ filesize and 5 >> filesize != 5 - filesize }
  rule l { condition: y startswith "b" or y iendswith "B" or y iequals "b" or y <= "c" or y or filesize or z == filesize }
  rule j { condition: for 3 i in (1, 2, filesize) : (i == 2) and for none f in (1.5, 2.5) : (f > uint8(0)) }
`;
const rules = compileRules([{ text }], { externals: { x: 1, y: 'b', z: true } });
const { image } = loaded(rules);

/** A copy of the image with other code. */
function withCode(code: Int32Array, other: Partial<RuleImage> = {}): RuleImage {
  return { ...image, ...other, code };
}

it('what the compiler writes is sound, and comes back', () => {
  expect(checkCode(image)).toBeUndefined();
  expect(decodeRules(encodeRules(rules)).digest).toBe(rules.digest);
});

describe(`changed code, seed ${seed}`, () => {
  const objects = ['', 'abcabdabc', 'MZ', '\x7fELF\x02'].map((it) => Buffer.from(it, 'latin1'));

  /** True when the check found nothing. As `decodeRules`, but for the checksum. */
  async function expectHarmless(changed: RuleImage, label: string): Promise<boolean> {
    if (checkImage(changed) !== undefined) return false;
    const decoded = new LoadedRules(changed, rules.digest);
    for (const object of objects) {
      const result = await scanBytes(decoded, object, { limits: { evaluationSteps: 20_000 } });
      expect(Array.isArray(result.matches), label).toBe(true);
    }
    return true;
  }

  it('one number replaced', async () => {
    let sound = 0;
    for (let round = 0; round < 600; round++) {
      const random = randomFor('replace', String(round));
      const code = image.code.slice();
      const at = random.below(code.length);
      const values = [
        random.below(80),
        -1 - random.below(5),
        code[at]! + 1,
        code[at]! - 1,
        random.below(code.length),
        2 ** 31 - 1,
      ];
      code[at] = values[random.below(values.length)]!;
      if (await expectHarmless(withCode(code), `round ${round}, seed ${seed}`)) sound++;
    }
    // Some changes leave code that only means something else.
    expect(sound).toBeGreaterThan(5);
  }, 60_000);

  it('parts moved, doubled and cut', async () => {
    for (let round = 0; round < 400; round++) {
      const random = randomFor('move', String(round));
      const code = image.code.slice();
      for (let change = 0; change <= random.below(3); change++) {
        const from = random.below(code.length);
        code.copyWithin(random.below(code.length), from, from + random.below(12));
      }
      await expectHarmless(withCode(code), `round ${round}, seed ${seed}`);
    }
  }, 60_000);

  it('rules that begin and end elsewhere', async () => {
    for (let round = 0; round < 200; round++) {
      const random = randomFor('bounds', String(round));
      const changed = image.rules.slice();
      const at = random.below(changed.length);
      changed[at] = changed[at]! + random.below(7) - 3;
      await expectHarmless(withCode(image.code, { rules: changed }), `round ${round}, seed ${seed}`);
    }
  }, 60_000);

  it('other links and regexes', async () => {
    for (const section of ['links', 'regexes', 'shapes', 'shapeOffsets', 'externals', 'sets'] as const) {
      for (let round = 0; round < 60; round++) {
        const random = randomFor(section, String(round));
        const changed = image[section].slice();
        changed[random.below(changed.length)] = random.below(60) - 5;
        await expectHarmless(withCode(image.code, { [section]: changed }), `${section}, round ${round}, seed ${seed}`);
      }
    }
  }, 60_000);
});

it('broken code makes a bundle that is refused', () => {
  const code = image.code.slice();
  code[0] = 1000;
  expect(() => decodeRules(encodeRules(loadImage(withCode(code))))).toThrow(BundleError);
});

describe('code made to deceive', () => {
  const { length } = image.code;

  /** The code of the last rule, put behind what there is. */
  function lastRule(...code: number[]): RuleImage {
    const changed = image.rules.slice();
    changed[changed.length - 3] = length;
    changed[changed.length - 2] = length + code.length;
    return withCode(Int32Array.from([...image.code, ...code]), { rules: changed });
  }

  it.each([
    ['leaves nothing', []],
    ['leaves a number', [OP.small, 1]],
    ['leaves two booleans', [OP.true, OP.true]],
    ['takes from an empty stack', [OP.not]],
    ['jumps back', [OP.true, OP.andSkip, length]],
    ['jumps behind the end', [OP.true, OP.andSkip, length + 4, OP.true]],
    ['jumps into an instruction', [OP.true, OP.andSkip, length + 4, OP.small, 1, OP.truth, OP.and]],
    ['jumps with another stack', [OP.true, OP.andSkip, length + 4, OP.true, OP.and]],
    [
      'jumps into a loop',
      [OP.true, OP.orSkip, length + 8, OP.forSet, 1, 0, length + 13, 0, 1, OP.has, -1, OP.next, length + 9],
    ],
    [
      'uses a pattern of a loop behind it',
      [OP.forSet, 1, 0, length + 10, 0, 1, OP.true, OP.next, length + 6, OP.has, -1, OP.or],
    ],
    ['leaves a loop early', [OP.forSet, 1, 0, length + 9, 0, 1, OP.true, OP.andSkip, length + 9, OP.next, length + 6]],
    ['ends within a loop', [OP.forSet, 1, 0, length + 7, 0, 1, OP.true]],
    ['ends a loop that was not begun', [OP.true, OP.next, length]],
    ['takes a number for a variable of text', [OP.text, 0, OP.keep, 0, OP.small, 1, OP.keep, 0, OP.true]],
    ['reads a variable that was never set', [OP.variable, 5]],
    ['lists nothing', [OP.forList, 1, 0, length + 8, 0, OP.true, OP.next, length + 5]],
    ['asks for no values', [OP.ofValues, 1, length + 4, 0]],
    [
      'has a value too many',
      [OP.ofValues, 1, length + 10, 1, OP.true, OP.ofNext, length + 10, OP.true, OP.ofNext, length + 10],
    ],
    ['quantifies by a word there is not', [OP.of, 9, 0, 1]],
    ['calls what is no function', [OP.call, 1000]],
    ['takes a module without fields for a structure', [OP.module, 0, OP.defined]],
    ['refers to itself', [OP.rule, image.rules.length / 11 - 1]],
    ['refers to a later rule', [OP.rule, 1000]],
    ['names an instruction there is not', [1000]],
    ['ends within an instruction', [OP.small]],
  ])('%s', (_, code) => {
    expect(checkCode(lastRule(...code))).toMatch(/the code of rule \d+ is broken/);
  });

  it('code that is odd but sound is taken', () => {
    expect(checkCode(lastRule(OP.small, 1, OP.keep, 3, OP.variable, 3, OP.truth))).toBeUndefined();
  });
});
