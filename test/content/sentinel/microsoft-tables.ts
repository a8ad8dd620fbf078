/**
 * As much of Microsoft's own tables as the queries here use. Source: Azure Monitor reference, tables StorageBlobLogs,
 * DeviceNetworkEvents, CommonSecurityLog and AppMetrics.
 */
import type { KustoTable } from '../../../shared/local/kusto/syntax.ts';

function table(name: string, columns: Readonly<Record<string, string>>): KustoTable {
  return { name, columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })) };
}

export const storageBlobLogs = table('StorageBlobLogs', {
  TimeGenerated: 'datetime',
  AccountName: 'string',
  Category: 'string',
  OperationName: 'string',
  StatusText: 'string',
  ObjectKey: 'string',
  Etag: 'string',
  CallerIpAddress: 'string',
  AuthenticationType: 'string',
  RequesterObjectId: 'string',
  RequesterUpn: 'string',
  UserAgentHeader: 'string',
  ResponseBodySize: 'long',
});

export const deviceNetworkEvents = table('DeviceNetworkEvents', {
  TimeGenerated: 'datetime',
  DeviceName: 'string',
  ActionType: 'string',
  LocalIP: 'string',
  RemoteIP: 'string',
  RemotePort: 'int',
  RemoteUrl: 'string',
  InitiatingProcessFileName: 'string',
  InitiatingProcessFolderPath: 'string',
  InitiatingProcessCommandLine: 'string',
  InitiatingProcessParentFileName: 'string',
  InitiatingProcessSHA256: 'string',
  InitiatingProcessAccountName: 'string',
  InitiatingProcessAccountDomain: 'string',
});

export const commonSecurityLog = table('CommonSecurityLog', {
  TimeGenerated: 'datetime',
  SourceHostName: 'string',
  SourceIP: 'string',
  SourceUserName: 'string',
  DestinationIP: 'string',
  DestinationPort: 'int',
  DeviceAction: 'string',
  RequestURL: 'string',
});

export const appMetrics = table('AppMetrics', {
  TimeGenerated: 'datetime',
  AppRoleName: 'string',
  Name: 'string',
  ItemCount: 'int',
  Sum: 'real',
  Min: 'real',
  Max: 'real',
  Properties: 'dynamic',
});

export const microsoftTables = [storageBlobLogs, deviceNetworkEvents, commonSecurityLog, appMetrics];
