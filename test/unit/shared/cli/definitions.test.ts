import { describe, expect, it } from 'vitest';
import { parseDefinition, valuesFor, valuesOf } from '../../../../shared/cli/definitions.ts';
import { UsageError } from '../../../../shared/cli/exit-status.ts';
import { compileRules } from '../../../../shared/yara/index.ts';

describe('parseDefinition', () => {
  it.each([
    ['a=true', true],
    ['a=false', false],
    ['a=True', 'True'],
    ['a=42', 42n],
    ['a=-42', -42n],
    ['a=0x1F', 31n],
    ['a=9223372036854775807', 9_223_372_036_854_775_807n],
    ['a=-9223372036854775808', -9_223_372_036_854_775_808n],
    ['a=0.5', { float: 0.5 }],
    ['a=1e3', { float: 1_000 }],
    ['a=1.', { float: 1 }],
    ['a=', ''],
    ['a=x=y', 'x=y'],
    ['a=12abc', '12abc'],
    ['filename=12', '12'],
  ] as const)('reads %s', (definition, value) => {
    expect(parseDefinition(definition).value).toEqual(value);
  });

  it.each(['', 'a', '=1', '1a=2', 'a-b=1', 'ä=1', 'a=9223372036854775808'])('refuses %j', (definition) => {
    expect(() => parseDefinition(definition)).toThrow(UsageError);
  });

  it('takes the last of several values', () => {
    expect(valuesOf(['a=1', 'b=x', 'a=2'].map(parseDefinition))).toEqual({ a: 2n, b: 'x' });
  });
});

describe('valuesFor', () => {
  const rules = compileRules([{ text: 'rule r { condition: flag }' }], {
    externals: { flag: true, level: 1, share: { float: 0.5 }, place: 'x' },
  });
  const fit = (...definitions: string[]) => valuesFor(rules, definitions.map(parseDefinition));

  it('reads each text as the type that the rules declare, and leaves out what they do not', () => {
    expect(fit('place=7', 'share=2', 'level=3', 'flag=false', 'other=1')).toEqual({
      place: '7',
      share: { float: 2 },
      level: 3n,
      flag: false,
    });
  });

  it.each(['level=high', 'level=1.5', 'share=x', 'flag=1'])('refuses %s', (definition) => {
    expect(() => fit(definition)).toThrow(UsageError);
  });
});
