/**
 * The certificates of one signature, in their order, and chains of them: from a certificate to the one that signed it, and so
 * on up to one that signed itself or whose signer is not there. One that comes a second time ends the chain. Names are compared
 * by their bytes, and of several certificates with one subject the first counts.
 *
 * A stamp knows the certificates that were there when it was read, those that came later are not its own: `known` says how
 * many that were. Chains are made when they are asked for, since a message may have as many of them as certificates.
 */
import type { Certificate, Name } from './x509.ts';

export class CertificateList {
  readonly certificates: Certificate[];
  #bySubject: ReadonlyMap<string, number> | undefined;

  constructor(certificates: readonly Certificate[]) {
    this.certificates = [...certificates];
  }

  get length(): number {
    return this.certificates.length;
  }

  add(certificates: readonly Certificate[]): void {
    for (const certificate of certificates) this.certificates.push(certificate);
    this.#bySubject = undefined;
  }

  /** From the first of the first `known` certificates that fits. O(certificates). */
  chain(fits: (certificate: Certificate) => boolean, known = this.length): Certificate[] {
    const places = (this.#bySubject ??= placesBySubject(this.certificates));
    const chain: Certificate[] = [];
    const seen = new Set<number>();
    for (let at = this.certificates.findIndex(fits); at >= 0 && at < known;) {
      const certificate = this.certificates[at]!;
      chain.push(certificate);
      const issuer = key(certificate.issuer);
      if (seen.has(at) || key(certificate.subject) === issuer) break;
      seen.add(at);
      at = places.get(issuer) ?? -1;
    }
    return chain;
  }
}

function placesBySubject(certificates: readonly Certificate[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [at, { subject }] of certificates.entries()) if (!places.has(key(subject))) places.set(key(subject), at);
  return places;
}

const latin1 = new TextDecoder('latin1');

function key({ read }: Name): string {
  return latin1.decode(read);
}
