/**
 * The objects that the local stack uploads: what the shipped rules find, in two encodings, what they must not be fooled by, the
 * EICAR test file, something harmless, and a sixth that an exclusion marks. EICAR is put together here and exists in memory only, so that no
 * other scanner takes the project for it.
 */
export interface Sample {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly metadata: Record<string, string>;
}

const CALLBACK = '30.40.50.60:9342';
const configuration = (address: string): string => `# outbound\ncallback = ${address}\nretry = 300\n`;

export function createSamples(): Sample[] {
  const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}', '$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!', '$H+H*'].join('');
  const samples = [
    { name: 'callback-ascii.conf', bytes: Buffer.from(configuration(CALLBACK)) },
    { name: 'callback-utf16.conf', bytes: Buffer.from(`\ufeff${configuration(CALLBACK)}`, 'utf16le') },
    { name: 'near-miss.conf', bytes: Buffer.from(configuration('130.40.50.60:93421')) },
    { name: 'eicar.com', bytes: Buffer.from(eicar) },
    { name: 'meeting-notes.txt', bytes: Buffer.from('Tuesday, 10:00\n\n- agenda\n- budget for next year\n') },
  ];
  return samples.map((sample) => ({ ...sample, metadata: {} }));
}

/** An object with the same address, whose uploader says that it comes from a scheduled maintenance job. */
export function createExcludedSample(): Sample {
  return {
    name: 'maintenance.conf',
    bytes: Buffer.from(`# maintenance\n${configuration(CALLBACK)}`),
    metadata: { process_name: 'maintenance_script.exe', process_parent_name: 'svchost.exe' },
  };
}
