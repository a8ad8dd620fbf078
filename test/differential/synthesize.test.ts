/** Objects made for rules do what they are made for, and can be made again. */
import { describe, expect, it } from 'vitest';
import { compileRules, scanBytes } from '../../shared/yara/index.ts';
import type { Rule } from '../../shared/yara/syntax/ast.ts';
import { Diagnostics } from '../../shared/yara/syntax/diagnostics.ts';
import { parseSource } from '../../shared/yara/syntax/parser.ts';
import { SourceText } from '../../shared/yara/syntax/source-text.ts';
import { Random } from './random.ts';
import { synthesize, type Aim } from './synthesize.ts';

const OBJECTS = 20;

function ruleOf(text: string): Rule {
  return parseSource(new SourceText(text), new Diagnostics()).rules[0]!;
}

function objectFor(text: string, aim: Aim, number: number): Uint8Array {
  const rule = ruleOf(text);
  return synthesize([{ rule, rules: new Map() }], aim, [], new Random(7, text, number)).bytes;
}

/** How many of the objects made for a rule match it. */
async function matches(text: string, aim: Aim): Promise<number> {
  const rules = compileRules([{ text }]);
  let count = 0;
  for (let number = 0; number < OBJECTS; number++) {
    const { matches } = await scanBytes(rules, objectFor(text, aim, number));
    count += matches.length;
  }
  return count;
}

const rules = {
  'a word': 'rule r { strings: $a = "needle" wide ascii nocase fullword condition: $a }',
  'a jump and alternatives': 'rule r { strings: $a = { 4d 5? [2-9] ( 61 62 | 63 ) ~00 } condition: $a }',
  'a header, a size and some of a set':
    'rule r { strings: $a = "alpha" $b = "beta" $c = "gamma" condition: uint16(0) == 0x5a4d and filesize < 2KB and 2 of them }',
  'a header that another one points at':
    'rule r { strings: $a = "alpha" condition: uint32(uint32(0x3c)) == 0x00004550 and $a in (0x40..0x400) }',
  'a count and a place': 'rule r { strings: $a = "alpha" $b = "beta" condition: #a > 4 and $b at 100 and @a[2] > 200 }',
  'a loop over matches':
    'rule r { strings: $a = "alpha" condition: for any i in (1..#a) : (uint8(@a[i] - 1) == 0x7f) }',
  'a sum that a size must fit': 'rule r { strings: $a = "alpha" condition: filesize == uint32(4) + 64 and $a at 16 }',
};

describe('objects aimed at a rule', () => {
  it.each(Object.entries(rules))('match %s nearly always', async (_, text) => {
    expect(await matches(text, 'match')).toBeGreaterThanOrEqual(OBJECTS * 0.8);
  });

  it.each(Object.entries(rules))('nearly match %s and mostly do not', async (_, text) => {
    expect(await matches(text, 'near miss')).toBeLessThanOrEqual(OBJECTS * 0.4);
  });

  it('are the same for the same seed and others for another number', () => {
    const text = rules['a word'];
    expect(objectFor(text, 'match', 1)).toEqual(objectFor(text, 'match', 1));
    expect(objectFor(text, 'match', 1)).not.toEqual(objectFor(text, 'match', 2));
  });
});
