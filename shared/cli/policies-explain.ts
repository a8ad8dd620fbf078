/** `sluice policies explain URL`: whether an object would be scanned and with which rules, and what each policy says to it. */
import path from 'node:path';
import { parseObjectUrl } from '../events/object-url.ts';
import { printTable } from '../local/print-results.ts';
import type { Policy, PolicyAction, PolicyConditions, PolicyFacts } from '../scanner/policies.ts';
import { failedConditions } from '../scanner/policies.ts';
import { readPolicyFile } from '../scanner/rule-companions.ts';
import { appRoot } from '../scanner/rule-set.ts';
import { chooseRules } from './choose-rules.ts';
import { printOptions } from './exclusions-check.ts';
import { exitStatus, UsageError } from './exit-status.ts';
import type { Terminal } from './terminal.ts';

export interface PoliciesExplainArguments {
  readonly url: string;
  /** The project's unless given. */
  readonly file: string | undefined;
  readonly sizeInBytes: number | undefined;
  readonly ageInMs: number | undefined;
}

export async function runPoliciesExplain(args: PoliciesExplainArguments, terminal: Terminal): Promise<number> {
  const place = placeOf(args.url);
  const file = args.file ?? path.join(appRoot(), 'rules', 'policies.yaml');
  const shown = args.file ?? 'rules/policies.yaml';
  const policies = readPolicyFile(file, shown, (await chooseRules([])).rules.rules);
  const answers = policies.map((policy) => ({ policy, ...answerOf(policy, place, args) }));
  if (answers.length > 0) {
    const columns = [
      { title: 'Policy', shrinksTo: 12 },
      { title: 'Holds' },
      { title: 'Because', shrinksTo: 20, wraps: true },
    ];
    const rows = answers.map(({ policy, holds, because }) => [policy.name, holds, because]);
    await terminal.out(`${printTable(columns, rows, printOptions(terminal))}\n`);
  }
  await terminal.out(conclusion(answers));
  return exitStatus.clean;
}

type Holds = 'yes' | 'no' | 'depends';

interface Answer {
  readonly policy: Policy;
  readonly holds: Holds;
  readonly because: string;
}

function conclusion(answers: readonly Answer[]): string {
  const first = answers.findIndex(({ holds }) => holds !== 'no');
  if (first < 0) return 'scanned with all rules: no policy holds';
  const { policy, holds } = answers[first]!;
  const what = describeAction(policy);
  return holds === 'yes' ? `${what}: policy ${policy.name}` : `it depends: ${what} where policy ${policy.name} holds`;
}

function describeAction({ name, action }: { readonly name: string; readonly action: PolicyAction }): string {
  switch (action.kind) {
    case 'skip':
      return `not scanned, recorded as skipped: policy:${name}`;
    case 'scan':
      return 'scanned with all rules';
    case 'limit': {
      const tags = action.tags.length === 0 ? [] : [`with a tag of ${action.tags.join(', ')}`];
      const namespaces = action.namespaces.length === 0 ? [] : [`in ${action.namespaces.join(', ')}`];
      return `scanned with rules ${[...tags, ...namespaces].join(' ')}`;
    }
  }
}

type Place = Pick<PolicyFacts, 'account' | 'container' | 'objectName'>;

function answerOf(
  { when }: Policy,
  place: Place,
  { sizeInBytes, ageInMs }: Pick<PoliciesExplainArguments, 'sizeInBytes' | 'ageInMs'>,
): { readonly holds: Holds; readonly because: string } {
  const now = new Date();
  const facts = { ...place, sizeInBytes: sizeInBytes ?? 0, lastModified: new Date(now.getTime() - (ageInMs ?? 0)) };
  const unknown: (keyof PolicyConditions)[] = [
    ...(when.size !== undefined && sizeInBytes === undefined ? (['size'] as const) : []),
    ...(when.age !== undefined && ageInMs === undefined ? (['age'] as const) : []),
  ];
  const failed = failedConditions(when, facts, now).filter((name) => !unknown.includes(name));
  if (failed.length > 0)
    return { holds: 'no', because: `${failed.join(', ')} ${failed.length === 1 ? 'does' : 'do'} not fit` };
  if (unknown.length > 0)
    return {
      holds: 'depends',
      because: `${unknown.join(', ')} not given: ${unknown.map((name) => `--${name}`).join(', ')}`,
    };
  return {
    holds: 'yes',
    because: `${Object.keys(when).join(', ')} ${Object.keys(when).length === 1 ? 'fits' : 'fit'}`,
  };
}

/** Any account of any cloud will do: nothing is asked of it. */
function placeOf(url: string): Place {
  const [, account = '', suffix = ''] = /^https:\/\/([a-z0-9]{3,24})\.(?:blob|dfs)\.([a-z0-9.-]+)\//.exec(url) ?? [];
  const place = parseObjectUrl(url, { kind: 'azure', accounts: new Set([account]), suffix });
  if (!('reason' in place)) return place;
  throw new UsageError(`not the URL of an object: ${place.detail}`, {
    hint: 'such as https://ACCOUNT.blob.core.windows.net/CONTAINER/NAME',
  });
}
