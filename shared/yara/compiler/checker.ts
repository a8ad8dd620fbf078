/**
 * Checks a rule's condition: every name is known, every operand has a type that fits. What comes out can be written as byte
 * code as it stands. An expression with an error gives undefined, after the error was reported; its parts are checked all
 * the same, so that one run shows every mistake.
 *
 * Only conditions are checked here; what a pattern is made of is the business of `literals.ts`.
 */
import { HEAD_BYTES, PATTERN_FLAG, RULE_FLAG } from '../bundle/image.ts';
import { readers, type Instruction } from '../bundle/opcodes.ts';
import type {
  Anchor,
  Arithmetic,
  ArithmeticOperator,
  Call,
  Comparison,
  Expression,
  Identifier,
  Logical,
  PatternIdentifier,
  PatternLength,
  PatternOffset,
  Range,
  TextOperation,
  Unary,
  With,
} from '../syntax/ast.ts';
import type { Span } from '../syntax/diagnostic.ts';
import { integerConstant, operation, type Checked, type ValueType } from './checked.ts';
import { foldArithmetic, foldNegation } from './constants.ts';
import type { RuleScope } from './rule-scope.ts';
import { checkForIn, checkForOf, checkOf } from './sets.ts';

export class ConditionChecker {
  readonly scope: RuleScope;
  /** Slots of the current patterns of the loops around, innermost last, with the patterns each may be. */
  readonly currentPatterns: { readonly slot: number; readonly patterns: readonly number[] }[] = [];

  constructor(scope: RuleScope) {
    this.scope = scope;
  }

  /** The expression as a truth value: numbers and text are true unless zero or empty. */
  boolean(expression: Expression): Checked | undefined {
    const checked = this.check(expression);
    if (checked === undefined || checked.type === 'boolean') return checked;
    this.scope.warning('non_bool_expr', expression.span, `${article(checked.type)} is used as a boolean`, {
      hint: checked.type === 'text' ? 'compare it with ""' : 'compare it with 0',
    });
    return operation('boolean', checked.type === 'text' ? 'textTruth' : 'truth', checked);
  }

  integer(expression: Expression): Checked | undefined {
    return this.ofType(expression, ['integer']);
  }

  ofType(expression: Expression, types: readonly ValueType[]): Checked | undefined {
    const checked = this.check(expression);
    if (checked === undefined || types.includes(checked.type)) return checked;
    this.wrongType(expression.span, types, checked.type);
    return undefined;
  }

  wrongType(span: Span, wanted: readonly ValueType[], found: ValueType): void {
    this.scope.error('E002', span, `expected ${wanted.map(article).join(' or ')}, found ${article(found)}`);
  }

  check(expression: Expression): Checked | undefined {
    switch (expression.kind) {
      case 'boolean':
        return operation('boolean', expression.value ? 'true' : 'false');
      case 'integer':
        return integerConstant(expression.value);
      case 'float': {
        const { value } = expression;
        return {
          type: 'float',
          write: (to) => {
            to.op('float', to.image.float(value));
          },
        };
      }
      case 'text': {
        const { bytes } = expression;
        return {
          type: 'text',
          write: (to) => {
            to.op('text', to.image.bytes(bytes));
          },
        };
      }
      case 'filesize':
        this.scope.needs |= RULE_FLAG.readsFilesize;
        return operation('integer', 'filesize');
      case 'identifier':
        return this.#identifier(expression);
      case 'call':
        return this.#call(expression);
      case 'patternMatch':
        return this.#patternMatch(expression.identifier, expression.anchor);
      case 'patternCount':
        return this.#patternCount(expression.identifier, expression.range);
      case 'patternOffset':
      case 'patternLength':
        return this.#patternItem(expression);
      case 'unary':
        return this.#unary(expression);
      case 'and':
      case 'or':
        return this.#logical(expression);
      case 'arithmetic':
        return this.#arithmetic(expression);
      case 'comparison':
        return this.#comparison(expression);
      case 'textOperation':
        return this.#textOperation(expression);
      case 'of':
        return checkOf(this, expression);
      case 'forOf':
        return checkForOf(this, expression);
      case 'forIn':
        return checkForIn(this, expression);
      case 'with':
        return this.#with(expression);
      case 'entrypoint': {
        this.unsupported(expression.span, 'entrypoint');
        return;
      }
      case 'regex': {
        this.unsupported(expression.span, 'a regular expression in a condition');
        return;
      }
      case 'field':
      case 'index':
        this.#moduleExpression(expression);
        return undefined;
      default:
        return expression satisfies never;
    }
  }

  unsupported(span: Span, what: string): undefined {
    this.scope.error('E900', span, `${what} is not supported yet`);
    return undefined;
  }

  range(range: Range): { readonly lower: Checked; readonly upper: Checked } | undefined {
    const lower = this.integer(range.lower);
    const upper = this.integer(range.upper);
    if (lower?.constant !== undefined && lower.constant < 0n) {
      this.scope.error('E006', range.lower.span, `the range begins at ${lower.constant}, before the object`);
      return undefined;
    }
    if (lower?.constant !== undefined && upper?.constant !== undefined && lower.constant > upper.constant) {
      this.scope.error('E011', range.span, `the range ${lower.constant}..${upper.constant} ends before it begins`);
      return undefined;
    }
    return lower && upper && { lower, upper };
  }

  offset(expression: Expression): Checked | undefined {
    const offset = this.integer(expression);
    if (offset?.constant !== undefined && offset.constant < 0n) {
      this.scope.error('E006', expression.span, `the offset ${offset.constant} is negative`);
      return undefined;
    }
    return offset;
  }

  // Names ----------------------------------------------------------------------------------------------------------------

  #identifier({ name, span }: Identifier): Checked | undefined {
    const variable = this.scope.variable(name);
    if (variable !== undefined) {
      return {
        type: variable.type,
        write: (to) => {
          to.op('variable', variable.slot);
        },
      };
    }
    const { rules, externals, modules } = this.scope.surroundings;
    const rule = rules.get(name);
    if (rule !== undefined) return this.#rule(name, span);
    const external = externals.get(name);
    if (external !== undefined) {
      return {
        type: external.type,
        write: (to) => {
          to.op('external', external.index);
        },
      };
    }
    if (modules.has(name)) {
      this.unsupported(span, `module ${name}`);
      return;
    }
    const known = [...externals.keys(), ...rules.keys()];
    this.scope.error('E009', span, `there is no rule, external or variable named ${name}`, {
      hint: nearest(name, known),
    });
    return undefined;
  }

  #rule(name: string, span: Span): Checked | undefined {
    const rule = this.scope.surroundings.rules.get(name)!;
    const { index } = rule;
    if (index === undefined) {
      this.scope.error('E009', span, `rule ${name} has errors and cannot be referred to`);
      return undefined;
    }
    if (rule.isGlobal && !this.scope.rule.isGlobal) {
      this.scope.warning(
        'global_rule_misuse',
        span,
        `rule ${name} is global: where it does not hold, this rule is silent anyway`,
      );
    }
    return {
      type: 'boolean',
      write: (to) => {
        to.op('rule', index);
      },
    };
  }

  #call(call: Call): Checked | undefined {
    const { callee } = call;
    const reader = callee.kind === 'identifier' ? readers.findIndex(({ name }) => name === callee.name) : -1;
    if (reader < 0) {
      this.#moduleExpression(call);
      return undefined;
    }
    const { name, size, type } = readers[reader]!;
    const [argument] = call.arguments;
    if (argument === undefined || call.arguments.length !== 1) {
      this.scope.error('E004', call.span, `${name} takes one offset, not ${call.arguments.length} arguments`);
      return undefined;
    }
    const offset = this.integer(argument);
    if (offset === undefined) return undefined;
    this.scope.read(offset.constant, size, HEAD_BYTES);
    return {
      type,
      write: (to) => {
        offset.write(to);
        to.op('read', reader);
      },
    };
  }

  /** Fields and calls of modules: what is at their root says what the error is. */
  #moduleExpression(expression: Expression): void {
    let root = expression;
    while (root.kind !== 'identifier') {
      if (root.kind === 'field' || root.kind === 'index') root = root.object;
      else if (root.kind === 'call') root = root.callee;
      else break;
    }
    if (root.kind !== 'identifier') {
      this.scope.error('E002', expression.span, 'this is no module and has no fields');
    } else if (this.scope.surroundings.modules.has(root.name)) {
      this.unsupported(expression.span, `module ${root.name}`);
    } else {
      this.scope.error('E009', root.span, `there is no module or function named ${root.name}`, {
        hint:
          nearest(
            root.name,
            readers.map(({ name }) => name),
          ) ?? `is \`import "${root.name}"\` missing?`,
      });
    }
  }

  // Patterns -------------------------------------------------------------------------------------------------------------

  /** The operand that names the pattern, after what is asked of it was noted; undefined after an error. */
  pattern({ name, span }: PatternIdentifier, flags: number): number | undefined {
    if (name !== '$') return this.scope.use(name, span, flags)?.index;
    const current = this.currentPatterns.at(-1);
    if (current === undefined) {
      this.scope.error('E025', span, 'there is no current pattern outside `for … of`');
      return undefined;
    }
    this.scope.mark(current.patterns, flags);
    return ~current.slot;
  }

  #patternMatch(identifier: PatternIdentifier, anchor: Anchor | undefined): Checked | undefined {
    const pattern = this.pattern(identifier, anchor === undefined ? 0 : PATTERN_FLAG.needsOffsets);
    const place = anchor && this.anchor(anchor);
    if (pattern === undefined || (anchor !== undefined && place === undefined)) return undefined;
    const instruction = anchor === undefined ? 'has' : anchor.kind === 'at' ? 'hasAt' : 'hasIn';
    return {
      type: 'boolean',
      write: (to) => {
        for (const part of place ?? []) part.write(to);
        to.op(instruction, pattern);
      },
    };
  }

  /** One offset, or the two ends of a range. */
  anchor(anchor: Anchor): readonly Checked[] | undefined {
    if (anchor.kind === 'at') {
      const offset = this.offset(anchor.offset);
      return offset && [offset];
    }
    const range = this.range(anchor.range);
    return range && [range.lower, range.upper];
  }

  #patternCount(identifier: PatternIdentifier, within: Range | undefined): Checked | undefined {
    const flags = within === undefined ? PATTERN_FLAG.needsCount : PATTERN_FLAG.needsOffsets;
    const pattern = this.pattern(identifier, flags);
    const range = within && this.range(within);
    if (pattern === undefined || (within !== undefined && range === undefined)) return undefined;
    return {
      type: 'integer',
      write: (to) => {
        range?.lower.write(to);
        range?.upper.write(to);
        to.op(range === undefined ? 'count' : 'countIn', pattern);
      },
    };
  }

  #patternItem({ kind, identifier, index }: PatternOffset | PatternLength): Checked | undefined {
    const pattern = this.pattern(identifier, PATTERN_FLAG.needsCount | PATTERN_FLAG.needsOffsets);
    const number = index === undefined ? integerConstant(1n) : this.integer(index);
    if (number?.constant !== undefined && number.constant < 0n) {
      this.scope.error('E007', index!.span, `matches are counted from 1; there is no match ${number.constant}`);
      return undefined;
    }
    if (number?.constant === 0n) {
      this.scope.warning('zero_index', index!.span, 'matches are counted from 1, so match 0 is undefined', {
        hint: 'write 1',
      });
    }
    if (pattern === undefined || number === undefined) return undefined;
    return {
      type: 'integer',
      write: (to) => {
        number.write(to);
        to.op(kind === 'patternOffset' ? 'offset' : 'length', pattern);
      },
    };
  }

  // Operators ------------------------------------------------------------------------------------------------------------

  #logical({ kind, operands }: Logical): Checked | undefined {
    const checked = operands.map((operand) => this.boolean(operand));
    if (!checked.every((operand) => operand !== undefined)) return undefined;
    return {
      type: 'boolean',
      write: (to) => {
        checked[0]!.write(to);
        for (const operand of checked.slice(1)) {
          to.jumpBehind(kind === 'and' ? 'andSkip' : 'orSkip', [0], 0, () => {
            operand.write(to);
            to.op(kind);
          });
        }
      },
    };
  }

  #unary({ operator, operand, span }: Unary): Checked | undefined {
    switch (operator) {
      case 'not': {
        const checked = this.boolean(operand);
        return checked && operation('boolean', 'not', checked);
      }
      case 'defined': {
        const checked = this.check(operand);
        return checked && operation('boolean', 'defined', checked);
      }
      case '~': {
        const checked = this.integer(operand);
        if (checked?.constant !== undefined) return integerConstant(~checked.constant);
        return checked && operation('integer', 'bitNot', checked);
      }
      case '-': {
        const checked = this.ofType(operand, ['integer', 'float']);
        if (checked?.constant !== undefined) return this.#folded(span, foldNegation(checked.constant));
        return checked && operation(checked.type, checked.type === 'float' ? 'negateFloat' : 'negate', checked);
      }
    }
  }

  /** A chain is written as a list, not nested, so that its length is no depth. */
  #arithmetic({ operands, operators, span }: Arithmetic): Checked | undefined {
    const checked = operands.map((operand) => this.#number(operand, operators));
    if (!checked.every((operand) => operand !== undefined)) return undefined;
    const [first] = checked;
    let { type, constant } = first!;
    let writers = [first!.write];
    for (const [at, operator] of operators.entries()) {
      const right = checked[at + 1]!;
      if (!this.#isShiftSound(operator, right, operands[at + 1]!.span)) return undefined;
      const isConstant = constant !== undefined && right.constant !== undefined;
      const folded = isConstant ? foldArithmetic(operator, constant!, right.constant) : undefined;
      if (folded !== undefined) {
        const result = this.#folded(span, folded);
        constant = result.constant;
        writers = [result.write];
        continue;
      }
      constant = undefined;
      if (type === 'integer' && right.type === 'integer') {
        writers.push(right.write, (to) => {
          to.op(integerInstructions[operator]);
        });
        continue;
      }
      const instruction = floatInstructions[operator];
      invariantFloat(instruction, operator);
      if (type === 'integer')
        writers.push((to) => {
          to.op('toFloat');
        });
      type = 'float';
      writers.push(toFloat(right).write, (to) => {
        to.op(instruction);
      });
    }
    return {
      type,
      constant,
      write: (to) => {
        for (const write of writers) write(to);
      },
    };
  }

  #isShiftSound(operator: ArithmeticOperator, count: Checked, span: Span): boolean {
    if ((operator !== '<<' && operator !== '>>') || count.constant === undefined || count.constant >= 0n) return true;
    this.scope.error('E006', span, `a shift by ${count.constant} is negative`);
    return false;
  }

  #number(operand: Expression, operators: readonly ArithmeticOperator[]): Checked | undefined {
    const checked = this.check(operand);
    if (checked === undefined) return undefined;
    if (checked.type === 'boolean' && operators.every(isBitwise)) {
      this.scope.warning('bool_as_int', operand.span, 'a boolean is used as 0 or 1');
      return operation('integer', 'toInteger', checked);
    }
    const types: readonly ValueType[] = operators.some(isIntegral) ? ['integer'] : ['integer', 'float'];
    if (types.includes(checked.type)) return checked;
    this.wrongType(operand.span, types, checked.type);
    return undefined;
  }

  #folded(span: Span, { value, overflows }: { value: bigint; overflows: boolean }): Checked {
    if (overflows)
      this.scope.warning('constant_overflow', span, `the result does not fit 64 bits and becomes ${value}`);
    return integerConstant(value);
  }

  #comparison({ operator, left, right, span }: Comparison): Checked | undefined {
    const leftChecked = this.check(left);
    const rightChecked = this.check(right);
    if (leftChecked === undefined || rightChecked === undefined) return undefined;
    if (leftChecked.type === 'text' && rightChecked.type === 'text') {
      return operation('boolean', textComparisons[operator], leftChecked, rightChecked);
    }
    const numbers = [leftChecked, rightChecked].map((checked, at): Checked | undefined => {
      if (checked.type === 'integer' || checked.type === 'float') return checked;
      const other = at === 0 ? rightChecked : leftChecked;
      const isEquality = operator === '==' || operator === '!=';
      if (checked.type === 'boolean' && other.type === 'integer' && isEquality) {
        this.scope.warning('bool_int_comparison', span, 'a boolean is compared with an integer, as 0 or 1');
        return operation('integer', 'toInteger', checked);
      }
      return undefined;
    });
    const [leftNumber, rightNumber] = numbers;
    if (leftNumber === undefined || rightNumber === undefined) {
      const isSame = leftChecked.type === rightChecked.type;
      if (isSame) this.wrongType(left.span, ['integer', 'float', 'text'], leftChecked.type);
      else
        this.scope.error(
          'E003',
          span,
          `${article(leftChecked.type)} cannot be compared with ${article(rightChecked.type)} by ${operator}`,
        );
      return undefined;
    }
    const isMixed = leftNumber.type !== rightNumber.type;
    return isMixed
      ? operation('boolean', numberComparisons[operator], toFloat(leftNumber), toFloat(rightNumber))
      : operation('boolean', numberComparisons[operator], leftNumber, rightNumber);
  }

  #textOperation({ operator, operatorSpan, left, right }: TextOperation): Checked | undefined {
    const leftChecked = this.ofType(left, ['text']);
    if (operator === 'matches') {
      this.unsupported(operatorSpan, '`matches`');
      return;
    }
    const rightChecked = this.ofType(right, ['text']);
    return leftChecked && rightChecked && operation('boolean', operator, leftChecked, rightChecked);
  }

  #with({ declarations, body }: With): Checked | undefined {
    const values: { readonly slot: number; readonly value: Checked }[] = [];
    let isSound = true;
    for (const { name, value } of declarations) {
      const checked = this.check(value);
      // Where the value has an error the name is declared all the same, or each use would be another error.
      const { slot } = this.scope.enter(name.name, checked?.type ?? 'integer');
      if (checked === undefined) isSound = false;
      else values.push({ slot, value: checked });
    }
    const checkedBody = this.boolean(body);
    this.scope.leave(declarations.length);
    if (!isSound || checkedBody === undefined) return undefined;
    return {
      type: 'boolean',
      write: (to) => {
        for (const { slot, value } of values) {
          value.write(to);
          to.op('keep', slot);
        }
        checkedBody.write(to);
      },
    };
  }
}

function toFloat(number: Checked): Checked {
  return number.type === 'float' ? number : operation('float', 'toFloat', number);
}

/** Operands of the other operators were found to be integers. */
function invariantFloat(instruction: Instruction | undefined, operator: string): asserts instruction is Instruction {
  if (instruction === undefined) throw new Error(`bug: ${operator} has no form for floats`);
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

export function article(type: ValueType): string {
  return type === 'integer' ? 'an integer' : type === 'text' ? 'text' : `a ${type}`;
}

/** «did you mean …», where a known name is at most two edits away. */
function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = 3;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best === undefined ? undefined : `did you mean ${best}?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
