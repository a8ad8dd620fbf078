/** Every case there is: those written in `cases/`, then the families made from tables. */
import type { Case } from './case.ts';
import { loadCaseFiles } from './case-file.ts';
import { hexElementCases } from './families/hex-elements.ts';
import { integerOperatorCases } from './families/integer-operators.ts';
import { integerReadCases } from './families/integer-reads.ts';
import { longPatternCases } from './families/long-patterns.ts';
import { quantifiedSetCases } from './families/quantified-sets.ts';
import { regexSequenceCases } from './families/regex-sequences.ts';
import { textModifierCases } from './families/text-modifiers.ts';
import { undefinedOperandCases } from './families/undefined-operands.ts';

export function allCases(): Case[] {
  return [
    ...loadCaseFiles(new URL('./cases/', import.meta.url)),
    ...textModifierCases(),
    ...hexElementCases(),
    ...regexSequenceCases(),
    ...integerReadCases(),
    ...integerOperatorCases(),
    ...quantifiedSetCases(),
    ...undefinedOperandCases(),
    ...longPatternCases(),
  ];
}

export function casesByChapter(cases: readonly Case[]): Map<string, Case[]> {
  const chapters = new Map<string, Case[]>();
  for (const example of cases) {
    const chapter = chapters.get(example.chapter);
    if (chapter) chapter.push(example);
    else chapters.set(example.chapter, [example]);
  }
  return chapters;
}
