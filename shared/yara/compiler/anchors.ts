/**
 * Patterns that are looked for at one place only. A rule that asks for plain bytes nowhere but at one constant offset
 * (`$mz at 0`, `any of them at 0`) has its matches elsewhere neither kept nor reported, as in YARA-X and libyara.
 *
 * Which patterns are plain bytes is YARA-X's view: texts with nothing but `ascii`, `wide`, `fullword` and `private`, and hex
 * patterns and regexes that come to a run of bytes or to a choice of several runs.
 */
import { hasByte } from '../syntax/byte-set.ts';
import type { Pattern } from '../syntax/ast.ts';
import type { HexNode } from '../syntax/hex-ast.ts';
import type { RegexNode } from '../syntax/regex-ast.ts';
import { isLetter } from './literals.ts';

/** Where a rule asks for each of its patterns, collected while its condition is checked. */
export class Anchors {
  /** Undefined: anywhere, or at several places. */
  readonly #places = new Map<number, bigint | undefined>();

  /** The condition asks for the pattern at `offset`, where that is known at compile time, or anywhere. */
  ask(pattern: number, offset: bigint | undefined): void {
    const isOther = this.#places.has(pattern) && this.#places.get(pattern) !== offset;
    this.#places.set(pattern, isOther ? undefined : offset);
  }

  /** The only offset at which matches of the pattern count; undefined where all do. */
  anchorOf(pattern: number, ast: Pattern): bigint | undefined {
    const place = this.#places.get(pattern);
    return place !== undefined && isPlainBytes(ast) ? place : undefined;
  }
}

function isPlainBytes(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'text': {
      const { nocase, xor, base64, base64wide } = pattern.modifiers;
      return [nocase, xor, base64, base64wide].every((modifier) => modifier === undefined);
    }
    case 'hex':
      return isChoice(hexRuns(pattern.root));
    case 'regex':
      return isChoice(regexRuns(withoutGroup(pattern.regex.root)));
  }
}

/** Lengths of the alternatives; undefined where one is no run of bytes. A choice of single bytes is a class to YARA-X. */
type Runs = readonly number[] | undefined;

function isChoice(runs: Runs): boolean {
  return runs !== undefined && (runs.length === 1 || runs.some((length) => length > 1));
}

function hexRuns(node: HexNode): Runs {
  if (node.kind === 'bytes') return node.masks.every((mask) => mask === 0xff) ? [node.values.length] : undefined;
  return node.kind === 'alternatives' ? joined(node.alternatives.map(hexRuns)) : undefined;
}

/** One capturing group may stand around all of it. */
function withoutGroup(root: RegexNode): RegexNode {
  return root.kind === 'group' && root.isCapturing ? root.node : root;
}

function regexRuns(node: RegexNode): Runs {
  if (node.kind === 'alternation') return joined(node.alternatives.map(regexRuns));
  if (node.kind === 'group' && !node.isCapturing) return regexRuns(node.node);
  const length = runLength(node);
  return length === undefined ? undefined : [length];
}

/** Bytes of a regex that fits one text only, in one spelling. */
function runLength(node: RegexNode): number | undefined {
  switch (node.kind) {
    case 'literal':
      return node.ignoreCase && node.bytes.some(isLetter) ? undefined : node.bytes.length;
    case 'class':
      return membersOf(node.set) === 1 ? 1 : undefined;
    case 'group':
      return node.isCapturing ? undefined : runLength(node.node);
    case 'repeat':
      return node.min === 1 && node.max === 1 ? runLength(node.node) : undefined;
    case 'sequence':
      return node.items.reduce<number | undefined>((sum, item) => {
        const length = runLength(item);
        return sum === undefined || length === undefined ? undefined : sum + length;
      }, 0);
    case 'empty':
      return 0;
    case 'alternation':
    case 'assertion':
    case 'dot':
      return undefined;
  }
}

function joined(runs: readonly Runs[]): Runs {
  return runs.every((run) => run !== undefined) ? runs.flat() : undefined;
}

function membersOf(set: Uint32Array): number {
  let count = 0;
  for (let byte = 0; byte < 256; byte++) if (hasByte(set, byte)) count++;
  return count;
}
