/** What a regex or a hex pattern is made of, as dialect entries ask it. */
import { hasByte } from '../../shared/yara/syntax/byte-set.ts';
import type { HexNode } from '../../shared/yara/syntax/hex-ast.ts';
import type { RegexNode } from '../../shared/yara/syntax/regex-ast.ts';

export function partsOf(node: RegexNode): readonly RegexNode[] {
  switch (node.kind) {
    case 'group':
    case 'repeat':
      return [node.node];
    case 'sequence':
      return node.items;
    case 'alternation':
      return node.alternatives;
    default:
      return [];
  }
}

export function hasPart(node: RegexNode, is: (node: RegexNode) => boolean): boolean {
  return is(node) || partsOf(node).some((part) => hasPart(part, is));
}

/** The reference writes out what it repeats at most this often; more is run by a counter. */
export const MOST_WRITTEN_OUT = 10;

export function isCountedLoop(node: RegexNode): boolean {
  return node.kind === 'repeat' && node.max !== undefined && node.max > MOST_WRITTEN_OUT;
}

export function hasAlternatives(root: HexNode): boolean {
  return withParts(root).some(({ kind }) => kind === 'alternatives');
}

/** Hex patterns with alternatives are run as regexes; those without have a simpler machine, which does not count. */
export function hasCountedJump(root: HexNode): boolean {
  const isCounted = (node: HexNode): boolean =>
    node.kind === 'jump' && node.max !== undefined && node.max > MOST_WRITTEN_OUT && node.min < node.max;
  return hasAlternatives(root) && withParts(root).some(isCounted);
}

function withParts(node: HexNode): HexNode[] {
  const parts = node.kind === 'sequence' ? node.items : node.kind === 'alternatives' ? node.alternatives : [];
  return [node, ...parts.flatMap(withParts)];
}

/** A repeat with more than one round, of something that texts to look for can be made of. */
export function isRepeatedText(node: RegexNode): boolean {
  if (node.kind !== 'repeat' || node.max === 0 || node.max === 1) return false;
  return hasPart(node.node, ({ kind }) => kind === 'literal' || kind === 'class');
}

export function classesOf(node: RegexNode): Uint32Array[] {
  return node.kind === 'class' ? [node.set] : partsOf(node).flatMap(classesOf);
}

/** Bytes of a class that are not in the mask it is taken for, and the other way round. */
export interface Mistaken {
  readonly missed: ReadonlySet<number>;
  readonly invented: ReadonlySet<number>;
}

export function mistakenFor(set: Uint32Array): Mistaken[] {
  const members = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => hasByte(set, byte));
  const lowest = members[0] ?? 0;
  const free = lowest ^ (members.at(-1) ?? 0);
  const masked = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => (byte & ~free) === (lowest & ~free));
  if (masked.length !== members.length) return [];
  const missed = new Set(members.filter((byte) => !masked.includes(byte)));
  return missed.size === 0 ? [] : [{ missed, invented: new Set(masked.filter((byte) => !members.includes(byte))) }];
}

export interface Gaps {
  readonly leading: boolean;
  readonly trailing: boolean;
}

/** Whether a regex begins or ends in `.*`, `.{2,5}` and the like, in its outermost sequence and without `/s`. */
export function gapsOf(root: RegexNode): Gaps {
  const items = root.kind === 'sequence' ? root.items : [root];
  const isGap = (node: RegexNode | undefined): boolean =>
    node?.kind === 'repeat' && node.min !== node.max && node.node.kind === 'dot' && !node.node.includesNewline;
  return { leading: isGap(items[0]), trailing: isGap(items.at(-1)) };
}

/** In bytes of the plain form. */
export function longestMatch(node: RegexNode): number {
  switch (node.kind) {
    case 'empty':
    case 'assertion':
      return 0;
    case 'literal':
      return node.bytes.length;
    case 'dot':
    case 'class':
      return 1;
    case 'group':
      return longestMatch(node.node);
    case 'sequence':
      return node.items.reduce((sum, item) => sum + longestMatch(item), 0);
    case 'alternation':
      return Math.max(...node.alternatives.map(longestMatch));
    case 'repeat':
      return node.max === 0 ? 0 : (node.max ?? Infinity) * longestMatch(node.node);
  }
}
