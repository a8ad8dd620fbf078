import { describe, expect, it } from 'vitest';
import type { FieldValue } from '../../../../shared/exclusions/evaluate.ts';
import { decodeExclusions, encodeExclusions } from '../../../../shared/exclusions/compiled-exclusions.ts';
import type { Exclusion } from '../../../../shared/exclusions/exclusion-file.ts';
import { coversRule, ExclusionSet } from '../../../../shared/exclusions/exclusion-set.ts';
import { filterOf } from './filters.ts';

const now = new Date('2026-11-24T12:00:00Z');

function exclusion(id: string, excludeWhen: string, more: Partial<Exclusion> = {}): Exclusion {
  const decision = { kind: 'excludeWhen' as const, text: excludeWhen, filter: filterOf(excludeWhen) };
  return { id, title: id, rules: ['*'], owner: undefined, expiry: undefined, trustClaims: false, decision, ...more };
}

function markOf(
  exclusions: readonly Exclusion[],
  values: Readonly<Record<string, FieldValue>>,
  unlearnt: readonly string[] = [],
): string | undefined {
  const facts = {
    rule: 'r',
    namespace: 'n',
    values: new Map(Object.entries(values)),
    unlearnt: new Set(unlearnt),
    now,
  };
  const mark = new ExclusionSet(exclusions).mark(facts);
  return mark && `${mark.exclusion} ${mark.basis}`;
}

const claim = { 'process.name': 'a.exe' };
const measured = { 'blob.container': 'backups' };

describe('a finding', () => {
  it.each([
    ['claims alone', 'process.name == "a.exe"', claim, 'x claimed'],
    [
      'claims alone, though something measured is known',
      'process.name == "a.exe"',
      { ...claim, ...measured },
      'x claimed',
    ],
    ['what is measured', 'blob.container == "backups"', measured, 'x trusted'],
    [
      'both together',
      'blob.container == "backups" and process.name == "a.exe"',
      { ...claim, ...measured },
      'x trusted',
    ],
    [
      'either, and both hold',
      'blob.container == "backups" or process.name == "a.exe"',
      { ...claim, ...measured },
      'x trusted',
    ],
    ['either, and only the claim holds', 'blob.container == "backups" or process.name == "a.exe"', claim, 'x claimed'],
    // That a rule matched, or how large an object is, vouches for nothing.
    ['a rule and a claim', 'rule.name == "r" and process.name == "a.exe"', { ...claim, 'rule.name': 'r' }, 'x claimed'],
    ['a size and a claim', 'object.size > 0 and process.name == "a.exe"', { ...claim, 'object.size': 5 }, 'x claimed'],
    [
      'where it is not, and a claim',
      'blob.container != "secret" and process.name == "a.exe"',
      { ...claim, ...measured },
      'x claimed',
    ],
    ['what the uploader did not write', 'process.name != "b.exe"', {}, 'x claimed'],
    [
      'what is measured, whatever is claimed',
      'blob.container == "backups" or process.name != "b.exe"',
      measured,
      'x trusted',
    ],
    ['the name that was chosen', 'blob.name endswith ".tmp"', { 'blob.name': 'a.tmp' }, 'x claimed'],
  ])('marked by %s', (_, text, values, expected) => {
    expect(markOf([exclusion('x', text)], values)).toBe(expected);
  });

  it('is trusted on its owner’s word, and by its hash', () => {
    expect(markOf([exclusion('x', 'process.name == "a.exe"', { trustClaims: true, owner: 'soc' })], claim)).toBe(
      'x trusted',
    );
    const known = exclusion('x', 'blob.name == "-"', {
      decision: { kind: 'sha256', hashes: new Set(['ab'.repeat(32)]) },
    });
    expect(markOf([known], { 'object.sha256': 'AB'.repeat(32) })).toBe('x trusted');
    expect(markOf([known], { 'object.sha256': 'ac'.repeat(32) })).toBeUndefined();
  });

  it('bears the first that holds, and rather one that rests on more than claims', () => {
    const [a, b, c] = [
      exclusion('a', 'process.name == "a.exe"'),
      exclusion('b', 'blob.container == "backups"'),
      exclusion('c', 'blob.container == "backups"'),
    ];
    expect(markOf([c, b, a], { ...claim, ...measured })).toBe('b trusted');
    expect(markOf([c, b, a], claim)).toBe('a claimed');
    expect(markOf([c, b, a], {})).toBeUndefined();
  });

  it('is not marked by what has expired, is for other rules, or asks for what could not be learnt', () => {
    const always = 'blob.container != "x"';
    expect(markOf([exclusion('x', always)], {})).toBe('x trusted');
    expect(markOf([exclusion('x', always, { expiry: '2026-11-24' })], {})).toBe('x trusted');
    expect(markOf([exclusion('x', always, { expiry: '2026-11-23' })], {})).toBeUndefined();
    expect(markOf([exclusion('x', always, { rules: ['other', 'n:*'] })], {})).toBe('x trusted');
    expect(markOf([exclusion('x', always, { rules: ['other', 'm:r'] })], {})).toBeUndefined();
    expect(markOf([exclusion('x', 'tags.env != "prod"')], {}, ['tags'])).toBeUndefined();
    expect(markOf([exclusion('x', 'object.sha256 != "00"')], {}, ['object.sha256'])).toBeUndefined();
    expect(markOf([exclusion('x', 'metadata.env != "prod"')], {}, ['tags'])).toBe('x claimed');
  });

  it('takes along what is said of a process, and what exclusions for its rule ask for', () => {
    const set = new ExclusionSet([
      exclusion('a', 'metadata.env == "x"'),
      exclusion('b', 'tags.team == "x"', { rules: ['other'] }),
    ]);
    const values = new Map<string, FieldValue>([
      ['process.name', 'a.exe'],
      ['metadata.env', 'test'],
      ['metadata.note', 'private'],
      ['tags.team', 'y'],
      ['blob.name', 'n'],
    ]);
    expect(set.claims({ rule: 'r', namespace: 'n' }, values)).toEqual([
      ['process.name', 'a.exe'],
      ['metadata.env', 'test'],
    ]);
    expect([set.asksFor('tags'), new ExclusionSet([exclusion('a', 'metadata.env == "x"')]).asksFor('tags')]).toEqual([
      true,
      false,
    ]);
  });
});

describe('rules of an exclusion', () => {
  it.each([
    ['*', true],
    ['r', true],
    ['n:r', true],
    ['n:*', true],
    ['m:*', false],
    ['m:r', false],
    ['rr', false],
  ])('%s covers n:r: %s', (pattern, expected) => {
    expect(coversRule({ rules: [pattern] }, { rule: 'r', namespace: 'n' })).toBe(expected);
  });
});

describe('a set of exclusions', () => {
  const a = exclusion('a', 'process.name == "a.exe"', { expiry: '2027-01-01', owner: 'soc' });
  const b = exclusion('b', 'blob.container == "b"', { trustClaims: true, rules: ['n:*', 'q'] });
  const c = exclusion('c', 'blob.name == "c"', {
    decision: { kind: 'sha256', hashes: new Set(['cd'.repeat(32), 'ab'.repeat(32)]) },
  });

  it('has a digest of what decides, whatever the order', () => {
    const digest = new ExclusionSet([a, b]).digest;
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(new ExclusionSet([b, a]).digest).toBe(digest);
    expect(new ExclusionSet([{ ...a, title: 'another' }, b]).digest).toBe(digest);
    for (const changed of [
      { ...a, rules: ['z'] },
      { ...a, expiry: undefined },
      { ...a, trustClaims: true },
      exclusion('a', 'process.name == "z"'),
    ]) {
      expect(new ExclusionSet([changed, b]).digest).not.toBe(digest);
    }
    expect(new ExclusionSet([]).digest).toBe('');
  });

  it('comes back from the file that the service loads as it went in', () => {
    const text = encodeExclusions([c, b, a]);
    expect(encodeExclusions([a, c, b])).toBe(text);
    expect(new ExclusionSet(decodeExclusions(text)).digest).toBe(new ExclusionSet([a, b, c]).digest);
    expect(decodeExclusions(text).map(({ id, owner, title }) => [id, owner, title])).toEqual([
      ['a', 'soc', 'a'],
      ['b', undefined, 'b'],
      ['c', undefined, 'c'],
    ]);
    expect(() => decodeExclusions(text.replace('process.name', 'process.nam'))).toThrow(
      'exclusion a: there is no field',
    );
    expect(() => decodeExclusions('{"version":1}')).toThrow('exclusions');
  });
});
