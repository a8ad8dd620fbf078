import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { infra, infraWith } from './copy-infra.ts';
import type { Fault } from './copy-infra.ts';
import { filesThatAssignRoles, readRoleAssignments, readRoleIds } from './roles.ts';

/** What each identity may do, and nothing more. Whoever changes this changes what a stolen identity is worth. */
const expected = [
  'monitoringMetricsPublisher on component (scanner)',
  'monitoringMetricsPublisher on rule (scanner)',
  'reactions on reactedAccount (reacting)',
  'storageBlobDataContributor on deadLetters (delivery)',
  'storageBlobDataOwner on ownStorage (scanner)',
  'storageBlobDataReader on rulesContainer (rules)',
  'storageBlobDataReader on watchedAccount (watchedAccountName)',
  'storageQueueDataContributor on ownQueues[index] (scanner)',
  'storageQueueDataMessageSender on eventQueue (delivery)',
  'storageQueueDataMessageSender on notificationQueue (notifications)',
  'storageTableDataContributor on ownStorage (scanner)',
];

/** Built-in roles as Azure publishes them. */
const builtIn = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
  storageBlobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1',
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88',
  storageQueueDataMessageSender: 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a',
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3',
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb',
};

describe('the roles', () => {
  it('are these and no others', () => {
    expect(readRoleAssignments(infra)).toEqual(expected);
  });

  it('have the ids that Azure gave them', () => {
    expect(readRoleIds(infra)).toEqual(builtIn);
  });

  it('are assigned in one file', () => {
    expect(filesThatAssignRoles(infra)).toEqual([join('modules', 'roles.bicep')]);
  });

  const role = 'modules/roles.bicep';
  const faults: (Fault & { what: string })[] = [
    {
      what: 'the right to change watched objects',
      file: role,
      from: 'role.storageBlobDataReader',
      to: 'role.storageBlobDataContributor',
    },
    { what: 'a queue role on the whole account', file: role, from: 'ownQueues[index]', to: 'ownStorage' },
    {
      what: 'an assignment left out',
      file: role,
      from: "resource eventMessages 'Microsoft.Authorization/roleAssignments",
      to: "resource eventMessages 'Microsoft.Authorization/locks",
    },
  ];
  it.each(faults)('are seen to differ with $what', (fault) => {
    expect(readRoleAssignments(infraWith(fault))).not.toEqual(expected);
  });

  it('are refused when the name of an assignment tells of another role', () => {
    const fault = {
      file: role,
      from: 'principalId, role.storageBlobDataReader)',
      to: 'principalId, role.storageBlobDataOwner)',
    };
    expect(() => readRoleAssignments(infraWith(fault))).toThrow('does not say what is assigned');
  });
});
