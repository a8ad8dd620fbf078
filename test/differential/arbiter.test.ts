/** The plain machine that judges regexes answers as the manual and the reference do where the reference is sound. */
import { describe, expect, it } from 'vitest';
import type { RegexPattern } from '../../shared/yara/syntax/ast.ts';
import { Diagnostics } from '../../shared/yara/syntax/diagnostics.ts';
import { parseSource } from '../../shared/yara/syntax/parser.ts';
import { SourceText } from '../../shared/yara/syntax/source-text.ts';
import { arbiterOf } from './arbiter.ts';
import { compileByReference } from './reference.ts';

function patternOf(written: string): RegexPattern {
  const text = `rule r { strings: $a = ${written} condition: $a }`;
  const pattern = parseSource(new SourceText(text), new Diagnostics()).rules[0]?.patterns[0];
  if (pattern?.kind !== 'regex') throw new Error(`no regex: ${written}`);
  return pattern;
}

/** All matches as `offset+length`. */
function judged(written: string, object: string): string[] {
  const bytes = new Uint8Array(Buffer.from(object, 'latin1'));
  const arbiter = arbiterOf(patternOf(written))!;
  return Array.from(bytes, (_, start) => [...arbiter(bytes, start)].map((length) => `${start}+${length}`)).flat();
}

async function byReference(written: string, object: string): Promise<string[]> {
  const text = `rule r { strings: $a = ${written} condition: $a }`;
  const rules = await compileByReference([{ namespace: 'n', text }], {});
  if ('errors' in rules) throw new Error(rules.errors.join('\n'));
  const found = rules.scan(new Uint8Array(Buffer.from(object, 'latin1')), {}).rules.get('n:r');
  rules.free();
  return (found?.patterns[0]?.matches ?? []).map(({ offset, length }) => `${offset}+${length}`);
}

const sound: readonly (readonly [pattern: string, object: string])[] = [
  ['/a(bb|b)b/', 'abbbb'],
  ['/a(b|bb)b/', 'abbbb'],
  ['/ab+?c/', 'abbbc abc'],
  ['/ab{1,3}/', 'abbbbb'],
  ['/ab{1,3}?/', 'abbbbb'],
  ['/(abc|abcd)e?/', 'abcde'],
  ['/(a+)+b/', 'xaaab'],
  ['/ab[^c]*c/i', 'aBdd\ncAbC'],
  ['/\\bfoo\\b/', 'foo xfoo foo_ foo'],
  ['/^foo/', 'foofoo'],
  ['/foo$/', 'foofoo'],
  ['/fo.x/ wide', 'f\0o\0o\0x\0f\0o\0o\x01x\0'],
  ['/fo.x/ ascii wide', 'foox f\0o\0o\0x\0'],
  ['/foo[a-z]{0,2}/ fullword', 'foo fooab 1foo fooabc'],
];

describe('the arbiter of regexes', () => {
  it.each(sound)('judges %s as the reference does', async (written, object) => {
    const expected = await byReference(written, object);
    expect(expected.length).toBeGreaterThan(0);
    expect(judged(written, object)).toEqual(expected);
  });

  it.each([
    ['/abab.{11}.*c{2}dhttp/', 'ababxxxxxxxxxxxyyccdhttp', ['0+24']],
    ['/read.*(memory|process)/', 'readprocessmemory', ['0+17']],
    ['/abcd[ "\',]/', 'abcd" abcd$', ['0+5']],
  ] as const)('judges %s as the manual says, where the reference errs', async (written, object, expected) => {
    expect(judged(written, object)).toEqual(expected);
    expect(await byReference(written, object)).not.toEqual(expected);
  });
});
