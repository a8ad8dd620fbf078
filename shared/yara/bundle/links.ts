/**
 * What an image's code refers to by number, made usable once per image: names of modules and their fields, functions of
 * modules, regexes of conditions.
 */
import { STATE_FIELDS } from '../compiler/automaton.ts';
import { linkedFunction, type LinkedFunction } from '../modules/links.ts';
import { TextRegex } from '../scan/text-regex.ts';
import { REGEX, REGEX_FIELDS, textOf, type RuleImage } from './image.ts';

export interface Links {
  readonly names: readonly string[];
  /** By the same numbers; undefined for what is no function. */
  readonly functions: readonly (LinkedFunction | undefined)[];
  readonly regexes: readonly TextRegex[];
}

const made = new WeakMap<RuleImage, Links>();

export function linksOf(image: RuleImage): Links {
  let links = made.get(image);
  if (links === undefined) {
    const names = Array.from(image.links, (id) => textOf(image, id));
    links = { names, functions: names.map(linkedFunction), regexes: regexesOf(image) };
    made.set(image, links);
  }
  return links;
}

function regexesOf({ regexes, regexStates, regexSets }: RuleImage): TextRegex[] {
  const sets = Array.from({ length: regexSets.length / 8 }, (_, set) => regexSets.subarray(set * 8, set * 8 + 8));
  return Array.from({ length: regexes.length / REGEX_FIELDS }, (_, regex) => {
    const first = regexes[regex * REGEX_FIELDS + REGEX.first]!;
    const count = regexes[regex * REGEX_FIELDS + REGEX.count]!;
    return new TextRegex(regexStates.subarray(first * STATE_FIELDS, (first + count) * STATE_FIELDS), sets);
  });
}
