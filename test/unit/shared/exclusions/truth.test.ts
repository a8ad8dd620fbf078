import { describe, expect, it } from 'vitest';
import { printFilter } from '../../../../shared/exclusions/print-filter.ts';
import { meant, negated } from '../../../../shared/exclusions/rewrite.ts';
import { truthOf } from '../../../../shared/exclusions/truth.ts';
import { filterOf } from './filters.ts';

const a = 'process.name == "a"';
const b = 'process.name == "b"';

describe('truthOf', () => {
  it.each([
    [`not ${a} or not ${b}`, 'always'],
    ['process.name != "a" or process.name != "b"', 'always'],
    ['process.name != "a" or process.parent_process.name != "b"', 'sometimes'],
    ['process.name != "a" and process.name != "b"', 'sometimes'],
    [`${a} and ${b}`, 'never'],
    ['process.name == "a" and process.name == "A"', 'sometimes'],
    ['process.name == cased:"a" and process.name == cased:"A"', 'never'],
    ['process.name == cased:"a" or process.name != "A"', 'sometimes'],
    ['process.name != cased:"a" or process.name == "A"', 'always'],
    ['process.name in ("a", "b") or process.name not in ("b", "a")', 'always'],
    ['process.name == "abc" and process.name startswith "x"', 'never'],
    ['process.name startswith "ab" and not process.name startswith "a"', 'never'],
    ['process.name startswith "a" and process.name startswith "b"', 'never'],
    ['process.name startswith "a" and process.name endswith "b"', 'sometimes'],
    ['process.name contains "abc" and not process.name contains "B"', 'never'],
    ['process.name matches /x/ or not process.name matches /x/', 'always'],
    ['process.name matches /^a+$/ and process.name == "aab"', 'never'],
    ['object.size < 5 or object.size >= 5', 'sometimes'],
    ['object.size < 5 and object.size > 4', 'never'],
    ['object.size < 6 and object.size > 4', 'sometimes'],
    ['not object.size >= 0 or object.size >= 0', 'always'],
    ['not object.size < 0', 'always'],
    ['rule.tags == "a" and rule.tags == "b"', 'sometimes'],
    ['rule.tags != "a" or rule.tags != "b"', 'sometimes'],
    ['rule.tags == "ab" and not rule.tags startswith "a"', 'never'],
  ])('%s: %s', (text, expected) => {
    expect(truthOf(filterOf(text))).toBe(expected);
  });

  it('gives up on what has too many combinations', () => {
    const many = Array.from({ length: 40 }, (_, index) => `metadata.m${index} != "x"`).join(' or ');
    expect(truthOf(filterOf(`${many} or ${a}`))).toBe('unknown');
  });
});

describe('what was meant', () => {
  it.each([
    [
      'process.name != "a" or process.name != "b"',
      'process.name != "a" and process.name != "b"',
      'process.name in ("a", "b")',
    ],
    [`${a} and ${b}`, 'process.name == "a" or process.name == "b"', 'process.name != "a" and process.name != "b"'],
    [
      '(process.name != "a" or process.name != "b") or blob.name == "x"',
      '(process.name != "a" and process.name != "b") and blob.name == "x"',
      'process.name in ("a", "b") or blob.name != "x"',
    ],
    [
      'process.name != "a" or process.name != "b" or process.name != "c"',
      'process.name != "a" and process.name != "b" and process.name != "c"',
      'process.name in ("a", "b", "c")',
    ],
  ])('by %s', (text, keep, exclude) => {
    const better = meant(filterOf(text))!;
    expect([printFilter(better), printFilter(negated(better))]).toEqual([keep, exclude]);
  });

  it('is not guessed where the filter can be both true and false, or nothing better is found', () => {
    expect(meant(filterOf(a))).toBeUndefined();
    expect(meant(filterOf('not object.size < 0'))).toBeUndefined();
  });
});
