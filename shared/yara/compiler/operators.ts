/** Checks operators: logic, arithmetic, comparisons, operators on text. */
import type { Instruction } from '../bundle/opcodes.ts';
import type {
  Arithmetic,
  ArithmeticOperator,
  Comparison,
  Expression,
  Logical,
  TextOperation,
  Unary,
} from '../syntax/ast.ts';
import type { Span } from '../syntax/diagnostic.ts';
import {
  anyOf,
  article,
  booleanConstant,
  constantInteger,
  floatConstant,
  integerConstant,
  isNumber,
  operation,
  type Checked,
  type CheckedType,
} from './checked.ts';
import type { ConditionChecker } from './checker.ts';
import { foldArithmetic, foldNegation } from './constants.ts';
import { warnOfUnintendedPatterns } from './unintended-patterns.ts';

const SCALARS: readonly CheckedType[] = ['boolean', 'integer', 'float', 'text'];
const NUMBERS: readonly CheckedType[] = ['integer', 'float'];

// Logic -------------------------------------------------------------------------------------------------------------------

export function checkLogical(checker: ConditionChecker, logical: Logical): Checked | undefined {
  const { kind, operands } = logical;
  const checked = operands.map((operand) => checker.boolean(operand));
  if (kind === 'and') warnOfUnintendedPatterns(checker.scope, operands);
  if (!checked.every((operand) => operand !== undefined)) return undefined;
  const decisive = kind === 'or';
  const open = checked.filter(({ constant }) => constant !== !decisive);
  // What is known to decide the whole is not even evaluated, nor is anything beside it.
  if (open.some(({ constant }) => constant === decisive)) return booleanConstant(decisive);
  if (open.length === 0) return booleanConstant(!decisive);
  const [first, ...rest] = open;
  // An operand alone is still one of `and` or `or`: where it is undefined the whole is false.
  if (rest.length === 0) rest.push(booleanConstant(!decisive));
  return {
    type: 'boolean',
    write: (to) => {
      first!.write(to);
      for (const operand of rest) {
        to.jumpBehind(kind === 'and' ? 'andSkip' : 'orSkip', [0], 0, () => {
          operand.write(to);
          to.op(kind);
        });
      }
    },
  };
}

export function checkUnary(checker: ConditionChecker, { operator, operand }: Unary): Checked | undefined {
  switch (operator) {
    case 'not': {
      const checked = checker.check(operand);
      const truth = checked && checker.truthOf(checked, operand.span);
      if (truth === undefined) return undefined;
      return typeof checked?.constant === 'boolean'
        ? booleanConstant(!checked.constant)
        : operation('boolean', 'not', truth);
    }
    case 'defined': {
      const checked = checker.ofType(operand, SCALARS);
      return checked && operation('boolean', 'defined', checked);
    }
    case '~': {
      const checked = checker.integer(operand);
      const constant = constantInteger(checked);
      if (constant !== undefined) return integerConstant(~constant);
      return checked && operation('integer', 'bitNot', checked);
    }
    case '-': {
      const checked = checker.ofType(operand, NUMBERS);
      if (checked === undefined) return undefined;
      const { type, constant } = checked;
      if (typeof constant === 'bigint') return integerConstant(foldNegation(constant));
      if (typeof constant === 'number') return floatConstant(-constant);
      return operation(type, type === 'float' ? 'negateFloat' : 'negate', checked);
    }
  }
}

// Arithmetic --------------------------------------------------------------------------------------------------------------

/** What stands left of an operator: a list of writers, not nested ones, so that a long chain is no depth. */
interface Chain {
  type: CheckedType;
  constant: Checked['constant'];
  writers: Checked['write'][];
}

export function checkArithmetic(checker: ConditionChecker, arithmetic: Arithmetic): Checked | undefined {
  const { operands, operators, span } = arithmetic;
  const checked = operands.map((operand) => checker.check(operand));
  if (!checked.every((operand) => operand !== undefined)) return undefined;
  const [first] = checked;
  const chain: Chain = { type: first!.type, constant: first!.constant, writers: [first!.write] };
  for (let at = 0; at < operators.length;) {
    const operator = operators[at]!;
    let end = at + 1;
    while (operators[end] === operator) end++;
    const right = checked.slice(at + 1, end + 1).map((operand, number) => ({
      checked: operand,
      span: operands[at + 1 + number]!.span,
    }));
    const leftSpan = { start: span.start, end: operands[at]!.span.end };
    if (!extend(checker, chain, leftSpan, operator, right)) return undefined;
    at = end;
  }
  const { type, constant, writers } = chain;
  return {
    type,
    constant,
    write: (to) => {
      for (const write of writers) write(to);
    },
  };
}

interface Operand {
  readonly checked: Checked;
  readonly span: Span;
}

/** Applies one operator to what stands left and to one or more operands: `a + b + c` is folded as one. */
function extend(
  checker: ConditionChecker,
  chain: Chain,
  leftSpan: Span,
  operator: ArithmeticOperator,
  right: readonly Operand[],
): boolean {
  const asIs: Checked = { type: chain.type, constant: chain.constant, write: () => undefined };
  // Its own writers have run by then; what converting adds comes behind them.
  const left = numberFor(checker, operator, asIs, leftSpan);
  const numbers = right.map((operand) => numberFor(checker, operator, operand.checked, operand.span));
  if (left === undefined || !numbers.every((number) => number !== undefined)) return false;
  if (!right.every((operand) => isCountSound(checker, operator, operand))) return false;
  const span = { start: leftSpan.start, end: right.at(-1)!.span.end };
  const folded = fold(checker, operator, [left, ...numbers], span);
  if (folded !== undefined) {
    Object.assign(chain, { type: folded.type, constant: folded.constant, writers: [folded.write] });
    return true;
  }
  const isFloat = left.type === 'float' || numbers.some(({ type }) => type === 'float');
  const instruction = isFloat ? floatInstructions[operator] : integerInstructions[operator];
  if (instruction === undefined) throw new Error(`bug: ${operator} has no form for floats`);
  chain.writers.push(isFloat ? toFloat(left).write : left.write);
  for (const number of numbers) {
    chain.writers.push(isFloat ? toFloat(number).write : number.write, (to) => {
      to.op(instruction);
    });
  }
  chain.type = isFloat ? 'float' : 'integer';
  chain.constant = undefined;
  return true;
}

/** The operand as what the operator takes; undefined after an error. */
function numberFor(
  { scope }: ConditionChecker,
  operator: ArithmeticOperator,
  checked: Checked,
  span: Span,
): Checked | undefined {
  if (checked.type === 'boolean' && isBitwise(operator)) {
    scope.warning('bool_as_int', span, 'a boolean is used as 0 or 1');
    return operation('integer', 'toInteger', checked);
  }
  const types: readonly CheckedType[] = isIntegral(operator) ? ['integer'] : NUMBERS;
  if (types.includes(checked.type)) return checked;
  scope.error('E002', span, `expected ${anyOf(types)} beside ${operator}, found ${article(checked.type)}`);
  return undefined;
}

function isCountSound({ scope }: ConditionChecker, operator: ArithmeticOperator, { checked, span }: Operand): boolean {
  const count = constantInteger(checked);
  if ((operator !== '<<' && operator !== '>>') || count === undefined || count >= 0n) return true;
  scope.error('E006', span, `a shift by ${count} is negative`);
  return false;
}

/** Sums, differences and products of constants; undefined where one is not constant, and for division. */
function fold(
  { scope }: ConditionChecker,
  operator: ArithmeticOperator,
  operands: readonly Checked[],
  span: Span,
): Checked | undefined {
  const constants = operands.map(({ constant }) => constant);
  if (constants.every((constant) => typeof constant === 'bigint')) {
    const folded = foldArithmetic(operator, constants);
    if (folded?.overflows === true) {
      scope.warning('constant_overflow', span, `the result does not fit 64 bits and becomes ${folded.value}`);
    }
    return folded && integerConstant(folded.value);
  }
  if (!constants.every((constant) => typeof constant === 'bigint' || typeof constant === 'number')) return undefined;
  const [first, ...rest] = constants.map(Number);
  switch (operator) {
    case '+':
      return floatConstant(rest.reduce((sum, number) => sum + number, first!));
    case '-':
      return floatConstant(rest.reduce((difference, number) => difference - number, first!));
    case '*':
      return floatConstant(rest.reduce((product, number) => product * number, first!));
    default:
      return undefined;
  }
}

function toFloat(number: Checked): Checked {
  return number.type === 'float' ? number : operation('float', 'toFloat', number);
}

function isBitwise(operator: ArithmeticOperator): boolean {
  return operator === '&' || operator === '|' || operator === '^';
}

function isIntegral(operator: ArithmeticOperator): boolean {
  return isBitwise(operator) || operator === '%' || operator === '<<' || operator === '>>';
}

const integerInstructions: Readonly<Record<ArithmeticOperator, Instruction>> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '\\': 'divide',
  '%': 'remainder',
  '&': 'bitAnd',
  '|': 'bitOr',
  '^': 'bitXor',
  '<<': 'shiftLeft',
  '>>': 'shiftRight',
};

const floatInstructions: Readonly<Partial<Record<ArithmeticOperator, Instruction>>> = {
  '+': 'addFloat',
  '-': 'subtractFloat',
  '*': 'multiplyFloat',
  '\\': 'divideFloat',
};

// Comparisons -------------------------------------------------------------------------------------------------------------

export function checkComparison(checker: ConditionChecker, comparison: Comparison): Checked | undefined {
  const { operator, left, right } = comparison;
  const isEquality = operator === '==';
  const types = isEquality ? SCALARS : SCALARS.slice(1);
  const leftChecked = checker.ofType(left, types);
  const rightChecked = checker.ofType(right, types);
  if (leftChecked === undefined || rightChecked === undefined) return undefined;
  if (leftChecked.type === 'text' && rightChecked.type === 'text') {
    if (isEquality) warnOfConstraints(checker, leftChecked, left, rightChecked, right);
    return operation('boolean', textComparisons[operator], leftChecked, rightChecked);
  }
  if (isNumber(leftChecked.type) && isNumber(rightChecked.type)) {
    if (isEquality) warnOfConstraints(checker, leftChecked, left, rightChecked, right);
    const isFloat = leftChecked.type !== rightChecked.type;
    const sides = isFloat ? [toFloat(leftChecked), toFloat(rightChecked)] : [leftChecked, rightChecked];
    return operation('boolean', numberComparisons[operator], ...sides);
  }
  const isWithBoolean = [leftChecked, rightChecked].every(({ type }) => type === 'boolean' || type === 'integer');
  if (isWithBoolean) return compareBoolean(checker, comparison, leftChecked, rightChecked);
  const labels = [{ span: left.span, message: `this is ${article(leftChecked.type)}` }];
  checker.scope.error(
    'E003',
    right.span,
    `${article(rightChecked.type)} cannot be compared with ${article(leftChecked.type)}`,
    {
      labels,
    },
  );
  return undefined;
}

/** `==` where one side or both are booleans: with 0 or 1 it says what a boolean says by itself. */
function compareBoolean(
  { scope }: ConditionChecker,
  { left, right, span }: Comparison,
  leftChecked: Checked,
  rightChecked: Checked,
): Checked {
  const [truth, number, truthSpan] =
    leftChecked.type === 'boolean' ? [leftChecked, rightChecked, left.span] : [rightChecked, leftChecked, right.span];
  const constant = constantInteger(number);
  if (constant === 0n || constant === 1n) {
    const text = scope.source.excerpt(truthSpan);
    scope.warning('bool_int_comparison', span, `a boolean is compared with ${constant}`, {
      hint: `write ${constant === 0n ? `not ${text}` : text}`,
    });
    return constant === 1n ? truth : operation('boolean', 'not', truth);
  }
  return operation('boolean', 'equal', asInteger(leftChecked), asInteger(rightChecked));
}

function asInteger(checked: Checked): Checked {
  return checked.type === 'boolean' ? operation('integer', 'toInteger', checked) : checked;
}

/** Warns of comparing a constant with what can never have its value. */
function warnOfConstraints(
  { scope }: ConditionChecker,
  left: Checked,
  leftExpression: Expression,
  right: Checked,
  rightExpression: Expression,
): void {
  const [constrained, constant] = left.constraint === undefined ? [right, left.constant] : [left, right.constant];
  const span = constrained === left ? rightExpression.span : leftExpression.span;
  const other = constrained === left ? leftExpression.span : rightExpression.span;
  const { isLowerCase, length, range } = constrained.constraint ?? {};
  const warn = (message: string, label: string): void => {
    scope.warning('unsatisfiable_expr', span, message, { labels: [{ span: other, message: label }] });
  };
  if (constant instanceof Uint8Array) {
    if (isLowerCase === true && constant.some((byte) => byte >= 0x41 && byte <= 0x5a)) {
      warn('this has capitals', 'this is in lower case');
    } else if (length !== undefined && constant.length !== length) {
      warn(`this is ${constant.length} bytes long`, `this is ${length} bytes long`);
    }
  } else if (typeof constant === 'bigint' && range !== undefined) {
    const [least, most] = range;
    if (constant < least || constant > most) warn(`${constant} is out of range`, `this is ${least} to ${most}`);
  }
}

const numberComparisons = {
  '==': 'equal',
  '!=': 'notEqual',
  '<': 'less',
  '<=': 'lessOrEqual',
  '>': 'greater',
  '>=': 'greaterOrEqual',
} as const;

const textComparisons = {
  '==': 'textEqual',
  '!=': 'textNotEqual',
  '<': 'textLess',
  '<=': 'textLessOrEqual',
  '>': 'textGreater',
  '>=': 'textGreaterOrEqual',
} as const;

// Text --------------------------------------------------------------------------------------------------------------------

export function checkTextOperation(
  checker: ConditionChecker,
  { operator, left, right }: TextOperation,
): Checked | undefined {
  const leftChecked = checker.ofType(left, ['text']);
  const rightChecked = checker.ofType(right, [operator === 'matches' ? 'regex' : 'text']);
  if (leftChecked === undefined || rightChecked === undefined) return undefined;
  return operation('boolean', operator, leftChecked, rightChecked);
}
