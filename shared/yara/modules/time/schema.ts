/** `time`: the clock. */
import type { StructureSchema } from '../schema.ts';

export const timeSchema: StructureSchema = {
  kind: 'structure',
  name: 'time',
  functions: { now: [{ parameters: [], result: 'integer' }] },
};
