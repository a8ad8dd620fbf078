/** The context of an example or of a question on the command line, as the values that a filter is asked about. */
import type { FieldValue, FieldValues } from './evaluate.ts';
import { fieldOf } from './fields.ts';

/** What is wrong with one entry: the field is unknown, or the value is not of its type. */
export interface ContextFault {
  readonly field: string;
  readonly message: string;
}

/** Faulty entries are left out of the values. */
export function contextOf(entries: Readonly<Record<string, FieldValue>>): {
  readonly values: FieldValues;
  readonly faults: readonly ContextFault[];
} {
  const values = new Map<string, FieldValue>();
  const faults: ContextFault[] = [];
  for (const [field, value] of Object.entries(entries)) {
    const type = fieldOf(field)?.type;
    const given = Array.isArray(value) ? 'list' : typeof value === 'number' ? 'number' : 'text';
    if (type === undefined) faults.push({ field, message: `there is no field ${field}` });
    else if (type !== given) faults.push({ field, message: `${field} is a ${type}, not a ${given}` });
    else values.set(field, value);
  }
  return { values, faults };
}
