/** Text as numbers. */
import type { Module } from '../module.ts';
import { stringFunctions } from './functions.ts';
import { stringSchema } from './schema.ts';

export const stringModule: Module = { schema: stringSchema, functions: stringFunctions };
