/** Digests and checksums. */
import type { Module } from '../module.ts';
import { hashFunctions } from './functions.ts';
import { hashSchema } from './schema.ts';

export const hashModule: Module = { schema: hashSchema, functions: hashFunctions };
