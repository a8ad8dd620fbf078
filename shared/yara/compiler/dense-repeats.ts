/**
 * Warns of patterns whose counted repeats may take more steps than a scan allows a pattern (`limits.stepsPerByte`), beyond which
 * rules that need it are undecided. An automaton that `x.{0,1000}y` is unrolled to has a state for each round, and as many of
 * them are active at once as places in a thousand bytes where what stands beside the repeat can begin or end. How close to
 * each other these can be is known where bytes stand beside the repeat: a text of three letters that does not overlap itself
 * begins at every third byte at most. It is the object that decides whether they are; so this is no error. What measuring the
 * lengths of such matches takes is not foreseen.
 */
import { REACH } from '../bundle/image.ts';
import type { Pattern } from '../syntax/ast.ts';
import type { RuleScope } from './rule-scope.ts';
import { shapeOf, type Shape } from './shape.ts';
import { isFarUnrolled, sizeOf } from './shape-size.ts';
import { straightOf } from './straight-program.ts';

/** `limits.stepsPerByte` where a scan is not told otherwise. */
export const STEPS_PER_BYTE = 256;

export function warnOfDenseRepeats(scope: RuleScope): void {
  for (const { ast } of scope.patterns) {
    const steps = ast.kind === 'text' ? 0 : mostSteps(ast);
    if (steps <= STEPS_PER_BYTE) continue;
    const message = `pattern ${ast.identifier.name} may take ${steps} steps a byte where what stands beside its repeat is dense`;
    scope.warning('dense_repeat', ast.span, message, {
      hint: `put a longer text beside the repeat, or fewer rounds; above ${STEPS_PER_BYTE} steps a byte the rule is undecided`,
    });
  }
}

/** States active at once of its widest counted repeat at worst; 0 where that is not known, or steps are not counted. */
function mostSteps(pattern: Exclude<Pattern, { kind: 'text' }>): number {
  const shape = shapeOf(pattern);
  if (!isFarUnrolled(sizeOf(shape, REACH)) || straightOf(shape) !== undefined) return 0;
  const items = itemsOf(shape);
  return items.reduce((most, item, at) => Math.max(most, stepsOf(item, items, at)), 0);
}

function itemsOf(shape: Shape): readonly Shape[] {
  return shape.kind === 'sequence' ? shape.items.flatMap(itemsOf) : [shape];
}

function stepsOf(item: Shape, items: readonly Shape[], at: number): number {
  // What takes every byte is a gap, and gaps are not unrolled.
  if (item.kind !== 'repeat' || item.item.kind !== 'byte' || isAny(item.item.set)) return 0;
  const rounds = Math.min(item.max, REACH);
  const before = bytesBeside(items.slice(0, at).reverse());
  const behind = bytesBeside(items.slice(at + 1));
  if (item.max === Infinity || before.length === 0 || behind.length === 0) return 0;
  return Math.floor(rounds / Math.min(leastDistance(before), leastDistance(behind)));
}

/** Up to the first item that is no single byte. */
function bytesBeside(items: readonly Shape[]): Uint32Array[] {
  const sets: Uint32Array[] = [];
  for (const item of items) {
    if (item.kind !== 'byte') break;
    sets.push(item.set);
  }
  return sets;
}

/** How far two places where these bytes stand are apart at least. */
function leastDistance(sets: readonly Uint32Array[]): number {
  for (let distance = 1; distance < sets.length; distance++) {
    if (sets.slice(distance).every((set, at) => intersects(set, sets[at]!))) return distance;
  }
  return sets.length;
}

function intersects(left: Uint32Array, right: Uint32Array): boolean {
  return left.some((word, at) => (word & right[at]!) !== 0);
}

function isAny(set: Uint32Array): boolean {
  return set.every((word) => word >>> 0 === 0xffffffff);
}
