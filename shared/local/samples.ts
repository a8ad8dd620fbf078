/**
 * The five objects that the local stack uploads: what the shipped rules find, in two encodings, what they must not be
 * fooled by, the EICAR test file and something harmless. EICAR is put together here and exists in memory only, so that no
 * other scanner takes the project for it.
 */
export interface Sample {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export function createSamples(): Sample[] {
  const configuration = (address: string): string => `# outbound\ncallback = ${address}\nretry = 300\n`;
  const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}', '$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!', '$H+H*'].join('');
  return [
    { name: 'callback-ascii.conf', bytes: Buffer.from(configuration('30.40.50.60:9342')) },
    { name: 'callback-utf16.conf', bytes: Buffer.from(`\ufeff${configuration('30.40.50.60:9342')}`, 'utf16le') },
    { name: 'near-miss.conf', bytes: Buffer.from(configuration('130.40.50.60:93421')) },
    { name: 'eicar.com', bytes: Buffer.from(eicar) },
    { name: 'meeting-notes.txt', bytes: Buffer.from('Tuesday, 10:00\n\n- agenda\n- budget for next year\n') },
  ];
}
