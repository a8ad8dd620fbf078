/**
 * Executables and libraries of Windows. To add fields: their names and types to `schema.ts`, their values to `file.ts`,
 * functions over them to `functions.ts`; what another module needs of the file is in `image.ts`.
 */
import type { Module } from '../module.ts';
import { PeFile } from './file.ts';
import { peFunctions } from './functions.ts';
import { peSchema } from './schema.ts';
import { signaturesFunctions } from './signatures-functions.ts';

export const peModule: Module = {
  schema: peSchema,
  functions: { ...peFunctions, ...signaturesFunctions },
  open: (object) => new PeFile(object),
};
