/** What the program tells the shell, and the error that means a wrong use of it. */
import { SluiceError } from '../base/errors.ts';

export const exitStatus = {
  /** Everything was wholly scanned and nothing matched; for other commands: all went well. */
  clean: 0,
  match: 1,
  /** Wrong usage, or rules that cannot be used. */
  usage: 2,
  /** Something could not be wholly scanned and nothing matched, or the program itself failed. */
  incomplete: 3,
  interrupted: 130,
} as const;

/** The command line asks for something that cannot be done. Code `USAGE`. */
export class UsageError extends SluiceError {
  readonly code = 'USAGE';
}
