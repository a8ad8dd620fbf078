/** The command line: which commands and options there are, and which exit status an error stands for. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { describeError } from '../base/describe-error.ts';
import { SluiceError } from '../base/errors.ts';
import { printable } from '../base/redact.ts';
import { parseDuration } from '../base/settings.ts';
import { ExclusionsInvalidError } from '../exclusions/read-folder.ts';
import { PoliciesInvalidError } from '../scanner/rule-companions.ts';
import { appRoot } from '../scanner/rule-set.ts';
import { ENGINE_VERSION, RuleCompileError } from '../yara/index.ts';
import type { Definition } from './definitions.ts';
import { parseDefinition } from './definitions.ts';
import { addExclusions, addPolicies } from './content-commands.ts';
import { exitStatus } from './exit-status.ts';
import type { ProfileArguments } from './profile-command.ts';
import { runProfile } from './profile-command.ts';
import type { BuildArguments } from './rules-build.ts';
import { runRulesBuild } from './rules-build.ts';
import { countDiagnostics, renderDiagnostics, runRulesCheck } from './rules-check.ts';
import { runRulesList } from './rules-list.ts';
import { runRulesSign } from './rules-sign.ts';
import { runScan } from './scan-command.ts';
import type { Environment, ReplayArguments, RescanArguments } from './service-commands.ts';
import { runReplay, runRescan } from './service-commands.ts';
import type { Terminal } from './terminal.ts';
import { Interrupted, OutputClosed } from './terminal.ts';

/** More would only wait for each other. */
const MAX_THREADS = 64;
const MAX_COUNT = 100_000;
/** The longest that a timer can wait, about 24 days. */
const MAX_TIMEOUT_IN_MS = 2 ** 31 - 1;
const RULES_OPTION = [
  '--rules <path>',
  'a .yar or .yara file, a folder of them, or a compiled bundle; repeatable (default: the rules of the project)',
  collect,
] as const;
const DEFINE_OPTION = ['--define <name=value>', 'value of an external; repeatable', collectDefinition] as const;

/** Runs one command and resolves with the exit status. Errors are told on standard error. */
export async function runProgram(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment = {},
): Promise<number> {
  let status: number = exitStatus.clean;
  const program = createProgram(terminal, environment, (ended) => {
    status = ended;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    return tellError(error, terminal);
  }
}

function createProgram(terminal: Terminal, environment: Environment, setStatus: (status: number) => void): Command {
  const program = new Command('sluice')
    .description('Scans files with YARA rules while they stream, in constant memory.')
    .version(versions(), '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.out(text.trimEnd()),
      writeErr: (text) => {
        terminal.err(text.trimEnd());
      },
    })
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', examples)
    .addHelpText('after', statuses);
  addScan(program, terminal, setStatus);
  addProfile(program, terminal, setStatus);
  addRules(program, terminal, setStatus);
  addExclusions(program, terminal, setStatus);
  addPolicies(program, terminal, setStatus);
  addService(program, { terminal, environment, setStatus });
  return program;
}

function addScan(program: Command, terminal: Terminal, setStatus: (status: number) => void): void {
  program
    .command('scan')
    .description('scan files, folders, or standard input')
    .argument('<path...>', 'a file, a folder with all that is below it, or - for standard input')
    .option(...RULES_OPTION, [])
    .option('--json', 'one JSON object for each file, on a line', false)
    .option(...DEFINE_OPTION, [])
    .option('--tag <tag>', 'only rules with this tag; repeatable', collect, [])
    .option('--print-strings', 'show what matched, and where', false)
    .option('--threads <n>', 'how many files to scan side by side', parseThreads, 1)
    .option('--timeout <duration>', 'give up on a file after this time, such as 500ms, 30s, 5m', parseTimeout)
    .addHelpText('after', statuses)
    .action(async (places: string[], options: ScanOptions) => {
      setStatus(await runScan({ ...options, places, timeoutInMs: options.timeout }, terminal));
    });
}

interface ScanOptions {
  readonly rules: string[];
  readonly json: boolean;
  readonly define: Definition[];
  readonly tag: string[];
  readonly printStrings: boolean;
  readonly threads: number;
  readonly timeout?: number;
}

function addProfile(program: Command, terminal: Terminal, setStatus: (status: number) => void): void {
  program
    .command('profile')
    .description('scan one file and show what each rule and pattern takes, the costliest first')
    .argument('<file>', 'the file to scan')
    .option(...RULES_OPTION, [])
    .option('--json', 'one JSON object for each row, on a line', false)
    .option('--top <n>', 'how many rows to show', parseCount, 20)
    .option(...DEFINE_OPTION, [])
    .action(async (file: string, options: Omit<ProfileArguments, 'file'>) => {
      setStatus(await runProfile({ ...options, file }, terminal));
    });
}

function addRules(program: Command, terminal: Terminal, setStatus: (status: number) => void): void {
  const rules = program.command('rules').description('look at rules, check them, compile them');
  rules
    .command('list')
    .description('what each rule is about, what it looks for, what it needs')
    .option(...RULES_OPTION, [])
    .option('--json', 'one JSON object for each rule, on a line', false)
    .option(...DEFINE_OPTION, [])
    .action(async (options: { rules: string[]; json: boolean; define: Definition[] }) => {
      setStatus(await runRulesList(options, terminal));
    });
  rules
    .command('check')
    .description('compile rules and show every error and warning')
    .argument('[path...]', 'rule files, folders or a bundle (default: the rules of the project)')
    .option('--strict', 'take warnings for errors', false)
    .option(...DEFINE_OPTION, [])
    .action(async (places: string[], options: { strict: boolean; define: Definition[] }) => {
      setStatus(await runRulesCheck({ ...options, places }, terminal));
    });
  rules
    .command('build')
    .description('compile a folder of rules into one bundle')
    .option('--rules <path>', 'a folder or a file (default: the rules of the project)')
    .option('--out <file>', 'where the bundle goes (default: dist/rules.sluice of the project)')
    .option('--release <file>', 'also write a release: rules, exclusions and policies as one file, to be published')
    .option('--key <file>', 'sign the release with this Ed25519 private key (PEM)')
    .option(...DEFINE_OPTION, [])
    .action(async (options: Partial<BuildArguments> & Pick<BuildArguments, 'define'>) => {
      setStatus(await runRulesBuild({ rules: undefined, out: undefined, ...options }, terminal));
    });
  rules
    .command('sign')
    .description('sign a release, for scanners that are told to trust the key')
    .argument('<release>', 'a file that sluice rules build --release wrote; it is replaced')
    .requiredOption('--key <file>', 'an Ed25519 private key (PEM)')
    .action(async (release: string, { key }: { key: string }) => {
      setStatus(await runRulesSign({ release, key }, terminal));
    });
}

interface ServiceContext {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly setStatus: (status: number) => void;
}

/** Commands for a scanner that is deployed. */
function addService(program: Command, { terminal, environment, setStatus }: ServiceContext): void {
  program
    .command('replay')
    .description('of a deployed scanner: try again what failed five times, was not delivered, or not done')
    .option('--limit <n>', 'put back at most so many', parseCount, 10_000)
    .option('--per-minute <n>', 'how many appear in the queue in a minute', parseCount, 600)
    .addHelpText('after', serviceSettings)
    .action(async (options: ReplayArguments) => {
      setStatus(await runReplay(options, environment, terminal));
    });
  program
    .command('rescan')
    .description('of a deployed scanner: scan objects that exist, those not scanned with its present rules')
    .option('--account <name>', 'the watched account to go through')
    .option('--container <name>', 'only this container')
    .option('--prefix <text>', 'only objects whose names begin so')
    .option('--since <time>', 'only objects written since, such as 2026-11-24 or 2026-11-24T12:00:00Z', parseTime)
    .option('--until <time>', 'only objects written before', parseTime)
    .option('--unrecorded', 'only objects that were never scanned, with whatever rules', false)
    .option('--per-minute <n>', 'how many scans to ask for in a minute', parseCount, 600)
    .option('--status <id>', 'say how far a rescan is')
    .option('--stop <id>', 'have a rescan stop')
    .option('--resume <id>', 'have a stopped rescan go on')
    .addHelpText('after', serviceSettings)
    .action(async (options: RescanArguments) => {
      setStatus(await runRescan(options, environment, terminal));
    });
}

function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}

function collectDefinition(value: string, earlier: readonly Definition[]): Definition[] {
  return [...earlier, parseDefinition(value)];
}

function parseThreads(text: string): number {
  const threads = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (threads >= 1 && threads <= MAX_THREADS) return threads;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MAX_THREADS}.`);
}

function parseCount(text: string): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_COUNT) return count;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MAX_COUNT}.`);
}

function parseTime(text: string): string {
  const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (!Number.isNaN(time.getTime())) return time.toISOString();
  throw new InvalidArgumentError('It must be a date such as 2026-11-24, or a time such as 2026-11-24T12:00:00Z.');
}

function parseTimeout(text: string): number {
  const duration = parseDuration(text);
  if (duration !== undefined && duration > 0 && duration <= MAX_TIMEOUT_IN_MS) return duration;
  throw new InvalidArgumentError('It must be a duration such as 500ms, 30s or 5m, at most 24 days.');
}

function tellError(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.clean : exitStatus.usage;
  if (error instanceof Interrupted) return error.status;
  if (error instanceof OutputClosed) return exitStatus.clean;
  if (error instanceof RuleCompileError) {
    terminal.err(renderDiagnostics(error.diagnostics));
    terminal.err(`\n${countDiagnostics(error.diagnostics)}`);
    return exitStatus.usage;
  }
  if (error instanceof ExclusionsInvalidError || error instanceof PoliciesInvalidError) {
    // Each fault stands on lines of its own, and everything invisible in it has been made visible.
    for (const { rendered } of error.remarks) terminal.err(`${rendered}\n`);
    if (error.remarks.length > 0) return exitStatus.usage;
  }
  if (error instanceof SluiceError) {
    terminal.err(`error: ${printable(error.message, MAX_MESSAGE)}`);
    if (error.hint !== undefined) terminal.err(`  ${printable(error.hint, MAX_MESSAGE)}`);
    return exitStatus.usage;
  }
  // A bug: never 0, which would mean clean, nor 1, which would mean a match.
  terminal.err(`error: ${JSON.stringify(describeError(error), null, 2)}`);
  return exitStatus.incomplete;
}

const MAX_MESSAGE = 4_000;

function versions(): string {
  const { version } = JSON.parse(readFileSync(path.join(appRoot(), 'package.json'), 'utf8')) as { version: string };
  return `sluice ${version} (engine ${ENGINE_VERSION})`;
}

const examples = `
Examples:
  sluice scan suspicious.bin                         with the rules of the project
  sluice scan --print-strings --rules my.yar ~/mail  every file of a folder, with what matched
  cat image.raw | sluice scan --json -               standard input
  sluice scan --define environment=lab --tag apt .   only rules with a tag
  sluice rules check my.yar                          every error and warning, with its place
  sluice rules build --rules my-rules --out my.sluice
  sluice exclusions check                            what is to be said of the exclusions
  sluice exclusions whatif my.yaml --rows rows.jsonl what an exclusion would have set aside
  sluice policies explain https://…/container/name   whether an object is scanned, and why`;

const serviceSettings = `
The scanner is named by the settings SLUICE_STATE__tableServiceUri, SLUICE_STATE__blobServiceUri, SLUICE_STATE__queueServiceUri and
SLUICE_QUEUE, as the app has them. Whoever runs this needs Storage Queue Data Contributor and Storage Blob Data Contributor there.`;

const statuses = `
Exit status:
  0  everything was wholly scanned and nothing matched
  1  something matched
  2  wrong usage, or rules that cannot be used
  3  something could not be wholly scanned, and nothing matched`;
