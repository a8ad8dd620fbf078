/**
 * Evaluates expressions that have one value: literals, columns, operators, functions, aggregates. The types that the
 * language service found decide what a whole-number division is and where null becomes an empty string; operators on
 * null follow Kusto's three-valued logic.
 */
import { aggregates } from './aggregates.ts';
import { readLiteral } from './literal.ts';
import { scalarFunctions } from './scalar-functions.ts';
import { nameOf, part, unknown, withName, withRow } from './scope.ts';
import type { Scope } from './scope.ts';
import { hasTerm, stringOperators } from './string-operators.ts';
import type { Syntax } from './syntax.ts';
import { DateTime, ingestionTime, isArray, isBag, KustoError, TimeSpan } from './table.ts';
import type { Row, Table, Value } from './table.ts';
import { areEqual, checkWhole, compareValues, convertTo, printValue } from './values.ts';

/** Throws `KustoError` for an expression that it does not know. */
export function evaluate(node: Syntax, scope: Scope): Value {
  const value = evaluateNode(node, scope);
  return value === null && node.type === 'string' ? '' : value;
}

/** What `where` asks: null counts as false. */
export function holds(node: Syntax, scope: Scope): boolean {
  return evaluate(node, scope) === true;
}

function evaluateNode(node: Syntax, scope: Scope): Value {
  switch (node.kind) {
    case 'ParenthesizedExpression':
      return evaluate(part(node, 'Expression'), scope);
    case 'NameReference':
      return evaluateName(node, scope);
    case 'PathExpression':
      return memberOf(evaluate(part(node, 'Expression'), scope), nameOf(part(node, 'Selector')));
    case 'ElementExpression':
      return evaluateElement(node, scope);
    case 'FunctionCallExpression':
      return call(node, scope);
    case 'ToScalarExpression':
      return firstValue(scope.runTable(part(node, 'Expression'), scope));
    case 'AndExpression':
      return and(evaluate(part(node, 'Left'), scope), () => evaluate(part(node, 'Right'), scope));
    case 'OrExpression':
      return negate(
        and(negate(evaluate(part(node, 'Left'), scope)), () => negate(evaluate(part(node, 'Right'), scope))),
      );
    case 'UnaryMinusExpression':
      return subtract(0, evaluate(part(node, 'Expression'), scope));
    case 'UnaryPlusExpression':
      return evaluate(part(node, 'Expression'), scope);
    case 'BetweenExpression':
      return isBetween(node, scope);
    case 'NotBetweenExpression':
      return negate(isBetween(node, scope));
    case 'InExpression':
    case 'NotInExpression':
    // The service calls `in~` so, which looks away from case.
    case 'InCsExpression':
    case 'NotInCsExpression':
      return isIn(node, scope);
    case 'HasAnyExpression':
      return listOf(node, scope).some((term) => hasText(node, scope, term));
    case 'HasAllExpression':
      return listOf(node, scope).every((term) => hasText(node, scope, term));
    default:
      return node.kind.endsWith('LiteralExpression') || node.kind === 'DynamicExpression'
        ? readLiteral(node)
        : evaluateBinary(node, scope);
  }
}

function evaluateName(node: Syntax, scope: Scope): Value {
  const name = nameOf(node);
  if (scope.row !== undefined && Object.hasOwn(scope.row, name)) return scope.row[name] ?? null;
  const binding = scope.names.get(name)?.();
  if (binding?.kind === 'value') return binding.value;
  throw new KustoError(`${name} is no value here`, { where: node.text });
}

function evaluateElement(node: Syntax, scope: Scope): Value {
  const value = evaluate(part(node, 'Expression'), scope);
  const key = evaluate(part(part(node, 'Selector'), 'Expression'), scope);
  if (typeof key === 'string') return memberOf(value, key);
  if (typeof key !== 'number' || !isArray(value)) return null;
  return value.at(key) ?? null;
}

function memberOf(value: Value, name: string): Value {
  return isBag(value) && Object.hasOwn(value, name) ? (value[name] ?? null) : null;
}

/** The first column of the first row; null without a row. */
function firstValue({ columns, rows }: Table): Value {
  return rows[0]?.[columns[0]?.name ?? ''] ?? null;
}

function and(left: Value, right: () => Value): Value {
  if (left === false) return false;
  const other = right();
  if (other === false) return false;
  return left === true && other === true ? true : null;
}

function negate(value: Value): Value {
  return typeof value === 'boolean' ? !value : null;
}

function isBetween(node: Syntax, scope: Scope): Value {
  const value = evaluate(part(node, 'Left'), scope);
  const { First: first, Second: second } = part(node, 'Right').parts;
  if (first === undefined || second === undefined) return unknown(node);
  const lower = evaluate(first, scope);
  const given = evaluate(second, scope);
  // `between (time .. 1h)`: the end counts from the beginning.
  const upper = lower instanceof DateTime && given instanceof TimeSpan ? add(lower, given) : given;
  const fromLower = compareValues(value, lower);
  const toUpper = compareValues(value, upper);
  return fromLower === null || toUpper === null ? null : fromLower >= 0 && toUpper <= 0;
}

function isIn(node: Syntax, scope: Scope): Value {
  const isFolded = node.kind.endsWith('CsExpression');
  const fold = (value: Value): Value => (isFolded && typeof value === 'string' ? value.toLowerCase() : value);
  const value = fold(evaluate(part(node, 'Left'), scope));
  const isThere = listOf(node, scope).some((element) => areEqual(value, fold(element)) === true);
  return node.kind.startsWith('Not') ? !isThere : isThere;
}

/** The right side of `in` or `has_any`: values, arrays that are taken apart, or the first column of a table. */
function listOf(node: Syntax, scope: Scope): readonly Value[] {
  return part(part(node, 'Right'), 'Expressions').items.flatMap((item): readonly Value[] => {
    if (item.columns !== undefined) {
      const { columns, rows } = scope.runTable(item, scope);
      return rows.map((row) => row[columns[0]!.name] ?? null);
    }
    const value = evaluate(item, scope);
    return isArray(value) ? value : [value];
  });
}

function hasText(node: Syntax, scope: Scope, term: Value): boolean {
  const text = printValue(evaluate(part(node, 'Left'), scope), 'dynamic');
  return hasTerm(text.toLowerCase(), printValue(term, 'dynamic').toLowerCase());
}

function evaluateBinary(node: Syntax, scope: Scope): Value {
  const { Left: leftNode, Right: rightNode } = node.parts;
  if (leftNode === undefined || rightNode === undefined) return unknown(node);
  const left = evaluate(leftNode, scope);
  const right = evaluate(rightNode, scope);
  switch (node.kind) {
    case 'EqualExpression':
      return areEqual(left, right);
    case 'NotEqualExpression':
      return negate(areEqual(left, right));
    case 'LessThanExpression':
      return ordered(compareValues(left, right), (order) => order < 0);
    case 'LessThanOrEqualExpression':
      return ordered(compareValues(left, right), (order) => order <= 0);
    case 'GreaterThanExpression':
      return ordered(compareValues(left, right), (order) => order > 0);
    case 'GreaterThanOrEqualExpression':
      return ordered(compareValues(left, right), (order) => order >= 0);
    case 'AddExpression':
      return whole(add(left, right), node);
    case 'SubtractExpression':
      return whole(subtract(left, right), node);
    case 'MultiplyExpression':
      return whole(multiply(left, right), node);
    case 'DivideExpression':
      return divide(left, right, node);
    case 'ModuloExpression':
      return typeof left === 'number' && typeof right === 'number' && right !== 0 ? left % right : null;
    default:
      return compareTexts(node, left, right);
  }
}

function ordered(order: number | null, test: (order: number) => boolean): boolean | null {
  return order === null ? null : test(order);
}

function whole(value: Value, { type }: Syntax): Value {
  return typeof value === 'number' && (type === 'long' || type === 'int') ? checkWhole(value) : value;
}

function add(left: Value, right: Value): Value {
  if (typeof left === 'number' && typeof right === 'number') return left + right;
  if (left instanceof TimeSpan && right instanceof TimeSpan) return new TimeSpan(left.ticks + right.ticks);
  if (left instanceof DateTime && right instanceof TimeSpan) return new DateTime(left.ticks + right.ticks);
  if (left instanceof TimeSpan && right instanceof DateTime) return new DateTime(left.ticks + right.ticks);
  return null;
}

function subtract(left: Value, right: Value): Value {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (right instanceof TimeSpan) return add(left === 0 ? new TimeSpan(0n) : left, new TimeSpan(-right.ticks));
  if (left instanceof DateTime && right instanceof DateTime) return new TimeSpan(left.ticks - right.ticks);
  return null;
}

function multiply(left: Value, right: Value): Value {
  if (typeof left === 'number' && typeof right === 'number') return left * right;
  const [span, factor] = left instanceof TimeSpan ? [left, right] : [right, left];
  if (!(span instanceof TimeSpan) || typeof factor !== 'number') return null;
  return new TimeSpan(BigInt(Math.round(Number(span.ticks) * factor)));
}

function divide(left: Value, right: Value, { type }: Syntax): Value {
  if (left instanceof TimeSpan && right instanceof TimeSpan) {
    return right.ticks === 0n ? null : Number(left.ticks) / Number(right.ticks);
  }
  if (typeof right !== 'number') return null;
  if (left instanceof TimeSpan) return right === 0 ? null : multiply(left, 1 / right);
  if (typeof left !== 'number') return null;
  const isWhole = type === 'real' ? false : Number.isInteger(left) && Number.isInteger(right);
  if (!isWhole) return left / right;
  return right === 0 ? null : Math.trunc(left / right);
}

function compareTexts(node: Syntax, left: Value, right: Value): Value {
  const match = /^(Not)?(\w+)Expression$/.exec(node.kind);
  const operator = match?.[2];
  if (operator === undefined || !Object.hasOwn(stringOperators, operator)) return unknown(node);
  const answer = stringOperators[operator]!(printValue(left, 'dynamic'), printValue(right, 'dynamic'));
  return match?.[1] === undefined ? answer : !answer;
}

function call(node: Syntax, scope: Scope): Value {
  const name = nameOf(part(node, 'Name'));
  const given = part(part(node, 'ArgumentList'), 'Expressions').items;
  const binding = scope.names.get(name)?.();
  if (binding?.kind === 'function') {
    const inner = callScope(binding, given, scope);
    return evaluate(part(part(binding.declaration, 'Body'), 'Expression'), inner);
  }
  if (Object.hasOwn(aggregates, name) && scope.group !== undefined) return aggregate(name, given, scope, scope.group);
  switch (name) {
    case 'now':
      return given.length === 0 ? scope.now : add(scope.now, evaluate(given[0]!, scope));
    case 'ago':
      return subtract(scope.now, evaluate(given[0]!, scope));
    case 'ingestion_time':
      return scope.row?.[ingestionTime] ?? null;
    case 'column_ifexists':
      return ifExists(given, scope);
  }
  if (!Object.hasOwn(scalarFunctions, name)) {
    throw new KustoError(`the evaluator does not know the function ${name}`, { where: node.text.slice(0, 80) });
  }
  const values = given.map((argument) => ({ value: evaluate(argument, scope), type: argument.type ?? 'dynamic' }));
  return scalarFunctions[name]!(values);
}

function ifExists(given: readonly Syntax[], scope: Scope): Value {
  const name = given[0]?.literal ?? '';
  return scope.row !== undefined && Object.hasOwn(scope.row, name)
    ? (scope.row[name] ?? null)
    : evaluate(given[1]!, scope);
}

function aggregate(name: string, given: readonly Syntax[], scope: Scope, group: readonly Row[]): Value {
  const { perRow, compute } = aggregates[name]!;
  const outside = { ...scope, group: undefined };
  const varying = given.slice(0, perRow).map((argument) => group.map((row) => evaluate(argument, withRow(scope, row))));
  const fixed = given.slice(perRow).map((argument) => evaluate(argument, outside));
  return compute(varying, fixed, group.length);
}

/** Where the body of a function is evaluated: its own names and its parameters, none of the caller's. */
export function callScope(
  { declaration, scope }: { readonly declaration: Syntax; readonly scope: Scope },
  given: readonly Syntax[],
  caller: Scope,
): Scope {
  const parameters = part(part(declaration, 'Parameters'), 'Parameters').items;
  const named = new Map(
    given
      .filter(({ kind }) => kind === 'SimpleNamedExpression')
      .map((argument) => [nameOf(part(argument, 'Name')), part(argument, 'Expression')]),
  );
  const withParameters = parameters.reduce((inner, parameter, index) => {
    const declared = part(parameter, 'NameAndType');
    const name = nameOf(part(declared, 'Name'));
    const positional = given[index]?.kind === 'SimpleNamedExpression' ? undefined : given[index];
    const argument = named.get(name) ?? positional;
    const type = part(declared, 'Name').type;
    return withName(inner, name, () => {
      if (argument?.columns !== undefined) return { kind: 'table', table: caller.runTable(argument, caller) };
      const value =
        argument === undefined
          ? evaluate(part(part(parameter, 'DefaultValue'), 'Value'), scope)
          : evaluate(argument, caller);
      return { kind: 'value', value: type === undefined || type === 'string' ? value : convertTo(value, type) };
    });
  }, scope);
  return letStatements(part(part(declaration, 'Body'), 'Statements').items, withParameters);
}

/** The scope after these let statements; each is evaluated only when something asks for it. */
export function letStatements(statements: readonly Syntax[], scope: Scope): Scope {
  return statements.reduce((inner, statement) => {
    if (statement.kind !== 'LetStatement') return unknown(statement);
    const expression = part(statement, 'Expression');
    return withName(inner, nameOf(part(statement, 'Name')), () => {
      if (expression.kind === 'FunctionDeclaration') return { kind: 'function', declaration: expression, scope: inner };
      return expression.columns === undefined
        ? { kind: 'value', value: evaluate(expression, inner) }
        : { kind: 'table', table: inner.runTable(expression, inner) };
    });
  }, scope);
}
