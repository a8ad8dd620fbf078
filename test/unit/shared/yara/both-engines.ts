/** One question put to both engines, ours in several ways, for tests that compare the answers. */
import {
  compileRules,
  decodeRules,
  encodeRules,
  RuleCompileError,
  scanBytes,
  StreamScanner,
} from '../../../../shared/yara/index.ts';
import type { CompiledRules, RuleSource, ScanResult } from '../../../../shared/yara/index.ts';
import type { Externals } from '../../../../shared/yara/compiler/externals.ts';
import { openReference } from '../../../conformance/reference.ts';
import { sortedOnce } from '../../../conformance/answer.ts';
import { randomFor } from '../../../conformance/seed.ts';

/** Error codes, or the rules that match; `warnings` are codes, each once. */
export interface ShortAnswer {
  readonly errors: readonly string[];
  readonly matches: readonly string[];
  readonly warnings: readonly string[];
}

const reference = await openReference();

export function askReference(rules: string, bytes: Uint8Array, externals?: Externals): ShortAnswer {
  const answer = reference.ask([{ text: rules }], bytes, externals && { externals });
  return {
    errors: sortedOnce(answer.errors),
    warnings: answer.warnings,
    matches: answer.rules.map(({ rule }) => rule),
  };
}

/** Throws when scanning whole, byte by byte and from a bundle come to different answers. */
export async function askOurs(rules: string, bytes: Uint8Array, externals?: Externals): Promise<ShortAnswer> {
  const compiled = tryCompile([{ text: rules }], externals);
  if (compiled.rules === undefined) return { errors: compiled.errors, matches: [], warnings: compiled.warnings };
  const answers = [
    await scanBytes(compiled.rules, bytes),
    await scanInPieces(compiled.rules, bytes, 1),
    await scanBytes(decodeRules(encodeRules(compiled.rules)), bytes),
  ].map(({ matches, undecided }) => JSON.stringify([matches, undecided]));
  if (new Set(answers).size > 1) throw new Error(`different answers for one question: ${answers.join(' / ')}`);
  const { matches, undecided } = await scanBytes(compiled.rules, bytes);
  if (undecided.length > 0) throw new Error(`undecided: ${JSON.stringify(undecided)}`);
  return { errors: [], matches: matches.map(({ rule }) => rule), warnings: compiled.warnings };
}

type Tried =
  | { readonly rules: CompiledRules; readonly warnings: readonly string[] }
  | { readonly rules: undefined; readonly errors: readonly string[]; readonly warnings: readonly string[] };

export function tryCompile(sources: readonly RuleSource[], externals?: Externals): Tried {
  try {
    const rules = compileRules([...sources], externals ? { externals } : {});
    return { rules, warnings: sortedOnce(rules.warnings.map(({ code }) => code)) };
  } catch (error) {
    if (!(error instanceof RuleCompileError)) throw error;
    const codes = (severity: string): string[] =>
      sortedOnce(error.diagnostics.filter((it) => it.severity === severity).map(({ code }) => code));
    return { rules: undefined, errors: codes('error'), warnings: codes('warning') };
  }
}

/** Nothing is known beforehand, and nothing can be read but the stream. */
export async function scanInPieces(rules: CompiledRules, bytes: Uint8Array, length: number): Promise<ScanResult> {
  const scanner = new StreamScanner(rules);
  for (let at = 0; at < bytes.length; at += length) scanner.write(bytes.subarray(at, at + length));
  return scanner.end();
}

export function randomBytes(length: number, ...words: readonly string[]): Uint8Array {
  const random = randomFor(...words);
  return Uint8Array.from({ length }, () => random.below(256));
}
