/** The parameters of main.bicep: each is explained, where it stands and in infra/README.md, and the ways to deploy hold together. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkBicep, missingChecker } from './bicep-check.ts';
import { infra, infraWith } from './copy-infra.ts';

interface Parameter {
  readonly name: string;
  readonly description: string | undefined;
}

/** The parameters in their order, each with what its @description says. */
function readParameters(folder: string): Parameter[] {
  const text = readFileSync(join(folder, 'main.bicep'), 'utf8');
  return [...text.matchAll(/^((?:@.+\n)*)param (\w+) /gm)].map(([, decorators, name]) => {
    const description = /^@description\('((?:[^'\\]|\\.)*)'\)$/m.exec(decorators!)?.[1];
    return { name: name!, description: description?.replaceAll("\\'", "'") };
  });
}

function parametersInReadme(): Parameter[] {
  const chapter = readFileSync(join(infra, 'README.md'), 'utf8').split('\n## Parameters\n')[1]!.split('\n## ')[0]!;
  return [...chapter.matchAll(/^\| `([a-z]\w*)` \| .+? \| (.+) \|$/gm)].map(([, name, description]) => ({
    name: name!,
    description: description!,
  }));
}

describe('the parameters', () => {
  it('are all described', () => {
    const undescribed = (folder: string): string[] =>
      readParameters(folder).flatMap(({ name, description }) => (description ? [] : [name]));
    expect(readParameters(infra).length).toBeGreaterThan(15);
    expect(undescribed(infra)).toEqual([]);
    const fault = { file: 'main.bicep', from: "@description('Tags of everything that is made.')\n", to: '' };
    expect(undescribed(infraWith(fault))).toEqual(['tags']);
  });

  it('stand in infra/README.md as they are described', () => {
    expect(parametersInReadme()).toEqual(readParameters(infra));
  });

  it('come from the environment by names that the README says', () => {
    const text = readFileSync(join(infra, 'main.bicepparam'), 'utf8');
    const names = [...text.matchAll(/readEnvironmentVariable\('(SLUICE_\w+)'/g)].map((match) => match[1]!);
    const readme = readFileSync(join(infra, 'README.md'), 'utf8');
    expect(names).toContain('SLUICE_WATCHED_ACCOUNT_IDS');
    expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });
});

const account = (name: string, more = ''): string =>
  `{ id: '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/any/providers/Microsoft.Storage/storageAccounts/${name}'${more} }`;
const subnet = (name: string): string =>
  `'/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub/subnets/${name}'`;

/** Ways to deploy, as someone would write them into a parameter file. */
const ways: Record<string, string> = {
  'one account and nothing else': `param watchedAccounts = [${account('one')}]`,
  'several accounts, one with a topic of Defender’s': `param watchedAccounts = [
  ${account('one')}
  ${account('two', ", existingTopicName: 'two-defender'")}
]
param callerLogs = 'writes'`,
  'a network of its own, with a private endpoint to the account': `param watchedAccounts = [${account('one', ', privateEndpoint: true')}]
param privateNetwork = { kind: 'new', addressPrefix: '10.60.0.0/26' }`,
  'subnets that exist, names registered by a policy': `param watchedAccounts = [${account('one')}]
param privateNetwork = { kind: 'existing', appSubnetId: ${subnet('app')}, endpointSubnetId: ${subnet('endpoints')} }`,
  'an existing workspace, and people to tell': `param watchedAccounts = [${account('one')}]
param workspaceId = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/soc/providers/Microsoft.OperationalInsights/workspaces/soc'
param alertEmails = ['soc@contoso.com']`,
  'small, and quiet': `param watchedAccounts = [${account('one')}]
param instanceMemoryMB = 512
param maximumInstanceCount = 1
param alerts = false`,
};

/** What someone could get wrong, and the code it is refused with. */
const mistakes: Record<string, [text: string, code: string]> = {
  'no account': ['param watchedAccounts = []', 'wrong-value'],
  'a kind of network that there is not': [
    `param watchedAccounts = [${account('one')}]\nparam privateNetwork = { kind: 'shared', addressPrefix: '10.60.0.0/26' }`,
    'wrong-value',
  ],
  'a network without its addresses': [
    `param watchedAccounts = [${account('one')}]\nparam privateNetwork = { kind: 'new' }`,
    'missing-property',
  ],
  'logs of a kind that there is not': [
    `param watchedAccounts = [${account('one')}]\nparam callerLogs = 'reads'`,
    'wrong-value',
  ],
  'more instances than there can be': [
    `param watchedAccounts = [${account('one')}]\nparam maximumInstanceCount = 2000`,
    'wrong-value',
  ],
};

describe('a parameter file', () => {
  const check = (text: string): string => {
    const folder = infraWith({ file: 'main.bicepparam', from: "using 'main.bicep'", to: "using 'main.bicep'\n" });
    writeFileSync(join(folder, 'other.bicepparam'), `using 'main.bicep'\n\n${text}\n`);
    return checkBicep(folder, ['other.bicepparam']).join('\n');
  };

  it.for(Object.entries(ways))('deploys %s', ([, text], context) => {
    if (missingChecker !== undefined) context.skip(missingChecker);
    expect(check(text)).toBe('');
  });

  it.for(Object.entries(mistakes))('is refused with %s', ([, [text, code]], context) => {
    if (missingChecker !== undefined) context.skip(missingChecker);
    expect(check(text)).toContain(code);
  });
});
