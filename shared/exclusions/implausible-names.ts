/**
 * Names that filters give to processes although they are names of services, of products and of file formats. Each with the
 * program that is usually seen instead; versions differ, so the remark is advice. What is not listed is judged by its form.
 */

export interface Implausible {
  /** Known not to be seen, or only unlikely by its form. */
  readonly isKnown: boolean;
  readonly why: string;
  /** What to do about it. */
  readonly hint: string | undefined;
}

const known: Readonly<Record<string, readonly [why: string, seen: string]>> = {
  'task scheduler': [
    'the name of a service, not of a process',
    'svchost.exe (-s Schedule), which starts scheduled tasks; before Windows 8 taskeng.exe',
  ],
  'intunewin.exe': [
    '.intunewin is a format that applications are packed in',
    'microsoft.management.services.intunewindowsagent.exe and agentexecutor.exe',
  ],
  'splunkforwarder.exe': ['SplunkForwarder is the name of a service', 'splunkd.exe'],
  'logstash.exe': ['Logstash is a Java program', 'java.exe in its folder'],
  'wuauserv.exe': ['wuauserv is the name of a service', 'svchost.exe with -s wuauserv in its command line'],
  'bits.exe': ['BITS is the name of a service', 'svchost.exe with -s BITS in its command line'],
  'veeam.exe': ['none of the programs of Veeam has this name', 'veeamagent.exe and veeam.backup.service.exe'],
  'cvbackup.exe': ['none of the programs of Commvault has this name', 'clbackup.exe and cvd.exe'],
};

/** What is implausible about a value that a process is compared with; undefined where nothing is. `name` in any case. */
export function implausibleName(name: string): Implausible | undefined {
  const entry = known[name.toLowerCase()];
  if (entry !== undefined) return { isKnown: true, why: entry[0], hint: `telemetry shows ${entry[1]}` };
  if (/[\\/]/.test(name)) {
    return { isKnown: true, why: 'a path, and the field holds a name only', hint: 'compare process.path' };
  }
  if (/\.[A-Za-z0-9]{1,10}$/.test(name)) return undefined;
  return {
    isKnown: /\s/.test(name),
    why: 'it has no extension, and programs of Windows are seen with theirs',
    hint: /\s/.test(name) ? undefined : `write ${name}.exe, unless it is a program of another system`,
  };
}
