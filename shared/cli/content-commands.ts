/** The commands about what stands beside the rules: `sluice exclusions …` and `sluice policies …`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { KqlTable } from '../exclusions/fields.ts';
import { kqlTables } from '../exclusions/fields.ts';
import { ageInMs, sizeInBytes } from '../scanner/policy-file.ts';
import { runExclusionsCheck, runExclusionsTest } from './exclusions-check.ts';
import { runExclusionsExplain, runExclusionsKql } from './exclusions-explain.ts';
import { runExclusionsWhatIf } from './exclusions-whatif.ts';
import { runPoliciesExplain } from './policies-explain.ts';
import type { Terminal } from './terminal.ts';

type SetStatus = (status: number) => void;

const PLACES = ['[path...]', 'files of exclusions, or folders of them (default: those of the project)'] as const;

export function addExclusions(program: Command, terminal: Terminal, setStatus: SetStatus): void {
  const exclusions = program.command('exclusions').description('check exclusions, explain them, try them');
  exclusions
    .command('check')
    .description('show every error, warning and note about exclusions')
    .argument(...PLACES)
    .option(
      '--rules <path>',
      'rules whose names are known; repeatable (default: the rules of the project)',
      collect,
      [],
    )
    .option('--rows <file>', 'findings of the past as JSON lines, to note exclusions that were never needed')
    .addHelpText('after', checkStatuses)
    .action(async (places: string[], { rules, rows }: { rules: string[]; rows?: string }) => {
      setStatus(await runExclusionsCheck({ places, rules, rows }, terminal));
    });
  exclusions
    .command('test')
    .description('try the examples of each exclusion; status 1 when one comes out otherwise than its file says')
    .argument(...PLACES)
    .action(async (places: string[]) => {
      setStatus(await runExclusionsTest(places, terminal));
    });
  exclusions
    .command('explain')
    .description('say what exclusions do, what they rest on, and for how long')
    .argument('[path...]', 'files, folders, or ids of the project’s exclusions (default: all of them)')
    .action(async (places: string[]) => {
      setStatus(await runExclusionsExplain(places, terminal));
    });
  exclusions
    .command('kql')
    .description('print exclusions as lines of a query')
    .argument('[path...]', 'files, folders, or ids of the project’s exclusions (default: all of them)')
    .option('--rule <name>', 'only exclusions for this rule, name or namespace:name')
    .addOption(
      new Option('--table <name>', 'the table that is queried').choices(kqlTables).default('DeviceNetworkEvents'),
    )
    .action(async (places: string[], { rule, table }: { rule?: string; table: KqlTable }) => {
      setStatus(await runExclusionsKql({ places, rule, table }, terminal));
    });
  exclusions
    .command('whatif')
    .description('say which findings of the past exclusions would have set aside')
    .argument(...PLACES)
    .requiredOption('--rows <file>', 'findings of the past as JSON lines, as npm start -- --json prints them')
    .action(async (places: string[], { rows }: { rows: string }) => {
      setStatus(await runExclusionsWhatIf({ places, rows }, terminal));
    });
}

export function addPolicies(program: Command, terminal: Terminal, setStatus: SetStatus): void {
  const policies = program.command('policies').description('look at policies');
  policies
    .command('explain')
    .description('say whether an object is scanned and with which rules, and why')
    .argument('<url>', 'the object’s URL; nothing is asked of it')
    .option('--policies <file>', 'the file of policies (default: rules/policies.yaml of the project)')
    .option('--size <size>', 'the object’s size, such as 4096 or 10MB', parseSize)
    .option('--age <age>', 'how long ago it was last written, such as 12h or 90d', parseAge)
    .action(async (url: string, options: { policies?: string; size?: number; age?: number }) => {
      const { policies: file, size, age } = options;
      setStatus(await runPoliciesExplain({ url, file, sizeInBytes: size, ageInMs: age }, terminal));
    });
}

function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}

function parseSize(text: string): number {
  const size = sizeInBytes(text);
  if (size !== undefined) return size;
  throw new InvalidArgumentError('It must be a size such as 4096, 10MB or 1GB.');
}

function parseAge(text: string): number {
  const age = ageInMs(text);
  if (age !== undefined) return age;
  throw new InvalidArgumentError('It must be an age such as 30m, 12h or 90d.');
}

const checkStatuses = `
Exit status:
  0  nothing is to be said, or only notes
  1  there are warnings
  2  there are errors, or wrong usage`;
