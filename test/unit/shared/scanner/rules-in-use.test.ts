import { describe, expect, it } from 'vitest';
import type { RuleUnit } from '../../../../shared/scanner/rule-unit.ts';
import { RulesInUse } from '../../../../shared/scanner/rules-in-use.ts';

/** What is asked of a unit here is which it is. */
const units = ['a', 'b', 'c'].map((digest) => ({ releaseDigest: digest }) as RuleUnit);
const [a, b, c] = units as [RuleUnit, RuleUnit, RuleUnit];

function inUse(next: () => Promise<RuleUnit | undefined>) {
  const made: (string | undefined)[] = [];
  const make = ({ releaseDigest }: RuleUnit) => {
    made.push(releaseDigest);
    return { name: releaseDigest };
  };
  return { made, rules: new RulesInUse({ first: a, make, next }) };
}

describe('the rules in use', () => {
  it('are the newest, and stay what they were for whoever has them', async () => {
    const coming: (RuleUnit | undefined)[] = [undefined, b];
    const { rules } = inUse(async () => coming.shift());
    const before = await rules.choose();
    expect(before.name).toBe('a');
    expect((await rules.choose()).name).toBe('b');
    expect(rules.current.name).toBe('b');
    expect(before.name).toBe('a');
  });

  it('are those before for whoever wants just them, and the newest for whoever wants what is gone', async () => {
    const coming = [b, undefined, undefined, c];
    const { rules } = inUse(async () => coming.shift());
    await rules.choose();
    const wants = (name: string) => rules.choose((scanner) => scanner.name === name);
    expect((await wants('a')).name).toBe('a');
    expect((await wants('b')).name).toBe('b');
    expect((await wants('a')).name).toBe('c');
  });

  it('are made once, however many waited for the same look', async () => {
    const look = Promise.resolve(b);
    const { rules, made } = inUse(() => look);
    await Promise.all([rules.choose(), rules.choose(), rules.choose()]);
    expect(made).toEqual(['a', 'b']);
  });
});
