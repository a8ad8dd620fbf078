/**
 * The reference engine, YARA-X 1.20 as the npm package `@virustotal/yara-x`, asked one question at a time and answering in
 * the suite's own shape.
 *
 * Its traps, handled here: it lists private rules and patterns; a meta text that holds any escape comes as an array of
 * byte values; its objects live in WASM memory and must be freed (the rules of the last question are kept for the next); a
 * WASM trap during a scan leaves the whole instance unusable, so after one it refuses to answer; an integral JavaScript
 * number is always an integer external; it is a 32-bit build, so offsets of 2^31 and more are cut or abort it.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Externals } from '../../shared/yara/compiler/externals.ts';
import type { RuleSource } from '../../shared/yara/compiler/compiled-rules.ts';
import { comparableMeta, patternRecord, sortedOnce } from './answer.ts';
import type { Answer, RuleAnswer } from './answer.ts';

type Package = typeof import('@virustotal/yara-x');
type Compiler = InstanceType<Package['Compiler']>;
type Rules = ReturnType<Compiler['build']>;

export interface ReferenceOptions {
  readonly externals?: Externals;
  /** Values that differ from those the rules were compiled with. */
  readonly scanExternals?: Externals;
  /** Counts stop there too, and making a match object costs microseconds: 100,000 unless told. */
  readonly maxMatchesPerPattern?: number;
}

export interface Reference {
  /** Compiles `sources` and scans `bytes`. Throws only where the reference itself breaks down. */
  ask(sources: readonly RuleSource[], bytes: Uint8Array, options?: ReferenceOptions): Answer;
}

interface RawScan {
  readonly matches: readonly {
    readonly identifier: string;
    readonly namespace: string;
    readonly isPrivate: boolean;
    readonly tags: readonly string[];
    readonly metadata: readonly { identifier: string; value: string | number | boolean | readonly number[] }[];
    readonly patterns: readonly {
      readonly identifier: string;
      readonly isPrivate: boolean;
      readonly matches: readonly { offset: number; length: number; xorKey?: number }[];
    }[];
  }[];
}

let copies = 0;

/** A reference with a WASM memory of its own: about 150 ms and 20 MB. */
export async function openReference(): Promise<Reference> {
  const entry = createRequire(import.meta.url).resolve('@virustotal/yara-x');
  const url = pathToFileURL(entry);
  // The package keeps one instance per copy of its module; another query string makes another copy.
  if (copies++ > 0) url.search = `?copy=${copies}`;
  const yarax = (await import(/* @vite-ignore */ url.href)) as Package;
  await yarax.default({ module_or_path: readFileSync(new URL('./yara_x_js_bg.wasm', pathToFileURL(entry))) });
  let broken: unknown;
  // Families ask the same rules of many objects in a row, and compiling is nearly all the cost.
  let last: { readonly key: string; readonly compiled: Compiled } | undefined;
  return {
    ask(sources, bytes, options = {}) {
      if (broken !== undefined) throw new Error('the reference broke down in an earlier scan', { cause: broken });
      const key = JSON.stringify([sources, options.externals], plainJson);
      if (last?.key !== key) {
        last?.compiled.rules?.free();
        last = undefined;
        last = { key, compiled: compile(new yarax.Compiler(), sources, options.externals ?? {}) };
      }
      const { errors, warnings, rules } = last.compiled;
      try {
        return { errors, warnings, rules: rules ? scan(rules, bytes, options) : [] };
      } catch (error) {
        if (error instanceof WebAssembly.RuntimeError) broken = error;
        throw error;
      }
    },
  };
}

interface Compiled {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly rules: Rules | undefined;
}

function compile(compiler: Compiler, sources: readonly RuleSource[], externals: Externals): Compiled {
  try {
    defineExternals(compiler, externals);
    const errors = addSources(compiler, sources);
    const warnings = sortedOnce(codes(compiler.warnings));
    return { errors, warnings, rules: errors.length > 0 ? undefined : compiler.build() };
  } finally {
    compiler.free();
  }
}

function plainJson(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

function defineExternals(compiler: Compiler, externals: Externals): void {
  for (const [name, value] of Object.entries(externals)) compiler.defineGlobal(name, plainExternal(name, value));
}

function plainExternal(name: string, value: Externals[string]): boolean | string | bigint | number {
  if (typeof value !== 'object') return value;
  if (Number.isInteger(value.float))
    throw new Error(`external ${name}: the reference cannot be given the float ${value.float}`);
  return value.float;
}

function addSources(compiler: Compiler, sources: readonly RuleSource[]): string[] {
  for (const { text, namespace } of sources) {
    compiler.newNamespace(namespace ?? 'default');
    try {
      compiler.addSource(typeof text === 'string' ? text : new TextDecoder('utf-8', { fatal: true }).decode(text));
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error;
      // What was thrown is the first of `errors`.
    }
  }
  return codes(compiler.errors);
}

function codes(messages: readonly string[]): string[] {
  return messages.map((message) => {
    const code = /^(?:error|warning)\[(\w+)\]/.exec(message)?.[1];
    if (code === undefined) throw new Error(`the reference said something without a code: ${message}`);
    return code;
  });
}

function scan(rules: Rules, bytes: Uint8Array, options: ReferenceOptions): RuleAnswer[] {
  const scanner = rules.scanner();
  try {
    scanner.setMaxMatchesPerPattern(options.maxMatchesPerPattern ?? 100_000);
    for (const [name, value] of Object.entries(options.scanExternals ?? {})) {
      scanner.setGlobal(name, plainExternal(name, value));
    }
    return readRules(scanner.scan(bytes) as RawScan);
  } finally {
    // A trap leaves the scanner borrowed for ever; `ask` then gives the instance up.
    try {
      scanner.free();
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('borrowed'))) throw error;
    }
  }
}

function readRules(result: RawScan): RuleAnswer[] {
  return result.matches
    .filter((rule) => !rule.isPrivate)
    .map((rule) => ({
      rule: rule.identifier,
      namespace: rule.namespace,
      tags: rule.tags,
      meta: rule.metadata.map(({ identifier, value }) => [identifier, comparableMeta(value)] as const),
      patterns: patternRecord(
        rule.patterns
          .filter((pattern) => !pattern.isPrivate)
          .map(({ identifier, matches }) => ({
            identifier,
            matches: matches.map(({ offset, length, xorKey }) =>
              xorKey === undefined ? ([offset, length] as const) : ([offset, length, xorKey] as const),
            ),
          })),
      ),
    }));
}
