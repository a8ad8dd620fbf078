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

/** Behind the first 64 KiB, where rules are settled. */
const SIZE = 150_000;

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

  it(`change no answer, with seed ${seed}`, async () => {
    const random = randomFor('gates');
    const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!;
    const gates = [
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
    const matches = [
      '$a',
      '$b',
      '#a > 2',
      'any of them',
      '$a at 0',
      'not $b',
      '@a[1] > 70000',
      'for any i in (1..2) : (@a[i] > 0)',
    ];
    for (let round = 0; round < 12; round++) {
      const rules = Array.from({ length: 20 }, (_, number) => {
        const parts = Array.from({ length: 1 + random.below(3) }, () => pick(gates));
        parts.splice(random.below(parts.length + 1), 0, pick(matches));
        if (number > 3 && random.below(3) === 0) parts.push(`${pick(['', 'not '])}r${random.below(number)}`);
        // Rules share literals, and atoms of regexes.
        return `rule r${number} { strings: $a = "ned${number % 3}le" $b = /x${number % 2}yz[0-9]{1,4};/ condition: ${parts.join(' and ')} and (any of them or true) }`;
      });
      const object = Buffer.alloc(SIZE);
      object.write(pick(['MZ', '\x7fELF', 'ned0le']), 'latin1');
      for (let planted = random.below(12); planted > 0; planted--)
        object.write(pick(['ned0le', 'ned1le', 'ned2le', 'x0yz12;', 'x1yz3;']), random.below(SIZE - 9));
      const text = `import "elf"\nimport "math"\n${rules.join('\n')}`;
      const answers = { ours: (await askOurs(text, object)).matches, reference: askReference(text, object).matches };
      expect(answers.ours, text).toEqual(answers.reference);
    }
  }, 60_000);
});
