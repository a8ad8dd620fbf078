#!/usr/bin/env node
/** The `sluice` command: the process around `runProgram`. */
import { runProgram } from './program.ts';
import { flushTerminal, openTerminal } from './terminal.ts';

// npm runs scripts in the project's folder and says where it was called.
const { npm_lifecycle_event: script, INIT_CWD: callersFolder } = process.env;
if (script === 'sluice' && callersFolder !== undefined) process.chdir(callersFolder);

const status = await runProgram(process.argv.slice(2), openTerminal(), process.env);
await flushTerminal();
// Standard input may still be open, and must not hold the program.
process.exit(status);
