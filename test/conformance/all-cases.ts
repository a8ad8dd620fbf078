/** Every case there is: those written in `cases/`, then the families made from tables. */
import type { Case } from './case.ts';
import { loadCaseFiles } from './case-file.ts';

export function allCases(): Case[] {
  return loadCaseFiles(new URL('./cases/', import.meta.url));
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
