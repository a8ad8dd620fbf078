/** Lines for whoever listens to the scan. */
import type { Module } from '../module.ts';
import { consoleFunctions } from './functions.ts';
import { consoleSchema } from './schema.ts';

export const consoleModule: Module = { schema: consoleSchema, functions: consoleFunctions };
