/** Scans bytes in random pieces, going on from a checkpoint now and then. */
import type { CompiledRules, ScanResult } from '../../../../../shared/yara/index.ts';
import { resumeScanner, StreamScanner } from '../../../../../shared/yara/index.ts';
import type { Random } from '../../../../conformance/seed.ts';
import { randomPieces } from '../../../../conformance/seed.ts';

/** Bytes can be read anywhere meanwhile. */
export async function scanInPieces(rules: CompiledRules, bytes: Uint8Array, random: Random): Promise<ScanResult> {
  const size = bytes.length;
  const readAt = (offset: number, length: number): Promise<Uint8Array> =>
    Promise.resolve(bytes.slice(offset, offset + length));
  let scanner = new StreamScanner(rules, { size, readAt });
  for (const piece of randomPieces(bytes, random)) {
    scanner.write(piece);
    if (random.below(100) === 0) scanner = resumeScanner(rules, scanner.checkpoint(), { size, readAt });
  }
  return scanner.end();
}
