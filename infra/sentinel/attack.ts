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
  T1071: ['CommandAndControl'], // application layer protocol
  T1080: ['LateralMovement'], // tainted shared content
  T1105: ['CommandAndControl'], // ingress tool transfer
  T1195: ['InitialAccess'], // supply chain compromise
  T1204: ['Execution'], // user execution
  T1486: ['Impact'], // data encrypted for impact
  T1562: ['DefenseEvasion'], // impaired defences
  T1530: ['Collection'], // data from cloud storage
  T1566: ['InitialAccess'], // phishing
  T1570: ['LateralMovement'], // lateral tool transfer
  T1571: ['CommandAndControl'], // non-standard port
  T1588: ['ResourceDevelopment'], // obtained capabilities
  T1608: ['ResourceDevelopment'], // staged capabilities
};

/** What does not fit together: a technique that none of the tactics has, a tactic without a technique. */
export function attackDisagreements(claimedTactics: readonly Tactic[], techniques: readonly string[]): string[] {
  const messages: string[] = [];
  const covered = new Set<string>();
  for (const id of techniques) {
    const tacticsOfIt = attackTechniques[id.slice(0, 5)];
    if (tacticsOfIt === undefined) {
      messages.push(`technique ${id} is not in infra/sentinel/attack.ts; add it with its tactics`);
      continue;
    }
    const shared = tacticsOfIt.filter((tactic) => claimedTactics.includes(tactic));
    if (shared.length === 0)
      messages.push(`technique ${id} belongs to ${tacticsOfIt.join(', ')}, not to the tactics given`);
    shared.forEach((tactic) => covered.add(tactic));
  }
  const bare = claimedTactics.filter((tactic) => !covered.has(tactic));
  return [...messages, ...bare.map((tactic) => `tactic ${tactic} has no technique in relevantTechniques`)];
}
