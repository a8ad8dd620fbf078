/** One scan has one time, so that a condition gives the same answer however often it is evaluated. */
import type { Implementation } from '../module.ts';

export const timeFunctions: Readonly<Record<string, Implementation>> = {
  'time.now()': (context) => context.now,
};
