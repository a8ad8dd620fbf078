/**
 * Gates: the parts of conditions that need no match. `uint16(0) == 0x5A4D and filesize < 1MB and all of them` has two; where
 * one of them is false the rule is, whatever its patterns do, and they need not be looked for. Rules of a kind share their
 * gates, so a few hundred short evaluations stand for thousands of rules.
 *
 * A reference to another rule is one as well, to be passed once the rules before it are settled as far as they can be.
 *
 * They are found in the byte code, as operands of the outermost `and`, when rules are first scanned with.
 */
import { RULE, RULE_FIELDS, type RuleImage } from '../bundle/image.ts';
import { hasRuleFlag } from '../bundle/loaded-rules.ts';
import { OP, operandCounts, type Instruction } from '../bundle/opcodes.ts';

/** Part of `code`, and the rules that are false where its value is false or undefined. */
export interface Gate {
  readonly start: number;
  readonly end: number;
  readonly rules: readonly number[];
  /** Refers to other rules; those it refers to stand before all of `rules`. */
  readonly refers: boolean;
}

/** O(code). */
export function gatesOf(image: RuleImage): readonly Gate[] {
  const gates = new Map<string, Gate & { readonly rules: number[] }>();
  const { rules, patterns } = image;
  if (patterns.length === 0) return [];
  for (let rule = 0; rule < rules.length / RULE_FIELDS; rule++) {
    const row = rule * RULE_FIELDS;
    // What has an effect is evaluated once, at the end.
    if (rules[row + RULE.patternCount] === 0 || hasRuleFlag(image, rule, 'hasEffect')) continue;
    for (const [start, end] of operands(image.code, rules[row + RULE.codeStart]!, rules[row + RULE.codeEnd]!)) {
      const key = keyOfGate(image.code, start, end);
      if (key === undefined) continue;
      const known = gates.get(key);
      if (known === undefined)
        gates.set(key, { start, end, rules: [rule], refers: hasReference(image.code, start, end) });
      else known.rules.push(rule);
    }
  }
  return [...gates.values()];
}

/** Operands of the `and`s that the code ends with; none where it ends otherwise. `a and b and c`: a, skip, b, and, skip, c, and. */
function operands(code: Int32Array, start: number, end: number): [start: number, end: number][] {
  const skips = new Map<number, number>();
  for (let at = start; at < end; at += 1 + operandCounts[code[at]!]!) {
    if (code[at] === OP.andSkip) skips.set(code[at + 1]!, at);
  }
  const found: [number, number][] = [];
  let behind = end;
  for (let skip = skips.get(behind); skip !== undefined; skip = skips.get(behind)) {
    found.push([skip + 2, behind - 1]);
    behind = skip;
  }
  if (found.length > 0) found.push([start, behind]);
  return found.reverse();
}

function hasReference(code: Int32Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1 + operandCounts[code[at]!]!) if (code[at] === OP.rule) return true;
  return false;
}

/** What each instruction that may stand in a gate does to the height of the stack. */
const heights = new Map<number, number>();
function allow(height: number, ...instructions: Instruction[]): void {
  for (const instruction of instructions) heights.set(OP[instruction], height);
}
allow(1, 'true', 'false', 'small', 'integer', 'float', 'text', 'filesize', 'external', 'entrypoint', 'module', 'rule');
allow(0, 'andSkip', 'orSkip', 'not', 'defined', 'truth', 'textTruth', 'toInteger', 'toFloat');
allow(0, 'negate', 'bitNot', 'negateFloat', 'read', 'field', 'lengthOf');
allow(-1, 'and', 'or', 'add', 'subtract', 'multiply', 'divide', 'remainder', 'bitAnd', 'bitOr', 'bitXor');
allow(-1, 'shiftLeft', 'shiftRight', 'addFloat', 'subtractFloat', 'multiplyFloat', 'divideFloat');
allow(
  -1,
  'equal',
  'notEqual',
  'less',
  'lessOrEqual',
  'greater',
  'greaterOrEqual',
  'textEqual',
  'textNotEqual',
  'item',
  'lookup',
);

/** The same for equal code, wherever it stands; undefined where code is no gate, or does not stand by itself. */
function keyOfGate(code: Int32Array, start: number, end: number): string | undefined {
  let height = 0;
  let key = '';
  for (let at = start; at < end; at += 1 + operandCounts[code[at]!]!) {
    const op = code[at]!;
    const change = heights.get(op);
    // What an instruction takes from the stack must have been put there by the gate.
    if (change === undefined || height + change < 1) return undefined;
    height += change;
    const isJump = op === OP.andSkip || op === OP.orSkip;
    if (isJump && (code[at + 1]! > end || code[at + 1]! <= at)) return undefined;
    key += `${op}`;
    if (isJump) key += `>${code[at + 1]! - start}`;
    else if (operandCounts[op] === 1) key += `:${code[at + 1]!}`;
    key += ' ';
  }
  return height === 1 ? key : undefined;
}
