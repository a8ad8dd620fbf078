/**
 * A certificate for services on this machine, made anew at each start and trusted by nobody who is not handed it: the SDKs
 * refuse to send tokens without TLS, also to 127.0.0.1.
 */
import { generate } from 'selfsigned';

export interface LocalCertificate {
  /** Its own issuer, so what a client needs to trust: `tlsOptions.ca`, or a file for `NODE_EXTRA_CA_CERTS`. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

const validForDays = 30;
const dayInMs = 24 * 60 * 60 * 1000;

/** Elliptic (P-256), for `localhost`, 127.0.0.1 and ::1; valid from an hour ago, for clocks that differ, for 30 days. */
export async function createLocalCertificate(now: Date = new Date()): Promise<LocalCertificate> {
  const made = await generate([{ name: 'commonName', value: 'Sluice local' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now.getTime() - 60 * 60 * 1000),
    notAfterDate: new Date(now.getTime() + validForDays * dayInMs),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { certificatePem: made.cert, privateKeyPem: made.private };
}
