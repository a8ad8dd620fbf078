/**
 * Whether a filter is true of what is known. Two-valued: a field that is missing or empty is unequal to every value, so `!=`
 * is true of it and every other comparison false. Case does not matter unless the comparison says `cased:`.
 */
import type { Comparison, Filter, RegexLiteral, TextValue } from './filter-ast.ts';

export type FieldValue = string | number | readonly string[];

/** By name of the field; what is not in it is missing, and so is an empty text or list. */
export type FieldValues = ReadonlyMap<string, FieldValue>;

/** O(length of the filter × length of the values). */
export function evaluate(filter: Filter, values: FieldValues): boolean {
  switch (filter.kind) {
    case 'comparison':
      return compare(filter, values.get(filter.field));
    case 'not':
      return !evaluate(filter.operand, values);
    case 'and':
      return filter.operands.every((operand) => evaluate(operand, values));
    case 'or':
      return filter.operands.some((operand) => evaluate(operand, values));
  }
}

/** One comparison with the value of its field; of a list it asks whether an entry fits. */
export function compare(comparison: Comparison, value: FieldValue | undefined): boolean {
  if (comparison.operator === '!=') return !compare({ ...comparison, operator: '==' }, value);
  if (value === undefined) return false;
  if (typeof value === 'number') return compareNumber(comparison, value);
  const texts = typeof value === 'string' ? [value] : value;
  return texts.some((text) => text !== '' && compareText(comparison, text));
}

/**
 * Text with upper and lower case made one, character by character: only pairs of single characters that lead to each other
 * and back. `ß`, `ı` or the sign for kelvin stay what they are, as in the comparisons of KQL.
 */
export function foldCase(text: string): string {
  let folded = '';
  for (const character of text) folded += foldCharacter(character);
  return folded;
}

function foldCharacter(character: string): string {
  const lower = character.toLowerCase();
  return lower.length === 1 && lower.toUpperCase() === character ? lower : character;
}

function compareNumber({ operator, values }: Comparison, number: number): boolean {
  return values.some((value) => {
    if (value.kind !== 'number') return false;
    switch (operator) {
      case '<':
        return number < value.number;
      case '<=':
        return number <= value.number;
      case '>':
        return number > value.number;
      case '>=':
        return number >= value.number;
      default:
        return number === value.number;
    }
  });
}

function compareText({ operator, values, isCased }: Comparison, text: string): boolean {
  const fold = (cased: string): string => (isCased ? cased : foldCase(cased));
  if (operator === 'matches') return values.some((value) => (value as RegexLiteral).regex.isIn(text));
  const asked = fold(text);
  return values.some((value) => {
    const part = fold((value as TextValue).text);
    switch (operator) {
      case 'startswith':
        return asked.startsWith(part);
      case 'endswith':
        return asked.endsWith(part);
      case 'contains':
        return asked.includes(part);
      default:
        return asked === part;
    }
  });
}
