/** The workflows run what the project runs itself, on the Node versions it supports, with as few rights as they can. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, '.github/workflows');

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<string, { permissions?: object; steps: readonly Step[]; strategy?: { matrix: { node: number[] } } }>
  >;
}

/** What is wrong with a workflow's text. */
function faults(text: string): string[] {
  const { permissions, jobs } = parse(text) as Workflow;
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  const named = steps.flatMap(({ run }) => [...(run ?? '').matchAll(/npm (?:run )?([a-z]+(?::[a-z]+)?)\b/g)]);
  return [
    ...(JSON.stringify(permissions) === '{"contents":"read"}' ? [] : ['the workflow may do more than read']),
    ...Object.entries(jobs).flatMap(([name, job]) => (job.permissions ? [`job ${name} may do more`] : [])),
    ...[...text.matchAll(/uses: (.+)/g)]
      .map((match) => match[1]!)
      .filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))
      .map((action) => `${action} is not pinned`),
    ...steps
      .filter(
        ({ uses, with: options }) => uses?.startsWith('actions/checkout') && options?.['persist-credentials'] !== false,
      )
      .map(() => 'a checkout keeps its credentials'),
    ...named.map((match) => match[1]!).filter((name) => name !== 'ci' && !(name in scripts)),
  ];
}

describe('the workflows', () => {
  const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));

  it('pin their actions, may only read, and run scripts that exist', () => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.flatMap(faults)).toEqual([]);
  });

  it('test on every Node version that is supported, by that version', () => {
    const { jobs } = parse(readFileSync(join(folder, 'ci.yml'), 'utf8')) as Workflow;
    expect(jobs.test!.strategy!.matrix.node).toEqual([22, 24]);
    expect(jobs.test!.steps.at(-1)!.run).toMatch(/^node node_modules\/vitest\/vitest\.mjs run /);
  });

  it.each([
    ['a tag', /@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5\.0\.0/, '@v5', 'is not pinned'],
    ['the right to write', /contents: read/, 'contents: write', 'more than read'],
    ['a script that is not there', /npm run lint/, 'npm run linting', 'linting'],
    ['kept credentials', /persist-credentials: false/, 'persist-credentials: true', 'keeps its credentials'],
  ])('are seen to be wrong with %s', (_what, from, to, fault) => {
    expect(faults(files[0]!.replace(from, to)).join('\n')).toContain(fault);
  });
});
