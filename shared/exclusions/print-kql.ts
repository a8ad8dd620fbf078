/**
 * Exclusions as lines of KQL that take the same findings, or the same events, out of a query. Two tables are known: our own
 * findings, and the network events of Microsoft Defender for Endpoint, which name processes. A field that a table has no
 * column for is missing there, and a missing field is unequal to every value: a comparison with it becomes true or false, and
 * an exclusion that could then never hold is left out.
 *
 * In KQL a text column is never null, but a number may be: comparisons with it are guarded, so that `not` of one says the
 * same as it does here. `matches` is told apart in one way only: KQL reads characters where our engine reads bytes, so a dot
 * is one character there and one byte here.
 */
import { evaluate } from './evaluate.ts';
import type { Decision, Exclusion, ExclusionFile } from './exclusion-file.ts';
import { coversRule, firstMomentAfter } from './exclusion-set.ts';
import type { KqlTable } from './fields.ts';
import { columnOf, fieldOf } from './fields.ts';
import type { Comparison, Filter, RegexLiteral } from './filter-ast.ts';

/** Rules of one name, of whatever namespace unless one is given. */
export interface RuleName {
  readonly rule: string;
  readonly namespace?: string | undefined;
}

/**
 * The clauses of every exclusion that covers the rule, as lines `| where …` with a comment line in front of each; empty
 * where none of them can hold in the table. The rule is its name, or `namespace:name`. Says the same on every day: what
 * expires carries its date.
 */
export function exclusionClauses(
  files: readonly Pick<ExclusionFile, 'exclusion'>[],
  rule: string,
  table: KqlTable = 'DeviceNetworkEvents',
): string {
  const colon = rule.indexOf(':');
  const named = { rule: rule.slice(colon + 1), namespace: colon < 0 ? undefined : rule.slice(0, colon) };
  return files
    .map(({ exclusion }) => exclusion)
    .filter((exclusion) => coversNamed(exclusion, named))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap((exclusion) => clauseOf(exclusion, table, named) ?? [])
    .join('\n');
}

/** One exclusion's clause with its comment; undefined where it can never hold in the table. */
export function clauseOf(exclusion: Exclusion, table: KqlTable, rule?: RuleName): string | undefined {
  const condition = excludedWhen(exclusion.decision, table, rule);
  if (condition === false) return undefined;
  const { id, title, expiry } = exclusion;
  const held = condition === true ? 'true' : condition;
  const whole = expiry === undefined ? held : `now() < datetime(${dateOf(expiry)}) and ${parenthesised(held)}`;
  return `// Exclusion ${id}: ${title}\n| where ${negate(whole)}`;
}

/** The condition under which a row is set aside; a boolean where the table decides it. */
export function excludedWhen(decision: Decision, table: KqlTable, rule?: RuleName): Condition {
  if (decision.kind === 'sha256') {
    const column = columnOf('object.sha256', table);
    return column !== undefined && `${column} in~ (${[...decision.hashes].map(kqlText).join(', ')})`;
  }
  const condition = new ConditionPrinter(table, rule).print(decision.filter);
  return decision.kind === 'filter' ? negate(condition) : condition;
}

/** Text of KQL, or what it always comes to. */
export type Condition = string | boolean;

class ConditionPrinter {
  readonly #table: KqlTable;
  readonly #known: ReadonlyMap<string, string>;

  constructor(table: KqlTable, rule: RuleName | undefined) {
    this.#table = table;
    const known: [string, string | undefined][] = [
      ['rule.name', rule?.rule],
      ['rule.namespace', rule?.namespace],
    ];
    this.#known = new Map(known.filter((entry): entry is [string, string] => entry[1] !== undefined));
  }

  print(filter: Filter): Condition {
    switch (filter.kind) {
      case 'comparison':
        return this.#comparison(filter);
      case 'not':
        return negate(this.print(filter.operand));
      case 'and':
      case 'or':
        return join(
          filter.kind,
          filter.operands.map((operand) => this.print(operand)),
        );
    }
  }

  #comparison(comparison: Comparison): Condition {
    const { field } = comparison;
    if (this.#known.has(field)) return evaluate(comparison, this.#known);
    const column = columnOf(field, this.#table);
    if (column === undefined) return evaluate(comparison, new Map());
    switch (fieldOf(field)!.type) {
      case 'text':
        return textCondition(column, comparison);
      case 'number':
        return numberCondition(column, comparison);
      case 'list':
        return listCondition(column, comparison);
    }
  }
}

const plainOperators = {
  '==': ['=~', '=='],
  '!=': ['!~', '!='],
  in: ['in~', 'in'],
  startswith: ['startswith', 'startswith_cs'],
  endswith: ['endswith', 'endswith_cs'],
  contains: ['contains', 'contains_cs'],
} as const;

function textCondition(column: string, { operator, values, isCased }: Comparison): string {
  if (operator === 'matches') return regexCondition(column, values[0] as RegexLiteral, isCased);
  const pair = plainOperators[operator as keyof typeof plainOperators];
  const texts = values.map((value) => kqlText(value.kind === 'text' ? value.text : ''));
  return `${column} ${pair[isCased ? 1 : 0]} ${operator === 'in' ? `(${texts.join(', ')})` : texts[0]!}`;
}

/** A regex that fits the empty text would fit a field that is missing. */
function regexCondition(column: string, { source, dotAll, regex }: RegexLiteral, isCased: boolean): string {
  const flags = `${isCased ? '' : 'i'}${dotAll ? 's' : ''}`;
  const asked = `${column} matches regex ${kqlText(flags === '' ? source : `(?${flags})${source}`)}`;
  return regex.isIn('') ? `(isnotempty(${column}) and ${asked})` : asked;
}

function numberCondition(column: string, { operator, values }: Comparison): string {
  const numbers = values.map((value) => (value.kind === 'number' ? `${value.number}` : '0'));
  if (operator === '!=') return `(isnull(${column}) or ${column} != ${numbers[0]!})`;
  const asked = operator === 'in' ? `${column} in (${numbers.join(', ')})` : `${column} ${operator} ${numbers[0]!}`;
  return `(isnotnull(${column}) and ${asked})`;
}

/**
 * A tag is an identifier, so in the JSON of the array it stands between quotes and nowhere else; what is no part of an
 * identifier is in no tag.
 */
function listCondition(column: string, { operator, values, isCased }: Comparison): Condition {
  const contains = isCased ? 'contains_cs' : 'contains';
  const found = values.map((value): Condition => {
    const text = value.kind === 'text' ? value.text : '';
    if (!/^\w+$/.test(text)) return false;
    const before = operator === 'endswith' || operator === 'contains' ? '' : '"';
    const after = operator === 'startswith' || operator === 'contains' ? '' : '"';
    return `tostring(${column}) ${contains} ${kqlText(before + text + after)}`;
  });
  const any = join('or', found);
  return operator === '!=' ? negate(any) : any;
}

function negate(condition: string): string;
function negate(condition: Condition): Condition;
function negate(condition: Condition): Condition {
  if (typeof condition === 'boolean') return !condition;
  return condition.startsWith('not(') && isOneCall(condition) ? condition.slice(4, -1) : `not(${condition})`;
}

function join(kind: 'and' | 'or', conditions: readonly Condition[]): Condition {
  const absorbing = kind === 'or';
  if (conditions.includes(absorbing)) return absorbing;
  const texts = conditions.filter((condition) => typeof condition === 'string');
  if (texts.length === 0) return !absorbing;
  return texts.length === 1 ? texts[0]! : texts.map(parenthesised).join(` ${kind} `);
}

/** Whoever reads a mixture of `and` and `or` should not have to know which binds closer. */
function parenthesised(text: string): string {
  return / (and|or) /.test(withoutTexts(text)) && !isOneCall(text) ? `(${text})` : text;
}

function withoutTexts(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
}

/** Whether the text is wholly inside one pair of parentheses, perhaps behind `not`. */
function isOneCall(text: string): boolean {
  const bare = withoutTexts(text);
  if (!/^(not)?\(/.test(bare)) return false;
  let depth = 0;
  for (let at = 0; at < bare.length; at++) {
    if (bare[at] === '(') depth++;
    if (bare[at] === ')' && --depth === 0) return at === bare.length - 1;
  }
  return false;
}

/** A text literal of KQL. */
export function kqlText(text: string): string {
  const escaped = text.replaceAll(/[\\"\p{Cc}\u2028\u2029]/gu, (character) => {
    if (character === '\\' || character === '"') return `\\${character}`;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}

function dateOf(expiry: string): string {
  return firstMomentAfter(expiry).toISOString().slice(0, 10);
}

/** Without a namespace an exclusion counts that covers the rule in any. */
function coversNamed({ rules }: Exclusion, { rule, namespace }: RuleName): boolean {
  return namespace === undefined
    ? rules.some((pattern) => coversRule({ rules: [pattern] }, { rule, namespace: pattern.split(':')[0]! }))
    : coversRule({ rules }, { rule, namespace });
}
