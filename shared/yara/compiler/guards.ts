/**
 * Writes guards (bundle/guard-code.ts): from what stands before and behind an atom in its shape, as much as rules out nearly
 * every place where the atom stands by chance. A guard leaves out what it cannot say (alternatives, assertions), so a place
 * that it refuses is in no match, and one that it lets pass may be in none either.
 */
import { ENDLESS, GUARD_OP } from '../bundle/guard-code.ts';
import { COMPARED_BYTES } from '../bundle/filter-layout.ts';
import type { Atom } from './atoms.ts';
import { entryOfSets } from './filter-entries.ts';
import { factsOf } from './frequency.ts';
import type { Shape } from './shape.ts';

/** Bytes on one side, gaps not counted: more would say little. */
const MAX_BYTES = 32;
/** Gaps and repeats on one side. */
const MAX_REPEATS = 8;

export function encodeGuard(atom: Atom, numberOf: (set: Uint32Array) => number): Uint8Array {
  const { sets } = atom;
  const isCompared = sets.length <= COMPARED_BYTES && entryOfSets(sets).sets!.every((set) => set === undefined);
  const own = isCompared ? [] : sets.map((set): Shape => ({ kind: 'byte', set }));
  const [behind, before, itself] = [atom.behind, atom.before, own].map((items) => {
    const code: number[] = [];
    for (const step of stepsOf(items)) writeStep(step, numberOf, code);
    return [...code, GUARD_OP.end];
  });
  return Uint8Array.from([sets.length, behind!.length, before!.length, ...behind!, ...before!, ...itself!]);
}

type Step =
  | { readonly kind: 'run'; readonly values: number[]; readonly masks: number[] }
  | { readonly kind: 'set'; readonly set: Uint32Array }
  | { readonly kind: 'repeat'; readonly set: Uint32Array; min: number; max: number };

/** Up to the first item that a guard cannot say. */
function stepsOf(items: readonly Shape[]): readonly Step[] {
  const steps: Step[] = [];
  let bytes = 0;
  let repeats = 0;
  for (const item of items) {
    if (item.kind === 'assertion') continue;
    if (item.kind === 'byte') {
      if (bytes++ === MAX_BYTES) break;
      addByte(steps, item.set);
    } else if (item.kind === 'repeat' && item.item.kind === 'byte' && item.min < ENDLESS) {
      const { set } = item.item;
      if (repeats++ === MAX_REPEATS || (item.max >= ENDLESS && isAny(set))) break;
      steps.push({ kind: 'repeat', set, min: item.min, max: Math.min(item.max, ENDLESS) });
    } else break;
  }
  return withoutNeedless(steps);
}

function addByte(steps: Step[], set: Uint32Array): void {
  const { value, mask, sets } = entryOfSets([set]);
  const last = steps.at(-1);
  if (isAny(set)) {
    if (last?.kind === 'repeat' && isAny(last.set) && last.max < ENDLESS - 1) {
      last.min++;
      last.max++;
    } else steps.push({ kind: 'repeat', set, min: 1, max: 1 });
  } else if (sets![0] !== undefined) {
    steps.push({ kind: 'set', set });
  } else if (last?.kind === 'run' && (last.masks[0] === 0xff) === (mask[0] === 0xff)) {
    last.values.push(value[0]!);
    last.masks.push(mask[0]!);
  } else {
    steps.push({ kind: 'run', values: [value[0]!], masks: [mask[0]!] });
  }
}

function isAny(set: Uint32Array): boolean {
  return factsOf(set).size === 256;
}

/** What may be left out at the end says nothing; nor do more rounds than are needed. */
function withoutNeedless(steps: Step[]): readonly Step[] {
  for (let last = steps.at(-1); last?.kind === 'repeat'; last = steps.at(-1)) {
    last.max = last.min;
    if (last.min > 0) break;
    steps.pop();
  }
  return steps;
}

function writeStep(step: Step, numberOf: (set: Uint32Array) => number, code: number[]): void {
  switch (step.kind) {
    case 'run': {
      const isMasked = step.masks[0] !== 0xff;
      code.push(isMasked ? GUARD_OP.masked : GUARD_OP.run, step.values.length);
      step.values.forEach((value, at) => (isMasked ? code.push(value, step.masks[at]!) : code.push(value)));
      return;
    }
    case 'set': {
      const number = numberOf(step.set);
      // A set whose number does not fit two bytes is let pass.
      if (number > 0xffff) code.push(GUARD_OP.gap, 1, 0, 1, 0);
      else code.push(GUARD_OP.set, number & 0xff, number >>> 8);
      return;
    }
    case 'repeat': {
      const number = isAny(step.set) ? 0x10000 : numberOf(step.set);
      const extent = [step.min & 0xff, step.min >>> 8, step.max & 0xff, step.max >>> 8];
      if (number > 0xffff) code.push(GUARD_OP.gap, ...extent);
      else code.push(GUARD_OP.repeat, number & 0xff, number >>> 8, ...extent);
    }
  }
}
