import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settings } from '../../../shared/base/settings.ts';
import { infra, infraWith, root } from './copy-infra.ts';

/** Settings that only make sense on a developer's machine. */
const isLocal = (name: string): boolean => name.startsWith('SLUICE_LOCAL_');

/** Settings whose default is right in one cloud only. */
const perCloud = [settings.storageSuffix.name, settings.ingestionAudience.name];

/** Settings that the Functions host or the telemetry exporter reads, and nothing of ours. Source: Azure Functions app settings reference. */
const hostSettings =
  /^(AzureWebJobsStorage__(blobServiceUri|queueServiceUri|tableServiceUri|credential|clientId)|APPLICATIONINSIGHTS_AUTHENTICATION_STRING|APPLICATION_INSIGHTS_NO_STATSBEAT|APPLICATIONINSIGHTS_SDKSTATS_DISABLED)$/;

/** The names in `var settings = { … }` of app.bicep. */
function deployedSettings(folder: string): string[] {
  const text = readFileSync(join(folder, 'modules/app.bicep'), 'utf8');
  const body = /^var settings = \{\n([\s\S]*?)^\}$/m.exec(text)?.[1] ?? '';
  return [...body.matchAll(/^ {2}(\w+): /gm)].map((match) => match[1]!);
}

/** How the settings that are deployed differ from those that the code reads. */
function settingFaults(folder: string): string[] {
  const deployed = deployedSettings(folder);
  const known = Object.values(settings);
  const needed = known.filter(
    ({ name, defaultText }) => !isLocal(name) && (defaultText === undefined || perCloud.includes(name)),
  );
  const names: string[] = known.map(({ name }) => name);
  return [
    ...needed.filter(({ name }) => !deployed.includes(name)).map(({ name }) => `${name} is not set`),
    ...deployed
      .filter((name) => !names.includes(name) && !hostSettings.test(name))
      .map((name) => `nothing reads ${name}`),
    ...deployed.filter(isLocal).map((name) => `${name} is for local use`),
    ...deployed.filter((name, index) => deployed.indexOf(name) !== index).map((name) => `${name} is set twice`),
  ];
}

/** A file's text without its comments. */
function codeOf(file: string): string {
  return readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
}

/** The settings that the host needs to sign in for a connection of that name with a user-assigned identity. */
const identityConnection = (name: string, service: string): string[] => [
  `${name}__${service}ServiceUri`,
  `${name}__credential`,
  `${name}__clientId`,
];

/** The connections of the queue triggers that functions/ registers. */
function triggerConnections(): string[] {
  const entries = globSync('functions/*.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'));
  return [...new Set(entries.flatMap((text) => [...text.matchAll(/connection: '(\w+)'/g)].map((match) => match[1]!)))];
}

describe('the settings of the app', () => {
  it('are those that the code reads and has no good default for', () => {
    expect(settingFaults(infra)).toEqual([]);
  });

  it('are read in one place, so that there are no others', () => {
    const files = globSync('{functions,shared}/**/*.ts', { cwd: root }).filter(
      (file) => !/^shared\/(cli|local)\//.test(file) && /process\.env\b/.test(codeOf(file)),
    );
    expect(files).toEqual(['shared/app.ts']);
    expect(codeOf('shared/app.ts').match(/process\.env\b.*/g)).toEqual(['process.env)))']);
  });

  it('let the host sign in to its own storage with the identity', () => {
    const needed = ['blob', 'queue', 'table'].flatMap((service) => identityConnection('AzureWebJobsStorage', service));
    expect(deployedSettings(infra)).toEqual(expect.arrayContaining(needed));
  });

  it('let the host sign in to the queue of every trigger with the identity', (context) => {
    const connections = triggerConnections();
    if (connections.length === 0) context.skip('functions/ registers no queue trigger');
    const needed = connections.flatMap((name) => identityConnection(name, 'queue'));
    expect(deployedSettings(infra)).toEqual(expect.arrayContaining(needed));
  });

  it('leave out what Flex Consumption refuses', () => {
    const refused = [
      'FUNCTIONS_WORKER_RUNTIME',
      'FUNCTIONS_EXTENSION_VERSION',
      'WEBSITE_RUN_FROM_PACKAGE',
      'AzureWebJobsStorage',
    ];
    expect(deployedSettings(infra).filter((name) => refused.includes(name))).toEqual([]);
  });

  it('name the queue that the storage module makes', () => {
    const main = readFileSync(join(infra, 'main.bicep'), 'utf8');
    expect(main).toContain(`var queueName = '${settings.queueName.defaultText}'`);
  });

  const file = 'modules/app.bicep';
  it.each([
    { what: 'a name is misspelt', from: 'SLUICE_DCR_ID:', to: 'SLUICE_DCRID:', fault: 'SLUICE_DCR_ID is not set' },
    {
      what: 'one is set that nothing reads',
      from: 'SLUICE_QUEUE:',
      to: 'SLUICE_QUEUE_NAME:',
      fault: 'nothing reads SLUICE_QUEUE_NAME',
    },
    {
      what: 'one is for local use',
      from: 'SLUICE_QUEUE:',
      to: 'SLUICE_LOCAL_CA:',
      fault: 'SLUICE_LOCAL_CA is for local use',
    },
    {
      what: 'one of the host’s is misspelt',
      from: 'AzureWebJobsStorage__clientId:',
      to: 'AzureWebJobsStorage__clientID:',
      fault: 'nothing reads AzureWebJobsStorage__clientID',
    },
    { what: 'one is set twice', from: 'SLUICE_QUEUE:', to: 'SLUICE_DCR_ID:', fault: 'SLUICE_DCR_ID is set twice' },
  ])('are seen to be wrong when $what', ({ from, to, fault }) => {
    expect(settingFaults(infraWith({ file, from, to }))).toContain(fault);
  });
});
