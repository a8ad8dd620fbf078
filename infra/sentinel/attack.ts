/**
 * MITRE ATT&CK as far as rules here use it: the tactics that Sentinel knows, and for each technique the tactics it serves.
 * A rule that needs another technique adds its line. Source: attack.mitre.org, Enterprise, techniques without sub-techniques.
 */

export const tactics = [
  'Reconnaissance',
  'ResourceDevelopment',
  'InitialAccess',
  'Execution',
  'Persistence',
  'PrivilegeEscalation',
  'DefenseEvasion',
  'CredentialAccess',
  'Discovery',
  'LateralMovement',
  'Collection',
  'Exfiltration',
  'CommandAndControl',
  'Impact',
] as const;
export type Tactic = (typeof tactics)[number];

export const attackTechniques: Readonly<Record<string, readonly Tactic[]>> = {
  T1027: ['DefenseEvasion'], // obfuscated files
  T1080: ['LateralMovement'], // tainted shared content
  T1105: ['CommandAndControl'], // ingress tool transfer
  T1195: ['InitialAccess'], // supply chain compromise
  T1204: ['Execution'], // user execution
  T1486: ['Impact'], // data encrypted for impact
  T1562: ['DefenseEvasion'], // impaired defences
  T1566: ['InitialAccess'], // phishing
  T1570: ['LateralMovement'], // lateral tool transfer
  T1588: ['ResourceDevelopment'], // obtained capabilities
  T1608: ['ResourceDevelopment'], // staged capabilities
};
