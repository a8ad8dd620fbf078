/**
 * The entities that rules here may map: the identifiers each has, and the sets of which one must be whole for Sentinel to
 * take it for an entity. Source: Azure-Sentinel, entity mapping validation.
 */

export const entityTypes = [
  'Account',
  'AzureResource',
  'CloudApplication',
  'File',
  'FileHash',
  'Host',
  'IP',
  'Malware',
  'Process',
  'URL',
] as const;
export type EntityType = (typeof entityTypes)[number];

interface Identifiers {
  readonly known: readonly string[];
  /** One of these groups must be given whole. */
  readonly required: readonly (readonly string[])[];
}

export const entityIdentifiers: Readonly<Record<EntityType, Identifiers>> = {
  Account: {
    known: [
      'Name',
      'FullName',
      'NTDomain',
      'DnsDomain',
      'UPNSuffix',
      'Sid',
      'AadTenantId',
      'AadUserId',
      'PUID',
      'ObjectGuid',
    ],
    required: [['FullName'], ['Sid'], ['Name'], ['AadUserId'], ['PUID'], ['ObjectGuid']],
  },
  AzureResource: { known: ['ResourceId'], required: [['ResourceId']] },
  CloudApplication: { known: ['AppId', 'Name', 'InstanceName'], required: [['AppId'], ['Name']] },
  File: { known: ['Directory', 'Name'], required: [['Name']] },
  FileHash: { known: ['Algorithm', 'Value'], required: [['Algorithm', 'Value']] },
  Host: {
    known: ['DnsDomain', 'NTDomain', 'HostName', 'FullName', 'NetBiosName', 'AzureID', 'OMSAgentID'],
    required: [['FullName'], ['HostName'], ['NetBiosName'], ['AzureID'], ['OMSAgentID']],
  },
  IP: { known: ['Address'], required: [['Address']] },
  Malware: { known: ['Name', 'Category'], required: [['Name']] },
  Process: { known: ['ProcessId', 'CommandLine', 'CreationTimeUtc'], required: [['CommandLine'], ['ProcessId']] },
  URL: { known: ['Url'], required: [['Url']] },
};
