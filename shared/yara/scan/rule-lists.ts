/**
 * Rules and programs that a scan must think of one by one. Most want nothing until a pattern of theirs matches, and thousands of
 * them should not be gone through for an object of a kilobyte; so the others are listed, once for all scans with a set of rules.
 */
import { PROGRAM, PROGRAM_FIELDS, RULE_FIELDS, RULE_RANGE_SHIFT, type RuleImage } from '../bundle/image.ts';
import { hasRuleFlag, ruleField } from '../bundle/loaded-rules.ts';

export interface RuleLists {
  /** 1 per rule that is false as long as none of its patterns matches. */
  readonly needsMatch: Uint8Array;
  /** The other rules, as declared. */
  readonly matchless: readonly number[];
  readonly globals: readonly number[];
  /** Rules that ask for computations over the whole object, and a bit for each of them. */
  readonly ranged: readonly { readonly rule: number; readonly kinds: number }[];
  /** Programs that are run over blocks. */
  readonly blockPrograms: readonly number[];
  /** Programs that no atom leads to. */
  readonly everywhere: readonly number[];
}

/** O(rules + programs). */
export function ruleListsOf(image: RuleImage): RuleLists {
  const rules = numbersBelow(image.rules.length / RULE_FIELDS);
  const programs = numbersBelow(image.programs.length / PROGRAM_FIELDS);
  const field = (program: number, name: number): number => image.programs[program * PROGRAM_FIELDS + name]!;
  return {
    needsMatch: Uint8Array.from(rules, (rule) => Number(hasRuleFlag(image, rule, 'needsMatch'))),
    matchless: rules.filter((rule) => !hasRuleFlag(image, rule, 'needsMatch')),
    globals: rules.filter((rule) => hasRuleFlag(image, rule, 'global')),
    ranged: rules
      .map((rule) => ({ rule, kinds: ruleField(image, rule, 'flags') >>> RULE_RANGE_SHIFT }))
      .filter(({ kinds }) => kinds !== 0),
    blockPrograms: programs.filter((program) => field(program, PROGRAM.maxLength) < 0),
    everywhere: programs.filter((program) => field(program, PROGRAM.hasAtoms) === 0),
  };
}

function numbersBelow(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}
