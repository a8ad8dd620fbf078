/**
 * Rules that their header or size settles: the answer is the reference's, whatever was muted, and muted patterns cost no
 * verification.
 */
import { describe, expect, it } from 'vitest';
import { loaded } from '../../../../../shared/yara/bundle/loaded-rules.ts';
import { compileRules, scanBytes } from '../../../../../shared/yara/index.ts';
import { gatesOf } from '../../../../../shared/yara/scan/gates.ts';
import { randomFor, seed } from '../../../../conformance/seed.ts';
import { askOurs, askReference } from '../both-engines.ts';

/** Long enough for gates to be worth passing, which is done at 64 KiB. */
const SIZE = 300_000;

function gatesIn(text: string): (readonly number[])[] {
  return gatesOf(loaded(compileRules([{ text }])).image).map(({ rules }) => rules);
}

describe('gates', () => {
  it('are the operands of the outermost and that need no match', () => {
    const rule = (condition: string): string => `rule r { strings: $a = "abcd" condition: ${condition} }`;
    expect(gatesIn(rule('uint16(0) == 0x5a4d and filesize < 1MB and $a'))).toHaveLength(2);
    expect(gatesIn(rule('$a and (uint8(0) == 1 or filesize < 9)'))).toHaveLength(1);
    expect(gatesIn(rule('uint8(0) == 1 or $a'))).toHaveLength(0);
    expect(gatesIn(rule('not (filesize < 9 and $a)'))).toHaveLength(0);
    expect(gatesIn(rule('$a'))).toHaveLength(0);
  });

  it('are references to rules that are settled before', async () => {
    const referring = (named: string): string => `private rule named { ${named} }
      rule between { strings: $a = "needle" condition: named and #a > 3 }
      rule r { strings: $a = "needle" condition: between and #a > 4 }`;
    const object = Buffer.alloc(SIZE, 'needle');
    for (const condition of ['condition: uint8(0) == 1', 'strings: $a = "needle" condition: $a and uint8(0) == 1']) {
      const text = referring(condition);
      expect(gatesIn(text).length).toBeGreaterThanOrEqual(2);
      const { matches, stats } = await scanBytes(compileRules([{ text }]), object);
      expect(matches).toEqual([]);
      // Those of the first 64 KiB.
      expect(stats.verifications).toBeLessThan(15_000);
      const open = await scanBytes(compileRules([{ text: text.replace('== 1', '!= 1') }]), object);
      expect(open.matches.map(({ rule }) => rule)).toEqual(['between', 'r']);
      expect(open.stats.verifications).toBeGreaterThan(45_000);
    }
  });

  it('are shared by rules', () => {
    const rule = (name: string): string =>
      `rule ${name} { strings: $a = "${name}_abcd" condition: (uint8(0) == 1 or filesize > 4KB) and $a }`;
    expect(gatesIn(rule('first') + rule('second'))).toEqual([[0, 1]]);
  });

  it('spare the verification of patterns', async () => {
    const text = (limit: number): string =>
      `rule r { strings: $a = "needle" condition: filesize < ${limit} and #a > 3 and uint8(5) == 1 }`;
    const object = Buffer.alloc(SIZE, 'needle');
    const [muted, open] = [
      await scanBytes(compileRules([{ text: text(9) }]), object),
      await scanBytes(compileRules([{ text: text(SIZE + 1) }]), object),
    ];
    expect(muted.matches).toEqual([]);
    expect(muted.stats.verifications).toBeLessThan(15_000);
    expect(open.stats.verifications).toBe(muted.stats.verifications);
  });

  // Where rules share a pattern the reference may miss it (`shared-constraints`), so it is then asked about one at a time.
  it.each(['rules that share patterns', 'rules that refer to others'])(
    `change no answer of %s, with seed ${seed}`,
    async (kind) => {
      const random = randomFor('gates', kind);
      const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!;
      for (let round = 0; round < 8; round++) {
        const isShared = kind === 'rules that share patterns';
        const rules = Array.from({ length: 20 }, (_, number) => {
          const parts = Array.from({ length: 1 + random.below(3) }, () => pick(GATES));
          parts.splice(random.below(parts.length + 1), 0, pick(OTHERS));
          if (!isShared && number > 3) parts.push(`${pick(['', 'not '])}r${random.below(number)}`);
          const [text, regex] = isShared ? [number % 3, number % 2] : [number, number];
          const condition = `${parts.join(' and ')} and (any of them or true)`;
          return `rule r${number} { strings: $a = "ned${text}le" $b = /x${regex}yz[0-9]{1,4};/ condition: ${condition} }`;
        });
        const object = Buffer.alloc(SIZE);
        object.write(pick(['MZ', '\x7fELF', 'ned0le']), 'latin1');
        for (let planted = random.below(30); planted > 0; planted--) {
          const number = random.below(isShared ? 3 : 20);
          object.write(pick([`ned${number}le`, `x${number}yz12;`]), random.below(SIZE - 9));
        }
        const imports = 'import "elf"\nimport "math"\n';
        const asked = isShared ? rules.map((rule) => imports + rule) : [imports + rules.join('\n')];
        const expected = asked.flatMap((text) => askReference(text, object).matches);
        const text = imports + rules.join('\n');
        expect((await askOurs(text, object)).matches, text).toEqual(expected);
      }
    },
    60_000,
  );
});

const GATES = [
  'uint16(0) == 0x5a4d',
  'uint16(0) == 0x457f',
  'filesize < 100KB',
  'filesize > 100KB',
  'not filesize > 1MB',
  'uint32(uint32(0x3c)) == 0x4550',
  '(uint8(0) == 0x7f or filesize < 1KB)',
  'uint8(99999999) == 0',
  'not defined uint8(99999999)',
  'elf.type == elf.ET_EXEC',
  'math.max(2, uint8(0)) > 2',
  'filesize',
];

const OTHERS = [
  '$a',
  '$b',
  '#a > 2',
  'any of them',
  '$a at 0',
  'not $b',
  '@a[1] > 70000',
  'for any i in (1..2) : (@a[i] > 0)',
];
