/** A filter as text, in one way of writing it: parsing the result gives the same tree again. */
import type { Comparison, Filter, Value } from './filter-ast.ts';
import { fieldFamilies } from './fields.ts';

export function printFilter(filter: Filter): string {
  return print(filter, 0);
}

/** How close each kind binds; what binds less closely than its surroundings stands in parentheses. */
const closeness = { or: 1, and: 2, not: 3, comparison: 4 } as const;

function print(filter: Filter, around: number): string {
  const text = printBare(filter);
  return closeness[filter.kind] < around ? `(${text})` : text;
}

function printBare(filter: Filter): string {
  switch (filter.kind) {
    case 'comparison':
      return printComparison(filter);
    case 'not':
      return `not ${print(filter.operand, closeness.not)}`;
    case 'and':
    case 'or':
      // A chain inside a chain of its own kind was in parentheses, and stays there.
      return filter.operands.map((operand) => print(operand, closeness[filter.kind] + 1)).join(` ${filter.kind} `);
  }
}

function printComparison({ field, operator, values, isCased }: Comparison): string {
  const printed = values.map((value) => printValue(value)).join(', ');
  return `${printField(field)} ${operator} ${isCased ? 'cased:' : ''}${operator === 'in' ? `(${printed})` : printed}`;
}

function printField(name: string): string {
  const family = fieldFamilies.find((prefix) => name.startsWith(`${prefix}.`));
  if (family === undefined || /^(\.[A-Za-z0-9_-]+)+$/.test(name.slice(family.length))) return name;
  return `${family}[${printText(name.slice(family.length + 1))}]`;
}

function printValue(value: Value): string {
  switch (value.kind) {
    case 'text':
      return printText(value.text);
    case 'number':
      return String(value.number);
    case 'regex':
      return `/${value.source}/${value.dotAll ? 's' : ''}`;
  }
}

/** A text between double quotes. */
export function printText(text: string): string {
  const escaped = text.replaceAll(/[\\"\n\r\t]/g, (character) => {
    return { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character] ?? `\\${character}`;
  });
  return `"${escaped}"`;
}
