import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseMessage } from '../../../shared/events/parse-message.ts';
import { functionTimeoutInMs } from '../../../shared/base/settings.ts';
import { parseTimeSpan, readQueueSettings } from '../../../shared/local/host-settings.ts';
import { allow, blobCreated } from '../../unit/shared/events/message-builders.ts';
import { infra, infraWith, root } from './copy-infra.ts';
import type { Fault } from './copy-infra.ts';

const readModule = (folder: string, name: string): string => readFileSync(join(folder, 'modules', name), 'utf8');

describe('host.json', () => {
  const host = JSON.parse(readFileSync(join(root, 'host.json'), 'utf8')) as {
    functionTimeout: string;
    extensionBundle: { version: string };
  };

  it('gives a function as long as the code believes it has', () => {
    expect(parseTimeSpan(host.functionTimeout)).toBe(functionTimeoutInMs);
  });

  it('takes enough messages at once for their rows to go together, and takes a failed message out of the way after five times', () => {
    expect(readQueueSettings(join(root, 'host.json'))).toEqual({
      batchSize: 16,
      newBatchThreshold: 48,
      maxPollingIntervalInMs: 2_000,
      visibilityTimeoutInSeconds: 30,
      maxDequeueCount: 5,
      messageEncoding: 'base64',
    });
  });

  it('asks for extensions of version 4: the older ones are no longer served', () => {
    expect(host.extensionBundle.version).toBe('[4.0.0, 5.0.0)');
  });
});

describe('the queues', () => {
  it('are those that functions listen to, with those that the host moves given-up messages to', () => {
    const entries = globSync('functions/*.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'));
    const listened = entries.flatMap((text) =>
      [...text.matchAll(/queueName: '%SLUICE_QUEUE%([\w-]*)'/g)].map(([, end]) => end!),
    );
    const needed = listened.flatMap((end) => (end.endsWith('-poison') ? [end] : [end, `${end}-poison`]));
    const made = /for suffix in \[(.*)\]: \{/.exec(readModule(infra, 'storage.bicep'))![1]!;
    expect([...made.matchAll(/'([^']*)'/g)].map(([, end]) => end!).sort()).toEqual([...new Set(needed)].sort());
  });

  it('all have their roles', () => {
    const outputs = /^output queueNames string\[\] = \[(.*)\]$/m.exec(readModule(infra, 'storage.bicep'))![1]!;
    expect(outputs.split(', ')).toEqual([0, 1, 2, 3].map((index) => `queues[${index}].name`));
  });
});

describe('azure.yaml', () => {
  interface Service {
    project: string;
    language: string;
    host: string;
    dist: string;
    remoteBuild: boolean;
    hooks: { prepackage: Record<'posix' | 'windows', { run: string }> };
  }
  const { services, infra: provision } = parse(readFileSync(join(root, 'azure.yaml'), 'utf8')) as {
    services: Record<string, Service>;
    infra: { path: string; module: string };
  };

  it('deploys the package as it was laid out, on every system', () => {
    const { dist, remoteBuild, hooks } = services.scanner!;
    expect({ dist, remoteBuild }).toEqual({ dist: 'dist/package', remoteBuild: false });
    expect(hooks.prepackage.posix.run).toBe(hooks.prepackage.windows.run);
  });

  it('names its service as the app is tagged', () => {
    expect(Object.keys(services)).toEqual(['scanner']);
    expect(readModule(infra, 'app.bicep')).toContain("'azd-service-name': 'scanner'");
  });

  it('provisions the template that is there', () => {
    expect(readFileSync(join(root, provision.path, `${provision.module}.bicep`), 'utf8')).toContain(
      "targetScope = 'resourceGroup'",
    );
  });
});

/** What must hold of the account, whoever edits it: each line stands in storage.bicep as it is here. */
const storagePromises = [
  'allowBlobPublicAccess: false',
  'allowSharedKeyAccess: false',
  'defaultToOAuthAuthentication: true',
  "minimumTlsVersion: 'TLS1_2'",
  'supportsHttpsTrafficOnly: true',
  "properties: { publicAccess: 'None' }",
];

/** What must hold of the subscription, or events are lost or looped. */
const subscriptionPromises = [
  "eventDeliverySchema: 'CloudEventSchemaV1_0'",
  "deliveryWithResourceIdentity: {\n identity: { type: 'SystemAssigned' }",
  "deadLetterWithResourceIdentity: {\n identity: { type: 'SystemAssigned' }",
  'queueMessageTimeToLiveInSeconds: -1',
  'maxDeliveryAttempts: 30',
  'eventTimeToLiveInMinutes: 1440',
  "'Microsoft.Storage.BlobCreated'",
  "'Microsoft.Storage.BlobRenamed'",
  "'Microsoft.Storage.BlobTierChanged'",
  "operatorType: 'StringNotIn'\n key: 'data.api'\n values: ['CreateFile', 'SftpCreate']",
];

function broken(promises: readonly string[], text: string): string[] {
  const flat = text.replaceAll(/^ +/gm, ' ');
  return promises.filter((promise) => !flat.includes(promise));
}

describe('the deployment', () => {
  it('keeps keys and anonymous readers out of the scanner’s storage', () => {
    expect(broken(storagePromises, readModule(infra, 'storage.bicep'))).toEqual([]);
  });

  it('subscribes to what can bring content, and to nothing that comes before it', () => {
    expect(broken(subscriptionPromises, readModule(infra, 'subscription.bicep'))).toEqual([]);
  });

  it('holds back only events that ask for no scan, and takes an operation that nobody knows yet', () => {
    const filter = /key: 'data\.api'\n\s+values: \[(.*)\]/.exec(readModule(infra, 'subscription.bicep'))![1]!;
    const heldBack = [...filter.matchAll(/'(\w+)'/g)].map((match) => match[1]!);
    const kindsOf = (api: string, contentLength: number): string[] =>
      parseMessage(blobCreated({ api, contentLength }), allow).map(({ kind }) => kind);
    expect(heldBack.map((api) => kindsOf(api, 0))).toEqual([['refused'], ['refused']]);
    const others = [
      'PutBlob',
      'PutBlockList',
      'CopyBlob',
      'FlushWithClose',
      'SftpCommit',
      'AppendBlock',
      'BlobFromNextYear',
    ];
    expect(others.filter((api) => heldBack.includes(api))).toEqual([]);
    expect(others.map((api) => kindsOf(api, 0))).toEqual(others.map(() => ['scan']));
  });

  it('lets events flow only once the roles are there, as Event Grid does not try again after a 403', () => {
    const subscription = /^module subscription [\s\S]*?^\}$/m.exec(readModule(infra, 'watched-account.bicep'))?.[0];
    expect(subscription).toContain('dependsOn: [readerRoles, topicRoles]');
  });

  it('lets telemetry in by identity only', () => {
    expect(readModule(infra, 'telemetry.bicep')).toContain('DisableLocalAuth: true');
    expect(readModule(infra, 'app.bicep')).toContain(
      "APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'",
    );
  });

  it('hands azd its outputs in capitals', () => {
    const outputs = [...readFileSync(join(infra, 'main.bicep'), 'utf8').matchAll(/^output (\w+) /gm)].map(
      (match) => match[1]!,
    );
    expect(outputs.filter((name) => !/^[A-Z][A-Z0-9_]*$/.test(name))).toEqual([]);
    expect(outputs).toContain('SLUICE_FUNCTION_APP_NAME');
  });

  const faults: (Fault & { what: string; promises: readonly string[] })[] = [
    {
      what: 'allows keys',
      file: 'modules/storage.bicep',
      from: 'allowSharedKeyAccess: false',
      to: 'allowSharedKeyAccess: true',
      promises: storagePromises,
    },
    {
      what: 'filters renames out',
      file: 'modules/subscription.bicep',
      from: "'Microsoft.Storage.BlobRenamed'",
      to: '',
      promises: subscriptionPromises,
    },
    {
      what: 'takes empty files for uploads',
      file: 'modules/subscription.bicep',
      from: "'CreateFile', ",
      to: '',
      promises: subscriptionPromises,
    },
  ];
  it.each(faults)('is seen to be wrong when it $what', ({ promises, ...fault }) => {
    const text = readFileSync(join(infraWith(fault), fault.file), 'utf8');
    expect(broken(promises, text)).toHaveLength(1);
  });
});
