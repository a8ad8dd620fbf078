/** A filter that must be sound, for tests of what comes after the parser. */
import type { FieldValue } from '../../../../shared/exclusions/evaluate.ts';
import { evaluate } from '../../../../shared/exclusions/evaluate.ts';
import type { Filter } from '../../../../shared/exclusions/filter-ast.ts';
import { parseFilter } from '../../../../shared/exclusions/parser.ts';

export function filterOf(text: string): Filter {
  const { filter, faults } = parseFilter(text);
  if (filter === undefined) throw new Error(`${text}: ${faults.map(({ message }) => message).join('; ')}`);
  return filter;
}

export function isTrue(text: string, values: Readonly<Record<string, FieldValue>>): boolean {
  return evaluate(filterOf(text), new Map(Object.entries(values)));
}
