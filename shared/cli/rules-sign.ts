/**
 * `sluice rules sign`: puts an Ed25519 signature at the end of a release, and says what a scanner must be told to trust it: the digest
 * and the public key. The private key is read here and goes nowhere.
 */
import { readFileSync } from 'node:fs';
import { SluiceError } from '../base/errors.ts';
import { formatBytes } from '../local/print-results.ts';
import { decodeRelease, publicKeyText, readSigningKey, ReleaseFault, signRelease } from '../scanner/rule-release.ts';
import { exitStatus } from './exit-status.ts';
import type { Terminal } from './terminal.ts';
import { writeWhole } from './write-whole.ts';

export interface SignArguments {
  /** The release; it is replaced by the signed one. */
  readonly release: string;
  /** PEM of an Ed25519 private key. */
  readonly key: string;
}

/** A release or the key to sign it with cannot be used. */
export class ReleaseUnusableError extends SluiceError {
  readonly code = 'RELEASE_UNUSABLE';
}

export async function runRulesSign({ release, key }: SignArguments, terminal: Terminal): Promise<number> {
  const privateKey = readKeyFile(key);
  const signed = usable(release, () => signRelease(new Uint8Array(readFileSync(release)), privateKey));
  await writeRelease(release, signed, terminal);
  await terminal.out(`SLUICE_RULES_KEY=${publicKeyText(privateKey)}`);
  return exitStatus.clean;
}

/** Throws `ReleaseUnusableError`. */
export function readKeyFile(file: string): ReturnType<typeof readSigningKey> {
  return usable(file, () => readSigningKey(readFileSync(file, 'utf8')));
}

/** Writes it and says what it is. */
export async function writeRelease(file: string, bytes: Uint8Array, terminal: Terminal): Promise<void> {
  const { digest, signature } = decodeRelease(bytes);
  await writeWhole(file, bytes);
  await terminal.out(`${file}: a release${signature === undefined ? '' : ', signed'}, ${formatBytes(bytes.length)}`);
  await terminal.out(`SLUICE_RULES_DIGEST=${digest}`);
}

function usable<T>(file: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (!(cause instanceof ReleaseFault) && code === undefined) throw cause;
    const why = cause instanceof ReleaseFault ? cause.message : String(code);
    throw new ReleaseUnusableError(`${file}: ${why}`, {
      where: file,
      hint: 'releases are made by sluice rules build --release, keys by openssl genpkey -algorithm ed25519',
      cause,
    });
  }
}
