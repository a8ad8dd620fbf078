import { describe, expect, it } from 'vitest';
import { isTrue } from './filters.ts';

describe('evaluate', () => {
  it.each([
    ['process.name == "A.EXE"', { 'process.name': 'a.exe' }, true],
    ['process.name == cased:"A.EXE"', { 'process.name': 'a.exe' }, false],
    ['process.name == cased:"A.EXE"', { 'process.name': 'A.EXE' }, true],
    ['process.name != "A.EXE"', { 'process.name': 'a.exe' }, false],
    ['process.name == "ÄRGER"', { 'process.name': 'ärger' }, true],
    // A sign for kelvin is no k: what excludes must not be met by a look-alike.
    ['process.name == "k"', { 'process.name': '\u212a' }, false],
    ['process.name in ("x", "Y")', { 'process.name': 'y' }, true],
    ['process.name startswith "sv"', { 'process.name': 'SVCHOST.EXE' }, true],
    ['process.name endswith ".EXE"', { 'process.name': 'svchost.exe' }, true],
    ['process.name contains cased:"HOST"', { 'process.name': 'svchost.exe' }, false],
    ['process.name matches /^SV.*e$/', { 'process.name': 'svchost.exe' }, true],
    ['process.name matches cased:/^SV.*e$/', { 'process.name': 'svchost.exe' }, false],
    ['object.size > 10 and object.size <= 20', { 'object.size': 20 }, true],
    ['object.size in (1, 2)', { 'object.size': 3 }, false],
    ['rule.tags == "two"', { 'rule.tags': ['one', 'TWO'] }, true],
    ['rule.tags != "two"', { 'rule.tags': ['one', 'two'] }, false],
    ['rule.tags startswith "t"', { 'rule.tags': [] }, false],
  ] as const)('%s of %j is %s', (text, values, expected) => {
    expect(isTrue(text, values as never)).toBe(expected);
  });

  it.each([
    ['process.name == "a"', false],
    ['process.name != "a"', true],
    ['not process.name == "a"', true],
    ['process.name in ("a")', false],
    ['process.name startswith "a"', false],
    ['process.name matches /a*/', false],
    ['object.size < 5', false],
    ['not object.size < 5', true],
    ['object.size != 5', true],
    ['rule.tags != "a"', true],
  ])('a missing field is unequal to every value: %s', (text, expected) => {
    expect(isTrue(text, {})).toBe(expected);
    expect(isTrue(text, { 'process.name': '', 'rule.tags': [] })).toBe(expected);
  });
});
