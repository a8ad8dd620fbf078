/** Statistics and arithmetic. */
import type { Module } from '../module.ts';
import { mathFunctions } from './functions.ts';
import { mathSchema } from './schema.ts';

export const mathModule: Module = { schema: mathSchema, functions: mathFunctions };
