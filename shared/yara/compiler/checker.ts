/**
 * Checks a rule's condition: every name is known, every operand has a type that fits. What comes out can be written as byte
 * code as it stands. An expression with an error gives undefined, after the error was reported; its parts are checked all
 * the same, so that one run shows every mistake.
 *
 * Here stand names, patterns and places; operators, sets and loops, and modules have files of their own. What a pattern is
 * made of is the business of `literals.ts` and `programs.ts`.
 */
import { PATTERN_FLAG, RULE_FLAG } from '../bundle/image.ts';
import { readers } from '../bundle/opcodes.ts';
import { moduleNamed, standingOf } from '../modules/links.ts';
import type {
  Anchor,
  Expression,
  Identifier,
  PatternIdentifier,
  PatternLength,
  PatternOffset,
  Range,
  RegexLiteral,
} from '../syntax/ast.ts';
import type { Span } from '../syntax/diagnostic.ts';
import { MAX_STATES, UNLIMITED } from './automaton.ts';
import {
  anyOf,
  article,
  booleanConstant,
  constantInteger,
  floatConstant,
  integerConstant,
  isScalar,
  operation,
  textConstant,
  type Checked,
  type CheckedType,
} from './checked.ts';
import { checkCall, checkField, checkIndex } from './module-access.ts';
import { checkArithmetic, checkComparison, checkLogical, checkTextOperation, checkUnary } from './operators.ts';
import type { RuleScope } from './rule-scope.ts';
import { checkForIn, checkForOf, checkOf } from './sets.ts';
import { sizeOf } from './shape-size.ts';
import { shapeOfRegex } from './shape.ts';
import { nearest } from './suggestions.ts';
import { checkWith } from './with.ts';

export class ConditionChecker {
  readonly scope: RuleScope;
  /** Slots of the current patterns of the loops around, innermost last, with the patterns each may be. */
  readonly currentPatterns: { readonly slot: number; readonly patterns: readonly number[] }[] = [];
  /** How often the place that is being checked is come by, as far as loops around it are constant. */
  iterations = 1n;

  constructor(scope: RuleScope) {
    this.scope = scope;
  }

  /** The expression as a truth value: numbers and text are true unless zero or empty. */
  boolean(expression: Expression): Checked | undefined {
    const checked = this.check(expression);
    return checked && this.truthOf(checked, expression.span);
  }

  /** As `boolean`, of what was checked before. */
  truthOf(checked: Checked, span: Span): Checked | undefined {
    const { type, constant } = checked;
    if (type === 'boolean') return checked;
    if (!isScalar(type)) {
      this.wrongType(span, ['boolean'], type);
      return undefined;
    }
    const isText = type === 'text';
    this.scope.warning('non_bool_expr', span, `${article(type)} is used as a boolean`, {
      hint: isText
        ? 'it is true unless it is empty: compare it with ""'
        : 'it is true unless it is zero: compare it with 0',
    });
    if (constant !== undefined) return booleanConstant(isTrue(constant));
    return operation('boolean', isText ? 'textTruth' : 'truth', checked);
  }

  integer(expression: Expression): Checked | undefined {
    return this.ofType(expression, ['integer']);
  }

  ofType(expression: Expression, types: readonly CheckedType[]): Checked | undefined {
    const checked = this.check(expression);
    if (checked === undefined || types.includes(checked.type)) return checked;
    this.wrongType(expression.span, types, checked.type);
    return undefined;
  }

  wrongType(span: Span, wanted: readonly CheckedType[], found: CheckedType): void {
    const isCallable = typeof found === 'object' && found.kind === 'function' && found.target.kind !== 'reader';
    const hint = isCallable ? 'call it, with () behind its name' : undefined;
    this.scope.error('E002', span, `expected ${anyOf(wanted)}, found ${article(found)}`, { hint });
  }

  check(expression: Expression): Checked | undefined {
    switch (expression.kind) {
      case 'boolean':
        return booleanConstant(expression.value);
      case 'integer':
        return integerConstant(expression.value);
      case 'float':
        return floatConstant(expression.value);
      case 'text':
        return textConstant(expression.bytes);
      case 'regex':
        return this.#regex(expression);
      case 'filesize':
        this.scope.needs |= RULE_FLAG.readsFilesize;
        return operation('integer', 'filesize');
      case 'entrypoint':
        return this.#entrypoint(expression.span);
      case 'identifier':
        return this.#identifier(expression);
      case 'field':
        return checkField(this, expression);
      case 'index':
        return checkIndex(this, expression);
      case 'call':
        return checkCall(this, expression);
      case 'patternMatch':
        return this.#patternMatch(expression.identifier, expression.anchor);
      case 'patternCount':
        return this.#patternCount(expression.identifier, expression.range);
      case 'patternOffset':
      case 'patternLength':
        return this.#patternItem(expression);
      case 'unary':
        return checkUnary(this, expression);
      case 'and':
      case 'or':
        return checkLogical(this, expression);
      case 'arithmetic':
        return checkArithmetic(this, expression);
      case 'comparison':
        return checkComparison(this, expression);
      case 'textOperation':
        return checkTextOperation(this, expression);
      case 'of':
        return checkOf(this, expression);
      case 'forOf':
        return checkForOf(this, expression);
      case 'forIn':
        return checkForIn(this, expression);
      case 'with':
        return checkWith(this, expression);
      default:
        return expression satisfies never;
    }
  }

  // Places ---------------------------------------------------------------------------------------------------------------

  range(range: Range): { readonly lower: Checked; readonly upper: Checked } | undefined {
    const lower = this.offset(range.lower);
    const upper = this.offset(range.upper);
    if (lower === undefined || upper === undefined) return undefined;
    const first = constantInteger(lower);
    const last = constantInteger(upper);
    if (first !== undefined && last !== undefined && first > last) {
      this.scope.error('E011', range.span, `the range ends at ${last}, before it begins at ${first}`);
      return undefined;
    }
    return { lower, upper };
  }

  /** An integer that is not known to be negative. */
  offset(expression: Expression): Checked | undefined {
    const offset = this.integer(expression);
    const constant = constantInteger(offset);
    if (constant !== undefined && constant < 0n) {
      this.scope.error('E006', expression.span, `${constant} is negative`);
      return undefined;
    }
    return offset;
  }

  #entrypoint(span: Span): Checked {
    this.scope.needs |= RULE_FLAG.readsPages | RULE_FLAG.readsFilesize;
    this.scope.warning('entrypoint', span, 'entrypoint is not part of YARA-X', {
      hint: 'it is undefined in what is neither PE nor ELF',
    });
    return operation('integer', 'entrypoint');
  }

  // Names ----------------------------------------------------------------------------------------------------------------

  #identifier({ name, span }: Identifier): Checked | undefined {
    const variable = this.scope.variable(name);
    if (variable !== undefined) return variable.value;
    const { rules, externals, modules } = this.scope.surroundings;
    if (rules.has(name)) return this.rule(name, span);
    const external = externals.get(name);
    if (external !== undefined) {
      return {
        type: external.type,
        write: (to) => {
          to.op('external', external.index);
        },
      };
    }
    if (modules.has(name)) return this.#module(name, span);
    const reader = readers.findIndex((known) => known.name === name);
    if (reader >= 0) return callable(name, reader);
    const known = [
      'filesize',
      ...this.scope.variableNames(),
      ...externals.keys(),
      ...rules.keys(),
      ...readers.map((it) => it.name),
    ];
    const isModule = standingOf(name) !== 'unknown';
    this.scope.error('E009', span, `nothing named ${name} is known here`, {
      hint: isModule ? `write import "${name}" above the rule` : nearest(name, known),
    });
    return undefined;
  }

  #module(name: string, span: Span): Checked | undefined {
    const module = moduleNamed(name);
    if (module === undefined) {
      this.scope.error('E100', span, `module ${name} is not available here`);
      return undefined;
    }
    return {
      type: module.schema,
      write: (to) => {
        to.op('module', to.image.link(name));
      },
    };
  }

  rule(name: string, span: Span): Checked | undefined {
    const rule = this.scope.surroundings.rules.get(name)!;
    const { index } = rule;
    if (index === undefined) {
      this.scope.error('E009', span, `rule ${name} has errors and cannot be referred to`);
      return undefined;
    }
    if (rule.isGlobal) {
      this.scope.warning('global_rule_misuse', span, `rule ${name} is global`, {
        hint: 'where it does not hold, the rules of its namespace are silent anyway',
      });
    }
    return {
      type: 'boolean',
      write: (to) => {
        to.op('rule', index);
      },
    };
  }

  #regex({ span, regex }: RegexLiteral): Checked | undefined {
    const shape = shapeOfRegex(regex.root);
    const { stateCount } = sizeOf(shape, UNLIMITED);
    if (stateCount > MAX_STATES) {
      this.scope.error('E901', span, `the regular expression needs ${stateCount} states, more than ${MAX_STATES}`, {
        hint: 'use smaller repeats, or fewer of them inside one another',
      });
      return undefined;
    }
    return {
      type: 'regex',
      write: (to) => {
        to.op('regex', to.image.regex(shape));
      },
    };
  }

  // Patterns -------------------------------------------------------------------------------------------------------------

  /** The operand that names the pattern, after what is asked of it was noted; undefined after an error. */
  pattern({ name, span }: PatternIdentifier, flags: number, isAnywhere = true): number | undefined {
    if (name !== '$') return this.scope.use(name, span, flags, isAnywhere)?.index;
    const current = this.currentPatterns.at(-1);
    // Outside of a loop the parser has refused it.
    if (current === undefined) return undefined;
    this.scope.mark(current.patterns, flags, true);
    return ~current.slot;
  }

  #patternMatch(identifier: PatternIdentifier, anchor: Anchor | undefined): Checked | undefined {
    const isAt = anchor?.kind === 'at';
    const pattern = this.pattern(identifier, anchor === undefined ? 0 : PATTERN_FLAG.needsOffsets, !isAt);
    const place = anchor && this.anchor(anchor);
    if (pattern === undefined || (anchor !== undefined && place === undefined)) return undefined;
    if (isAt && pattern >= 0) this.scope.ask([pattern], constantInteger(place?.[0]));
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
    const constant = constantInteger(number);
    if (constant !== undefined && constant < 0n) {
      this.scope.error('E007', index!.span, `matches are counted from 1; there is no match ${constant}`);
      return undefined;
    }
    if (constant === 0n) {
      this.scope.warning('zero_index', index!.span, 'matches are counted from 1, so match 0 is undefined', {
        hint: 'write 1 for the first',
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
}

/** A function that reads the object: it has no value of its own. */
function callable(name: string, reader: number): Checked {
  return { type: { kind: 'function', name, target: { kind: 'reader', reader } }, write: refuseToWrite };
}

/** What has no value is never written: the checker refuses it wherever a value stands. */
export function refuseToWrite(): never {
  throw new Error('bug: byte code was asked of what has no value');
}

function isTrue(constant: NonNullable<Checked['constant']>): boolean {
  if (constant instanceof Uint8Array) return constant.length > 0;
  return constant !== 0n && constant !== 0 && constant !== false;
}
