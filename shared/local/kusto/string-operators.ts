/**
 * The operators between two strings, by the service's name of their node, without `Not` in front. Those whose Kusto name
 * has no `_cs` (and `=~`) look away from case; `==` does not.
 *
 * `has` finds whole terms: what stands between characters that are neither letters nor digits.
 */
import { toRegExp } from './regex.ts';

type Test = (text: string, part: string) => boolean;

const folded =
  (test: Test): Test =>
  (text, part) =>
    test(text.toLowerCase(), part.toLowerCase());

const contains: Test = (text, part) => text.includes(part);
const startsWith: Test = (text, part) => text.startsWith(part);
const endsWith: Test = (text, part) => text.endsWith(part);

export const stringOperators: Readonly<Record<string, Test>> = {
  EqualTilde: folded((text, other) => text === other),
  BangTilde: folded((text, other) => text !== other),
  Contains: folded(contains),
  ContainsCs: contains,
  StartsWith: folded(startsWith),
  StartsWithCs: startsWith,
  EndsWith: folded(endsWith),
  EndsWithCs: endsWith,
  Has: folded(hasTerm),
  HasCs: hasTerm,
  HasPrefix: folded((text, term) => findTerm(text, term, true, false)),
  HasPrefixCs: (text, term) => findTerm(text, term, true, false),
  HasSuffix: folded((text, term) => findTerm(text, term, false, true)),
  HasSuffixCs: (text, term) => findTerm(text, term, false, true),
  MatchesRegex: (text, pattern) => toRegExp(pattern).test(text),
};

/** Whether the term stands in the text with nothing of its own kind beside it. Cased. */
export function hasTerm(text: string, term: string): boolean {
  return findTerm(text, term, true, true);
}

function findTerm(text: string, term: string, fromStart: boolean, toEnd: boolean): boolean {
  for (let at = text.indexOf(term); at !== -1; at = text.indexOf(term, at + 1)) {
    const startsHere = !fromStart || at === 0 || !isTermCharacter(text[at - 1]!);
    const end = at + term.length;
    if (startsHere && (!toEnd || end >= text.length || !isTermCharacter(text[end]!))) return true;
    if (term === '') return true;
  }
  return false;
}

function isTermCharacter(character: string): boolean {
  return /[\p{L}\p{N}]/u.test(character);
}
