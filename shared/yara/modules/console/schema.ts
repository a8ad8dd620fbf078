/** `console`: lines for whoever listens to the scan. Every call is true. */
import type { FunctionSchema, ParameterSchema, StructureSchema } from '../schema.ts';

export const consoleSchema: StructureSchema = {
  kind: 'structure',
  name: 'console',
  functions: {
    log: [
      line('boolean'),
      line('float'),
      line('integer'),
      line('text', 'boolean'),
      line('text', 'float'),
      line('text', 'integer'),
      { ...line('text', 'integer', 'integer'), readsObject: true },
      line('text', 'text'),
      { ...line('integer', 'integer'), readsObject: true },
      line('text'),
    ],
    hex: [line('integer'), line('text', 'integer')],
  },
};

function line(...parameters: readonly ParameterSchema[]): FunctionSchema {
  return { parameters, result: 'boolean', hasEffect: true };
}
