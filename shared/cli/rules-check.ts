/** `sluice rules check`: compiles rules and tells everything that the compiler has to say about them. */
import type { Diagnostic } from '../yara/index.ts';
import { RuleCompileError } from '../yara/index.ts';
import { chooseRules } from './choose-rules.ts';
import type { Definition } from './definitions.ts';
import { exitStatus } from './exit-status.ts';
import { counted } from './print-scan.ts';
import type { Terminal } from './terminal.ts';

export interface CheckArguments {
  readonly places: readonly string[];
  readonly define: readonly Definition[];
  /** Warnings count as errors. */
  readonly strict: boolean;
}

export async function runRulesCheck({ places, define, strict }: CheckArguments, terminal: Terminal): Promise<number> {
  try {
    const { rules, files, from } = await chooseRules(places, define);
    const said = [...rules.skipped, ...rules.warnings];
    if (said.length > 0) await terminal.out(`${renderDiagnostics(said)}\n`);
    const origin = files === undefined ? from : counted(files.length, 'file');
    await terminal.out(`${counted(rules.rules.length, 'rule')} in ${origin}: ${countDiagnostics(said)}`);
    return strict && said.length > 0 ? exitStatus.usage : exitStatus.clean;
  } catch (error) {
    if (!(error instanceof RuleCompileError)) throw error;
    await terminal.out(renderDiagnostics(error.diagnostics));
    await terminal.out(`\n${countDiagnostics(error.diagnostics)}`);
    return exitStatus.usage;
  }
}

/** What the compiler said, as a person reads it, an empty line between any two. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(({ rendered }) => rendered).join('\n\n');
}

/** Such as `2 errors, 1 warning`. */
export function countDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  return `${counted(errors, 'error')}, ${counted(diagnostics.length - errors, 'warning')}`;
}
