/**
 * What an image's code refers to by number, made usable once per image: names of modules and their fields, functions of
 * modules, regexes of conditions.
 */
import { UNLIMITED } from '../compiler/automaton.ts';
import { linkedFunction, type LinkedFunction } from '../modules/links.ts';
import { TextRegex } from '../scan/text-regex.ts';
import { Unroller } from '../scan/unroller.ts';
import { textOf, type RuleImage } from './image.ts';

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

function regexesOf(image: RuleImage): TextRegex[] {
  const unroller = new Unroller(image);
  return Array.from(image.regexes, (shape) => new TextRegex(() => unroller.unroll(shape, UNLIMITED)));
}
