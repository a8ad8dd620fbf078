import { describe, expect, test } from 'vitest';
import type { Outcome, Reason, ReasonOf, ScanFacts, Verdict } from '../../../../shared/scanner/verdict.ts';
import {
  assertOutcome,
  failedOutcome,
  incompleteOutcome,
  mayReplace,
  outcomeOfScan,
  rankOf,
  refusedOutcome,
  skippedOutcome,
  supersededOutcome,
  verdicts,
} from '../../../../shared/scanner/verdict.ts';

/** Every reason there is, by the verdict it belongs to, with a name where one is needed. */
const reasons = {
  incomplete: ['undecidedRule', 'deadline', 'noProgress', 'changing', 'limit:matches', 'sourceError'],
  failed: ['poison', 'malformedMessage', 'sinkRefused'],
  skipped: ['policy:Backups', 'blobType', 'archived', 'customerKey', 'gone', 'foreignAccount', 'notABlobEvent'],
} as const satisfies Partial<Record<Verdict, readonly Reason[]>>;

const allVerdicts = Object.keys(verdicts) as Verdict[];
const undecidedRule = { rule: 'r', namespace: 'default', reason: 'limit:matchesPerPattern' };

/** The whole cross product of what can be known about a scan that ran. */
function* allFacts(): Generator<ScanFacts> {
  const stops: (ReasonOf<'incomplete'> | undefined)[] = [undefined, ...reasons.incomplete];
  for (const hasStandingFinding of [false, true])
    for (const hasExcludedFinding of [false, true])
      for (const isWhole of [false, true])
        for (const undecided of [[], [undecidedRule], Array.from({ length: 40 }, () => undecidedRule)])
          for (const stoppedBy of stops)
            for (const detail of [undefined, 'why'])
              yield { hasStandingFinding, hasExcludedFinding, isWhole, undecided, stoppedBy, detail };
}

describe('outcomeOfScan', () => {
  test('nothing is clean or excluded that was not wholly scanned with every rule decided', () => {
    let seen = 0;
    for (const facts of allFacts()) {
      const { verdict } = outcomeOfScan(facts);
      const isSettled = facts.isWhole && facts.undecided.length === 0 && facts.stoppedBy === undefined;
      if (verdict === 'clean' || verdict === 'excluded') expect(isSettled, JSON.stringify(facts)).toBe(true);
      if (verdict === 'clean') expect(facts.hasStandingFinding || facts.hasExcludedFinding).toBe(false);
      seen++;
    }
    expect(seen).toBe(2 * 2 * 2 * 3 * 7 * 2);
  });

  test('a standing finding is a match, however little was scanned', () => {
    for (const facts of allFacts()) {
      expect(outcomeOfScan(facts).verdict === 'match', JSON.stringify(facts)).toBe(facts.hasStandingFinding);
    }
  });

  test('every outcome of the cross product is well formed', () => {
    for (const facts of allFacts()) {
      const outcome = outcomeOfScan(facts);
      assertOutcome(outcome);
      expect(outcome.reason === undefined).toBe(outcome.verdict !== 'incomplete');
    }
  });

  test.each<[string, Partial<ScanFacts>, Partial<Outcome>]>([
    ['whole, nothing found', {}, { verdict: 'clean', reason: undefined, detail: undefined }],
    ['whole, only excluded findings', { hasExcludedFinding: true }, { verdict: 'excluded', reason: undefined }],
    [
      'excluded findings, but stopped',
      { hasExcludedFinding: true, stoppedBy: 'deadline' },
      { verdict: 'incomplete', reason: 'deadline' },
    ],
    ['excluded and standing findings', { hasExcludedFinding: true, hasStandingFinding: true }, { verdict: 'match' }],
    [
      'an undecided rule',
      { undecided: [undecidedRule] },
      { verdict: 'incomplete', reason: 'undecidedRule', detail: 'undecided: default:r (limit:matchesPerPattern)' },
    ],
    ['bytes missing and nobody said why', { isWhole: false }, { verdict: 'incomplete', reason: 'sourceError' }],
    [
      'bytes missing and a rule undecided',
      { isWhole: false, undecided: [undecidedRule] },
      { verdict: 'incomplete', reason: 'sourceError' },
    ],
    [
      'called whole although it was stopped',
      { isWhole: true, stoppedBy: 'limit:reads' },
      { verdict: 'incomplete', reason: 'limit:reads' },
    ],
    [
      'a match of a part',
      { hasStandingFinding: true, isWhole: false, stoppedBy: 'deadline', detail: 'after 300 s' },
      { verdict: 'match', reason: undefined, detail: 'not wholly scanned (deadline); after 300 s' },
    ],
    ['a whole match', { hasStandingFinding: true }, { verdict: 'match', detail: undefined }],
  ])('%s', (_name, facts, expected) => {
    const whole: ScanFacts = { hasStandingFinding: false, hasExcludedFinding: false, isWhole: true, undecided: [] };
    expect(outcomeOfScan({ ...whole, ...facts })).toMatchObject(expected);
  });

  test('many undecided rules are counted, not listed', () => {
    const undecided = Array.from({ length: 2_000 }, (_, i) => ({ ...undecidedRule, rule: `rule_${i}` }));
    const { detail } = outcomeOfScan({
      hasStandingFinding: false,
      hasExcludedFinding: false,
      isWhole: true,
      undecided,
    });
    expect(detail).toContain('default:rule_4 ');
    expect(detail).toContain('and 1995 more');
    expect(detail).not.toContain('rule_5');
  });
});

describe('assertOutcome', () => {
  test('accepts exactly the reasons of each verdict, over all pairs', () => {
    const all: (Reason | undefined)[] = [undefined, ...Object.values(reasons).flat()];
    for (const verdict of allVerdicts) {
      const own: readonly (Reason | undefined)[] =
        verdict in reasons ? reasons[verdict as keyof typeof reasons] : [undefined];
      for (const reason of all) {
        const check = (): void => {
          assertOutcome({ verdict, reason, detail: undefined });
        };
        if (own.includes(reason)) expect(check).not.toThrow();
        else expect(check, `${verdict} ${String(reason)}`).toThrow(/^bug: /);
      }
    }
  });

  test.each(['limit:', 'limit', 'limit: ', 'limit:a\nb', 'limit: a', `limit:${'x'.repeat(101)}`, 'deadline:now', ''])(
    'refuses %j as a reason for incomplete',
    (reason) => {
      expect(() => {
        assertOutcome({ verdict: 'incomplete', reason: reason as Reason, detail: undefined });
      }).toThrow(/^bug: /);
    },
  );

  test.each(['policy:a', 'policy:Nightly backups', 'policy:größer'])('accepts %j as a reason for skipped', (reason) => {
    expect(() => {
      assertOutcome({ verdict: 'skipped', reason: reason as Reason, detail: undefined });
    }).not.toThrow();
  });

  test('refuses an unknown verdict, also one that every object has', () => {
    for (const verdict of ['infected', 'constructor', '__proto__', '']) {
      expect(() => {
        assertOutcome({ verdict: verdict as Verdict, reason: undefined, detail: undefined });
      }).toThrow('unknown verdict');
    }
  });

  test('refuses a detail that is too long', () => {
    expect(() => {
      assertOutcome({ verdict: 'clean', reason: undefined, detail: 'x'.repeat(501) });
    }).toThrow('501');
  });
});

describe('constructors', () => {
  test('give the verdict, the reason and the detail', () => {
    expect(incompleteOutcome('limit:reads', 'more')).toEqual({
      verdict: 'incomplete',
      reason: 'limit:reads',
      detail: 'more',
    });
    expect(failedOutcome('poison')).toEqual({ verdict: 'failed', reason: 'poison', detail: undefined });
    expect(skippedOutcome('policy:Backups')).toEqual({
      verdict: 'skipped',
      reason: 'policy:Backups',
      detail: undefined,
    });
    expect(supersededOutcome()).toEqual({ verdict: 'superseded', reason: undefined, detail: undefined });
    expect(refusedOutcome('failed', 'malformedMessage', 'not JSON')).toEqual({
      verdict: 'failed',
      reason: 'malformedMessage',
      detail: 'not JSON',
    });
  });

  test('a refused request cannot take the reason of another verdict', () => {
    expect(() => refusedOutcome('failed', 'gone')).toThrow('gone is no reason for failed');
    expect(() => refusedOutcome('skipped', 'poison')).toThrow('poison is no reason for skipped');
  });

  test('a long detail is cut with a mark, between characters', () => {
    const outcome = failedOutcome('poison', `${'x'.repeat(498)}😀😀`);
    expect(outcome.detail).toBe(`${'x'.repeat(498)}…`);
  });
});

describe('ranks', () => {
  test('are those of the table', () => {
    expect(Object.fromEntries(allVerdicts.map((verdict) => [verdict, rankOf(verdict)]))).toEqual({
      match: 4,
      excluded: 4,
      clean: 3,
      incomplete: 2,
      failed: 1,
      skipped: 0,
      superseded: 0,
    });
  });

  test('an outcome of lower rank never replaces a recorded one, over all pairs', () => {
    for (const recorded of allVerdicts)
      for (const later of allVerdicts)
        expect(mayReplace(rankOf(recorded), rankOf(later))).toBe(rankOf(later) >= rankOf(recorded));
    expect(mayReplace(rankOf('match'), rankOf('clean'))).toBe(false);
    expect(mayReplace(undefined, rankOf('skipped'))).toBe(true);
  });
});
