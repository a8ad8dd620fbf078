/**
 * Every role that is assigned is used by something, and no lesser built-in role would do. What roles allow is Azure's
 * documentation of built-in roles; what is needed is what the code and the services call.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { infra, infraWith, root } from './copy-infra.ts';
import { readRoleAssignments } from './roles.ts';

const blob = (...names: string[]): string[] => names.map((name) => `blobs/${name}`);
const message = (...names: string[]): string[] => names.map((name) => `messages/${name}`);
const entity = (...names: string[]): string[] => names.map((name) => `entities/${name}`);

/** Operations of the built-in roles, shortened to what tells them apart. Source: Azure built-in roles, Storage and Monitor. */
const builtIn: Readonly<Record<string, readonly string[]>> = {
  storageBlobDataReader: ['containers/read', ...blob('read')],
  storageBlobDataContributor: [
    ...['containers/read', 'containers/write', 'containers/delete'],
    ...blob('read', 'write', 'delete', 'add', 'move'),
  ],
  storageBlobDataOwner: [
    ...['containers/read', 'containers/write', 'containers/delete', 'containers/lease'],
    ...blob('read', 'write', 'delete', 'add', 'move', 'tags', 'manageOwnership'),
  ],
  storageQueueDataReader: ['queues/read', ...message('read')],
  storageQueueDataMessageSender: message('add'),
  storageQueueDataMessageProcessor: message('read', 'process'),
  storageQueueDataContributor: [
    ...['queues/read', 'queues/write', 'queues/delete'],
    ...message('read', 'write', 'delete', 'process', 'add'),
  ],
  storageTableDataReader: ['tables/read', ...entity('read')],
  storageTableDataContributor: [
    ...['tables/read', 'tables/write', 'tables/delete'],
    ...entity('read', 'write', 'delete', 'add', 'update'),
  ],
  monitoringMetricsPublisher: ['metrics/write', 'telemetry/write'],
  // No built-in one, but infra/modules/reaction-role.bicep.
  reactions: blob('tags', 'delete'),
};

interface Need {
  readonly operations: readonly string[];
  /** What there is in the project that needs it: a text in a file. */
  readonly usedBy: readonly [file: string, text: string];
}

/** By what roles are on, as roles.bicep calls it. */
const needs: Readonly<Record<string, Need>> = {
  'watchedAccount (watchedAccountName)': {
    // Containers are listed by the sweep.
    operations: ['containers/read', ...blob('read')],
    usedBy: ['shared/app.ts', 'openBlob(serviceOf(account)'],
  },
  'reactedAccount (reacting)': {
    operations: blob('tags', 'delete'),
    usedBy: ['shared/reactions/tag-object.ts', 'client.setTags('],
  },
  'notificationQueue (notifications)': {
    operations: message('add'),
    usedBy: ['shared/reactions/connect-reactions.ts', 'state.queue(config.notifyQueue)'],
  },
  'eventQueue (delivery)': {
    operations: message('add'),
    usedBy: ['infra/modules/subscription.bicep', "endpointType: 'StorageQueue'"],
  },
  'deadLetters (delivery)': {
    operations: blob('write'),
    usedBy: ['infra/modules/subscription.bicep', "endpointType: 'StorageBlob'"],
  },
  'ownQueues[index] (scanner)': {
    // Scaling reads the length; the host takes, extends and deletes messages, and adds to the poison queue, which it makes if it must.
    operations: ['queues/read', 'queues/write', ...message('read', 'process', 'write', 'delete', 'add')],
    usedBy: ['functions/scan-on-upload.ts', 'app.storageQueue('],
  },
  'ownStorage (scanner) tables': {
    // The ledger makes its table with the first scan.
    operations: ['tables/write', ...entity('read', 'add', 'update')],
    usedBy: ['shared/ledger/table-ledger.ts', 'createTable('],
  },
  'ownStorage (scanner) blobs': {
    // What the Functions documentation asks for its own storage: leases on containers of its own making among it.
    operations: ['containers/write', 'containers/lease', ...blob('read', 'write', 'delete')],
    usedBy: ['infra/modules/app.bicep', 'AzureWebJobsStorage__blobServiceUri: blobEndpoint'],
  },
  'rulesContainer (rules)': {
    operations: blob('read'),
    usedBy: ['shared/scanner/connect-published-rules.ts', 'fetchBlob(blob'],
  },
  'rule (scanner)': {
    operations: ['telemetry/write'],
    usedBy: ['shared/sinks/ingestion-client.ts', 'new LogsIngestionClient('],
  },
  'component (scanner)': {
    operations: ['telemetry/write'],
    usedBy: ['infra/modules/app.bicep', 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING: '],
  },
};

/** The roles that allow all of it and of which no other is a part. */
function leastRoles(operations: readonly string[]): string[] {
  const allows = (role: string): boolean => operations.every((operation) => builtIn[role]!.includes(operation));
  const sufficient = Object.keys(builtIn).filter(allows);
  const isPart = (part: string, whole: string): boolean =>
    builtIn[part]!.length < builtIn[whole]!.length && builtIn[part]!.every((each) => builtIn[whole]!.includes(each));
  return sufficient.filter((role) => !sufficient.some((other) => isPart(other, role)));
}

/** `role on target` for each assignment; the two on the scanner's whole storage told apart by their service. */
function assignments(folder: string): { role: string; target: string }[] {
  return readRoleAssignments(folder).map((line) => {
    const [role, place] = line.split(' on ') as [string, string];
    const service = place.startsWith('ownStorage') ? (role.includes('Table') ? ' tables' : ' blobs') : '';
    return { role, target: `${place}${service}` };
  });
}

function faults(folder: string): string[] {
  const assigned = assignments(folder);
  return [
    ...Object.keys(needs).filter((target) => !assigned.some((each) => each.target === target)),
    ...assigned.flatMap(({ role, target }) => {
      const need = needs[target];
      if (need === undefined) return [`nothing needs a role on ${target}`];
      const least = leastRoles(need.operations);
      return least.includes(role) ? [] : [`${role} on ${target}: ${least.join(' or ')} is enough`];
    }),
  ];
}

describe('the roles', () => {
  it('are each the least that does', () => {
    expect(faults(infra)).toEqual([]);
  });

  it.each(Object.entries(needs))('serve something that there is: %s', (_target, { usedBy: [file, text] }) => {
    expect(readFileSync(join(root, file), 'utf8')).toContain(text);
  });

  it.each([
    ['storageBlobDataReader', 'storageBlobDataContributor', 'storageBlobDataReader is enough'],
    ['storageQueueDataMessageSender', 'storageQueueDataContributor', 'storageQueueDataMessageSender is enough'],
  ])('are seen to be too much: %s made %s', (from, to, fault) => {
    const folder = infraWith({ file: 'modules/roles.bicep', from: `role.${from}`, to: `role.${to}` });
    expect(faults(folder).join('\n')).toContain(fault);
  });
});
