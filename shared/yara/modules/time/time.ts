/** The clock. */
import type { Module } from '../module.ts';
import { timeFunctions } from './functions.ts';
import { timeSchema } from './schema.ts';

export const timeModule: Module = { schema: timeSchema, functions: timeFunctions };
