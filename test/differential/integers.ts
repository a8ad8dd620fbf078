/**
 * Integers of a condition under a plan: what an expression is worth, where that must be chosen by choosing, and how to make
 * it worth something else. `uint32(0x3c)` that nobody has decided becomes a small offset, `#a` a small count, `@a` a place.
 */
import type { Arithmetic, ArithmeticOperator, Call, Expression, Pattern } from '../../shared/yara/syntax/ast.ts';
import { isConstant } from './expressions.ts';
import { MOST_COPIES } from './plan.ts';
import type { Scope } from './scope.ts';
import { patternNamed } from './scope.ts';

interface Reader {
  readonly width: number;
  readonly isSigned: boolean;
  readonly isBigEndian: boolean;
}

/** `uint16`, `int32be` and the others, if the call is one of them. */
export function readerOf(call: Call): Reader | undefined {
  const name = call.callee.kind === 'identifier' ? call.callee.name : '';
  const parts = /^(u?)int(8|16|32)(be)?$/.exec(name);
  if (parts === null || call.arguments.length !== 1) return undefined;
  return { width: Number(parts[2]) / 8, isSigned: parts[1] === '', isBigEndian: parts[3] !== undefined };
}

/** Undefined where no value can be learnt or chosen. */
export function evaluate(expression: Expression, scope: Scope): bigint | undefined {
  const { plan, random } = scope;
  switch (expression.kind) {
    case 'integer':
      return expression.value;
    case 'identifier': {
      const variable = scope.variables.get(expression.name);
      if (variable?.kind === 'integer') return variable.value;
      return variable?.kind === 'expression' ? evaluate(variable.expression, variable.scope) : undefined;
    }
    case 'filesize': {
      if (plan.least !== plan.most) {
        const size = Math.min(plan.most, plan.least + 256 + 4 * scope.witnessBytes + random.below(2000));
        plan.limitSize(size, size);
      }
      return BigInt(plan.least);
    }
    case 'call':
      return readInteger(expression, scope);
    case 'patternCount': {
      const pattern = patternNamed(expression.identifier.name, scope);
      if (pattern === undefined || expression.range !== undefined) return undefined;
      const { least, most } = plan.wantedOf(pattern);
      const count = Math.min(most, Math.max(least, random.between(1, 3)));
      return plan.limitCount(pattern, count, count) ? BigInt(count) : undefined;
    }
    case 'patternOffset':
      return placeOf(expression.identifier.name, expression.index, scope)?.offset;
    case 'patternLength':
      return placeOf(expression.identifier.name, expression.index, scope)?.length;
    case 'unary': {
      const operand = evaluate(expression.operand, scope);
      if (operand === undefined) return undefined;
      return expression.operator === '-' ? -operand : expression.operator === '~' ? ~operand : undefined;
    }
    case 'arithmetic': {
      let value = evaluate(expression.operands[0]!, scope);
      for (const [at, operator] of expression.operators.entries()) {
        const right = evaluate(expression.operands[at + 1]!, scope);
        value = value === undefined || right === undefined ? undefined : calculate(value, operator, right);
      }
      return value;
    }
    default:
      return undefined;
  }
}

/** Tries to make `expression` worth `value`. */
export function assign(expression: Expression, value: bigint, scope: Scope): boolean {
  const { plan } = scope;
  switch (expression.kind) {
    case 'filesize':
      return value <= BigInt(plan.most) && plan.limitSize(Number(value), Number(value));
    case 'call':
      return writeInteger(expression, value, scope);
    case 'identifier': {
      const variable = scope.variables.get(expression.name);
      if (variable?.kind === 'expression') return assign(variable.expression, value, variable.scope);
      return variable?.kind === 'integer' && variable.value === value;
    }
    case 'patternCount': {
      const pattern = patternNamed(expression.identifier.name, scope);
      if (pattern === undefined || value < 0n || value > BigInt(MOST_COPIES)) return false;
      const count = Number(value);
      if (expression.range === undefined) return plan.limitCount(pattern, count, count);
      return placeWithin(pattern, count, expression.range.lower, expression.range.upper, scope);
    }
    case 'patternOffset': {
      const pattern = patternNamed(expression.identifier.name, scope);
      if (pattern === undefined || value < 0n || value > BigInt(plan.most)) return false;
      const index = expression.index === undefined ? 1n : evaluate(expression.index, scope);
      return index !== undefined && placeAsNumber(pattern, Number(index), Number(value), scope);
    }
    case 'unary':
      if (expression.operator === '-') return assign(expression.operand, -value, scope);
      return expression.operator === '~' && assign(expression.operand, ~value, scope);
    case 'arithmetic':
      return assignArithmetic(expression, value, scope);
    default:
      return evaluate(expression, scope) === value;
  }
}

/** The match at `offset` is the `number`-th one, as far as places are decided. */
function placeAsNumber(pattern: Pattern, number: number, offset: number, { plan, random }: Scope): boolean {
  const before = (): number => plan.wantedOf(pattern).placed.filter((place) => place.offset < offset).length;
  for (let tries = 0; before() < number - 1 && tries < 20; tries++) plan.place(pattern, random.below(offset), random);
  return before() === number - 1 && plan.place(pattern, offset, random);
}

/** `count` matches that start in the range, at places of its edges and between. */
export function placeWithin(
  pattern: Pattern,
  count: number,
  lower: Expression,
  upper: Expression,
  scope: Scope,
): boolean {
  const from = evaluate(lower, scope);
  const to = evaluate(upper, scope);
  if (from === undefined || to === undefined) return false;
  const { plan, random } = scope;
  const least = Math.max(0, Number(from));
  const most = Math.min(Number(to), plan.most - 1);
  if (least > most) return count === 0;
  const near = Math.min(most, Math.max(least, plan.least) + 4096);
  let placed = plan.wantedOf(pattern).placed.filter(({ offset }) => offset >= least && offset <= most).length;
  for (let tries = 0; placed < count && tries < 12 + 4 * count; tries++) {
    const offset = random.pick([least, Math.min(most, near), random.between(least, near), random.between(least, near)]);
    if (plan.place(pattern, offset, random)) placed++;
  }
  return placed >= count;
}

function readInteger(call: Call, scope: Scope): bigint | undefined {
  const reader = readerOf(call);
  const address = reader && evaluate(call.arguments[0]!, scope);
  if (reader === undefined || address === undefined || address < 0n) return undefined;
  const { plan, random } = scope;
  const offset = Number(address);
  const places = Array.from(
    { length: reader.width },
    (_, at) => offset + (reader.isBigEndian ? at : reader.width - 1 - at),
  );
  if (!places.every((place) => plan.bytes.has(place))) {
    // Most often it is the place of something else: small, and behind what is already there.
    const chosen = reader.width === 1 ? random.below(32) : plan.freeOffset(random);
    if (!writeInteger(call, BigInt(chosen), scope)) return undefined;
  }
  const value = places.reduce((sum, place) => (sum << 8n) | BigInt(plan.bytes.get(place)!), 0n);
  return reader.isSigned ? BigInt.asIntN(reader.width * 8, value) : value;
}

function writeInteger(call: Call, value: bigint, scope: Scope): boolean {
  const reader = readerOf(call);
  const address = reader && evaluate(call.arguments[0]!, scope);
  if (reader === undefined || address === undefined || address < 0n || address > BigInt(scope.plan.most)) return false;
  const bits = reader.width * 8;
  if (value !== (reader.isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value))) return false;
  const bytes = Uint8Array.from({ length: reader.width }, (_, at) =>
    Number((value >> BigInt(8 * (reader.isBigEndian ? reader.width - 1 - at : at))) & 0xffn),
  );
  return scope.plan.fix(Number(address), bytes);
}

function placeOf(
  name: string,
  index: Expression | undefined,
  scope: Scope,
): { offset: bigint; length: bigint } | undefined {
  const pattern = patternNamed(name, scope);
  const wantedIndex = index === undefined ? 1n : evaluate(index, scope);
  if (pattern === undefined || wantedIndex === undefined || wantedIndex < 1n || wantedIndex > 40n) return undefined;
  const { plan, random } = scope;
  for (let tries = 0; plan.wantedOf(pattern).placed.length < Number(wantedIndex) && tries < 60; tries++) {
    const last = plan.wantedOf(pattern).placed.at(-1);
    const from = last === undefined ? 0 : last.offset + last.length;
    plan.place(pattern, random.chance(80) ? Math.max(from, plan.freeOffset(random)) : from + random.below(64), random);
  }
  const place = plan.wantedOf(pattern).placed[Number(wantedIndex) - 1];
  return place && { offset: BigInt(place.offset), length: BigInt(place.length) };
}

function calculate(left: bigint, operator: ArithmeticOperator, right: bigint): bigint | undefined {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '\\':
      return right === 0n ? undefined : left / right;
    case '%':
      return right === 0n ? undefined : left % right;
    case '&':
      return left & right;
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    case '<<':
      return right < 0n ? undefined : right > 63n ? 0n : BigInt.asIntN(64, left << right);
    case '>>':
      return right < 0n ? undefined : right > 63n ? 0n : left >> right;
  }
}

/** Turns the last operation of a chain round, once on the one side, once on the other. */
function assignArithmetic({ operands, operators, ...rest }: Arithmetic, value: bigint, scope: Scope): boolean {
  const operator = operators.at(-1)!;
  const right = operands.at(-1)!;
  const left: Expression =
    operands.length === 2
      ? operands[0]!
      : { ...rest, operands: operands.slice(0, -1), operators: operators.slice(0, -1) };
  if (isConstant(left)) {
    const known = evaluate(left, scope);
    const wanted = known === undefined ? undefined : rightOperand(known, operator, value);
    return wanted !== undefined && assign(right, wanted, scope);
  }
  const known = evaluate(right, scope);
  const wanted = known === undefined ? undefined : leftOperand(known, operator, value, scope);
  return wanted !== undefined && assign(left, wanted, scope);
}

function leftOperand(right: bigint, operator: ArithmeticOperator, value: bigint, scope: Scope): bigint | undefined {
  const some = BigInt(scope.random.below(0x10000));
  switch (operator) {
    case '+':
      return value - right;
    case '-':
      return value + right;
    case '*':
      return right !== 0n && value % right === 0n ? value / right : undefined;
    case '\\':
      return value * right;
    case '%':
      return value + right * (some & 3n);
    case '&':
      return (value & right) === value ? value | (some & ~right) : undefined;
    case '|':
      return (value & right) === right ? value & ~(some & right) : undefined;
    case '^':
      return value ^ right;
    case '<<':
      return right >= 0n && right < 64n && (value >> right) << right === value ? value >> right : undefined;
    case '>>':
      return right >= 0n && right < 64n ? (value << right) | (some & ((1n << right) - 1n)) : undefined;
  }
}

function rightOperand(left: bigint, operator: ArithmeticOperator, value: bigint): bigint | undefined {
  switch (operator) {
    case '+':
      return value - left;
    case '-':
      return left - value;
    case '*':
      return left !== 0n && value % left === 0n ? value / left : undefined;
    case '&':
      return (value & left) === value ? value : undefined;
    case '|':
      return (value & left) === left ? value : undefined;
    case '^':
      return value ^ left;
    default:
      return undefined;
  }
}
