/** Every case, placed where offsets no longer fit 32 bits: the same answers, further back. */
import { describe, expect, it } from 'vitest';
import { compileRules } from '../../shared/yara/index.ts';
import type { CompiledRules, ScanOptions, ScanResult } from '../../shared/yara/index.ts';
import { startScannerAt } from '../../shared/yara/scan/stream-scanner.ts';
import { allCases, casesByChapter } from './all-cases.ts';
import type { Case } from './case.ts';
import { compileFor, wholeMode } from './engine-modes.ts';
import { randomFor, randomPieces } from './seed.ts';
import { BASE, shiftRules } from './shifted-rules.ts';
import type { Shifted } from './shifted-rules.ts';

const places = [2 ** 32 - 3, 2 ** 32, 2 ** 33 + 5, 2 ** 45];

for (const [chapter, cases] of casesByChapter(allCases())) {
  describe(chapter, () => {
    for (const example of cases) {
      const compiled = compileFor(example);
      if (compiled.rules === undefined) continue;
      const { rules } = compiled;
      const shifted = shiftRules(example.sources);
      if ('reason' in shifted) it.skip(`${example.name} (${shifted.reason})`, () => undefined);
      else it(example.name, () => answersThereToo(example, rules, shifted));
    }
  });
}

async function answersThereToo(
  example: Case,
  rules: CompiledRules,
  { sources, areAnchored }: Exclude<Shifted, { reason: string }>,
): Promise<void> {
  const { name, bytes, externals, scanExternals } = example;
  const unmoved = await wholeMode.run(rules, { name, bytes, ...(scanExternals && { externals: scanExternals }) });
  const movable = compileRules([...sources], { externals: { ...externals, [BASE]: 0 } });
  for (const base of places) {
    const moved = areAnchored ? compileAt(example, base) : movable;
    const options: ScanOptions = {
      size: base + bytes.length,
      readAt: (offset, length) => Promise.resolve(rangeOf(bytes, offset - base, length)),
      externals: { ...scanExternals, ...(!areAnchored && { [BASE]: base }) },
    };
    const scanner = startScannerAt(moved, base, options);
    for (const piece of randomPieces(bytes, randomFor(name, String(base)))) scanner.write(piece);
    const found = await scanner.end();
    expect(found.undecided).toEqual([]);
    expect(movedBack(found, base), `at ${base}`).toEqual(unmoved.matches);
  }
}

function compileAt({ sources, externals }: Case, base: number): CompiledRules {
  const shifted = shiftRules(sources, base);
  if ('reason' in shifted) throw new Error(shifted.reason);
  return compileRules([...shifted.sources], { ...(externals && { externals }) });
}

/** The bytes at `offset`, and zeros before the first of them. */
function rangeOf(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  const zeros = Math.min(Math.max(-offset, 0), length);
  const range = new Uint8Array(Math.max(zeros, Math.min(length, bytes.length - offset)));
  range.set(bytes.subarray(offset + zeros, offset + range.length), zeros);
  return range;
}

function movedBack({ matches }: ScanResult, base: number): ScanResult['matches'] {
  return matches.map((rule) => ({
    ...rule,
    patterns: rule.patterns.map((pattern) => ({
      ...pattern,
      matches: pattern.matches.map((match) => ({ ...match, offset: match.offset - base })),
    })),
  }));
}
