/** Programs and libraries of .NET, which are PE files with metadata of their own. */
import type { Module } from '../module.ts';
import { DotnetFile } from './file.ts';
import { dotnetSchema } from './schema.ts';

export const dotnetModule: Module = {
  schema: dotnetSchema,
  functions: {},
  open: (object) => new DotnetFile(object),
};
