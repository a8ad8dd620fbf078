/**
 * What regexes mean, by plain backtracking: at each start the ends are tried in the order of preference (greedy longest,
 * lazy shortest, alternatives from the left), and the first end there is, is the match. For regexes that cannot match nothing
 * and whose repeats do not repeat nothing.
 */
import type { MatchTuple } from './answer.ts';

export type RegexNode =
  | { readonly kind: 'class'; readonly text: string; readonly has: (byte: number) => boolean }
  | { readonly kind: 'sequence'; readonly of: readonly RegexNode[] }
  | { readonly kind: 'alternatives'; readonly of: readonly RegexNode[] }
  | {
      readonly kind: 'repeat';
      readonly of: RegexNode;
      readonly from: number;
      readonly to: number | undefined;
      readonly isLazy: boolean;
    }
  | { readonly kind: 'edge'; readonly text: '^' | '$' | '\\b' | '\\B' };

export interface RegexWords {
  readonly nocase?: boolean;
  readonly fullword?: boolean;
}

/** Can it match nothing? */
export function canBeEmpty(node: RegexNode): boolean {
  switch (node.kind) {
    case 'class':
      return false;
    case 'edge':
      return true;
    case 'repeat':
      return node.from === 0 || canBeEmpty(node.of);
    case 'alternatives':
      return node.of.some(canBeEmpty);
    case 'sequence':
      return node.of.every(canBeEmpty);
  }
}

export function naiveRegexMatches(node: RegexNode, words: RegexWords, data: Uint8Array): MatchTuple[] {
  const matches: MatchTuple[] = [];
  const view = words.nocase === true ? bothCases(node) : node;
  for (let start = 0; start < data.length; start++) {
    for (const end of ends(view, data, start)) {
      if (words.fullword !== true || !(isAlphanumeric(data[start - 1]) || isAlphanumeric(data[end]))) {
        matches.push([start, end - start]);
      }
      break;
    }
  }
  return matches;
}

function* ends(node: RegexNode, data: Uint8Array, at: number): Generator<number> {
  switch (node.kind) {
    case 'class':
      if (at < data.length && node.has(data[at]!)) yield at + 1;
      return;
    case 'edge':
      if (isEdge(node.text, data, at)) yield at;
      return;
    case 'alternatives':
      for (const alternative of node.of) yield* ends(alternative, data, at);
      return;
    case 'sequence': {
      const [first, ...rest] = node.of;
      if (!first) yield at;
      else for (const end of ends(first, data, at)) yield* ends({ kind: 'sequence', of: rest }, data, end);
      return;
    }
    case 'repeat':
      yield* repeated(node, data, at, 0);
  }
}

function* repeated(
  node: Extract<RegexNode, { kind: 'repeat' }>,
  data: Uint8Array,
  at: number,
  done: number,
): Generator<number> {
  if (node.isLazy && done >= node.from) yield at;
  if (node.to === undefined || done < node.to) {
    for (const end of ends(node.of, data, at)) yield* repeated(node, data, end, done + 1);
  }
  if (!node.isLazy && done >= node.from) yield at;
}

function isEdge(text: '^' | '$' | '\\b' | '\\B', data: Uint8Array, at: number): boolean {
  if (text === '^') return at === 0;
  if (text === '$') return at === data.length;
  return (isWord(data[at - 1]) !== isWord(data[at])) === (text === '\\b');
}

function isWord(byte: number | undefined): boolean {
  return byte === 0x5f || isAlphanumeric(byte);
}

function isAlphanumeric(byte: number | undefined): boolean {
  return byte !== undefined && /[0-9A-Za-z]/.test(String.fromCharCode(byte));
}

/** A negated class is folded before it is negated, which `text` tells. */
function bothCases(node: RegexNode): RegexNode {
  switch (node.kind) {
    case 'class': {
      const { has, text } = node;
      const isNegated = text.startsWith('[^');
      const either = (byte: number): boolean => {
        const others = [byte, swapCase(byte)];
        return isNegated ? others.every(has) : others.some(has);
      };
      return { ...node, has: either };
    }
    case 'edge':
      return node;
    case 'repeat':
      return { ...node, of: bothCases(node.of) };
    default:
      return { ...node, of: node.of.map(bothCases) };
  }
}

function swapCase(byte: number): number {
  const letter = String.fromCharCode(byte);
  return /[a-zA-Z]/.test(letter) ? byte ^ 0x20 : byte;
}

/** The regex as a rule writes it, without slashes. */
export function regexText(node: RegexNode): string {
  switch (node.kind) {
    case 'class':
    case 'edge':
      return node.text;
    case 'sequence':
      return node.of.map(regexText).join('');
    case 'alternatives':
      return `(${node.of.map(regexText).join('|')})`;
    case 'repeat': {
      const body =
        node.of.kind === 'sequence' || node.of.kind === 'repeat' ? `(${regexText(node.of)})` : regexText(node.of);
      return `${body}${countText(node.from, node.to)}${node.isLazy ? '?' : ''}`;
    }
  }
}

function countText(from: number, to: number | undefined): string {
  if (to === undefined) return from === 0 ? '*' : from === 1 ? '+' : `{${from},}`;
  if (from === 0 && to === 1) return '?';
  return from === to ? `{${from}}` : `{${from},${to}}`;
}

/** Classes by which tests build regexes. */
export const regexClasses = {
  a: only('a'),
  b: only('b'),
  c: only('c'),
  any: { kind: 'class', text: '.', has: (byte: number) => byte !== 0x0a },
  aOrB: { kind: 'class', text: '[ab]', has: (byte: number) => byte === 0x61 || byte === 0x62 },
  notA: { kind: 'class', text: '[^a]', has: (byte: number) => byte !== 0x61 },
  word: { kind: 'class', text: '\\w', has: isWord },
  blank: { kind: 'class', text: '\\s', has: (byte: number) => byte === 0x20 || (byte >= 9 && byte <= 13) },
  zero: { kind: 'class', text: '\\x00', has: (byte: number) => byte === 0 },
} as const satisfies Record<string, RegexNode>;

function only(letter: string): RegexNode {
  return { kind: 'class', text: letter, has: (byte) => byte === letter.codePointAt(0) };
}
