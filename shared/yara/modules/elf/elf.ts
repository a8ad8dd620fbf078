/** Executables, libraries and object files of Linux and most of its kin. */
import type { Module } from '../module.ts';
import { elfFunctions } from './functions.ts';
import { ElfFile } from './parser.ts';
import { elfSchema } from './schema.ts';

export const elfModule: Module = {
  schema: elfSchema,
  functions: elfFunctions,
  open: (object) => new ElfFile(object),
};
