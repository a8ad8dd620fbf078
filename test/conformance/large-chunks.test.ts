/**
 * Every written case, far inside a chunk so large that it is scanned where it lies and not copied: the same answer as in pieces. What
 * the answer is does not matter here, for what stands around the case's bytes may change it.
 */
import { describe, expect, it } from 'vitest';
import { StreamScanner } from '../../shared/yara/index.ts';
import type { CompiledRules, ScanResult } from '../../shared/yara/index.ts';
import { casesByChapter } from './all-cases.ts';
import { loadCaseFiles } from './case-file.ts';
import { compileFor } from './engine-modes.ts';

/** More than what is worth scanning where it lies, on either side. */
const AROUND = 80 * 1024;
/** No case speaks of it. */
const FILLING = 0x7e;
const PIECE = 5003;
/** Larger objects are large chunks by themselves. */
const LARGEST = 64 * 1024;

for (const [chapter, cases] of casesByChapter(loadCaseFiles(new URL('./cases/', import.meta.url)))) {
  describe(chapter, () => {
    for (const example of cases) {
      const { rules } = compileFor(example);
      if (rules === undefined || example.bytes.length > LARGEST) continue;
      it(example.name, async () => {
        const object = new Uint8Array(2 * AROUND + example.bytes.length).fill(FILLING);
        object.set(example.bytes, AROUND);
        const options = { ...(example.scanExternals && { externals: example.scanExternals }) };
        const inPieces = await scan(rules, object, PIECE, options);
        expect(told(await scan(rules, object, object.length, options))).toEqual(told(inPieces));
      });
    }
  });
}

function scan(
  rules: CompiledRules,
  object: Uint8Array,
  length: number,
  options: ConstructorParameters<typeof StreamScanner>[1],
): Promise<ScanResult> {
  const scanner = new StreamScanner(rules, {
    size: object.length,
    readAt: (offset, bytes) => Promise.resolve(object.slice(offset, offset + bytes)),
    ...options,
  });
  for (let at = 0; at < object.length; at += length) scanner.write(object.subarray(at, at + length));
  return scanner.end();
}

function told({ matches, undecided, warnings }: ScanResult): unknown {
  return { matches, undecided, warnings };
}
