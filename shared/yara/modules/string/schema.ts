/** `string`: text as numbers. */
import type { StructureSchema } from '../schema.ts';

export const stringSchema: StructureSchema = {
  kind: 'structure',
  name: 'string',
  functions: {
    to_int: [
      { parameters: ['text', 'integer'], result: 'integer' },
      { parameters: ['text'], result: 'integer' },
    ],
    length: [{ parameters: ['text'], result: 'integer' }],
  },
};
