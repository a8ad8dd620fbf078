/**
 * The reference engine, YARA-X 1.20 as the npm package `@virustotal/yara-x`: rules compiled once, many objects scanned.
 *
 * Its traps, handled here: it lists private rules and patterns; its objects live in WASM memory, must be freed, and the
 * memory never shrinks; a WASM trap during a scan leaves the instance unusable; a time limit is not kept. It searches for
 * patterns when the first condition asks for one: where none does it lists none, and where the first to ask stands in the
 * body of a loop that is never entered, those behind it find nothing. So every set begins with a rule that asks at once.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { answerOf, type Answer, type ExternalTexts, type SourceText } from './answers.ts';

type Package = typeof import('@virustotal/yara-x');

interface RawScan {
  readonly matches: readonly {
    readonly identifier: string;
    readonly namespace: string;
    readonly isPrivate: boolean;
    readonly tags: readonly string[];
    readonly patterns: readonly {
      readonly identifier: string;
      readonly isPrivate: boolean;
      readonly matches: readonly { readonly offset: number; readonly length: number; readonly xorKey?: number }[];
    }[];
  }[];
}

/** The set's own namespace for the rule that makes the reference search. */
const SEARCH_NAMESPACE = 'search';
const SEARCH_RULE = 'rule search { strings: $a = "\\x01\\xfe no object has this \\xfe\\x01" condition: $a }';
/** A copy of the package is given up when its memory has grown to this. */
const MOST_MEMORY = 1500 * 1024 * 1024;

let copies = 0;
let current:
  { readonly yarax: Package; readonly memory: { readonly buffer: ArrayBufferLike }; isBroken: boolean } | undefined;

/** The reference broke down in a scan, by a trap of its own: there is no answer. */
export class ReferenceBroke extends Error {
  constructor(cause: unknown) {
    super('the reference broke down', { cause });
    this.name = 'ReferenceBroke';
  }
}

async function open(): Promise<NonNullable<typeof current>> {
  if (current !== undefined && !current.isBroken && current.memory.buffer.byteLength < MOST_MEMORY) return current;
  const entry = createRequire(import.meta.url).resolve('@virustotal/yara-x');
  const url = pathToFileURL(entry);
  // The package keeps one instance per copy of its module; another query string makes another copy.
  if (copies++ > 0) url.search = `?copy=${copies}`;
  const yarax = (await import(/* @vite-ignore */ url.href)) as Package;
  const wasm = readFileSync(new URL('./yara_x_js_bg.wasm', pathToFileURL(entry)));
  const { memory } = await yarax.default({ module_or_path: wasm });
  return (current = { yarax, memory, isBroken: false });
}

export interface ReferenceRules {
  /** Throws a ReferenceBroke when it fails; the rules are unusable then. */
  scan(bytes: Uint8Array, externals: ExternalTexts): ReferenceAnswer;
  /** They live in memory that nothing else gives back. */
  free(): void;
}

export interface ReferenceAnswer {
  readonly rules: Answer;
  /** Private ones that match, `namespace:rule`. */
  readonly privateRules: readonly string[];
}

export interface ReferenceRefusal {
  readonly errors: readonly string[];
}

/** Every external is a text. Errors of any source make it a refusal: messages as the reference words them. */
export async function compileByReference(
  sources: readonly SourceText[],
  externals: ExternalTexts,
): Promise<ReferenceRules | ReferenceRefusal> {
  const instance = await open();
  const compiler = new instance.yarax.Compiler();
  try {
    for (const [name, value] of Object.entries(externals)) compiler.defineGlobal(name, value);
    for (const { namespace, text } of [{ namespace: SEARCH_NAMESPACE, text: SEARCH_RULE }, ...sources]) {
      compiler.newNamespace(namespace);
      try {
        compiler.addSource(text);
      } catch (error) {
        if (error instanceof Error && error.name === 'RuntimeError') throw error;
        // What was thrown is the first of `errors`.
      }
    }
    const { errors } = compiler;
    if (errors.length > 0) return { errors };
    return rulesOf(instance, compiler.build(), externals);
  } catch (error) {
    instance.isBroken = true;
    throw new ReferenceBroke(error);
  } finally {
    if (!instance.isBroken) compiler.free();
  }
}

function rulesOf(
  instance: NonNullable<typeof current>,
  rules: ReturnType<InstanceType<Package['Compiler']>['build']>,
  externals: ExternalTexts,
): ReferenceRules {
  const scanner = rules.scanner();
  const known = new Map(Object.entries(externals));
  return {
    scan(bytes, externals) {
      try {
        for (const [name, value] of Object.entries(externals)) {
          // Setting one takes the reference as long as a scan.
          if (known.get(name) === value) continue;
          known.set(name, value);
          scanner.setGlobal(name, value);
        }
        return readScan(scanner.scan(bytes) as RawScan);
      } catch (error) {
        instance.isBroken = true;
        throw new ReferenceBroke(error);
      }
    },
    free() {
      if (instance.isBroken) return;
      scanner.free();
      rules.free();
    },
  };
}

function readScan({ matches }: RawScan): ReferenceAnswer {
  const publicRules = matches
    .filter(({ isPrivate }) => !isPrivate)
    .map(({ identifier, namespace, tags, patterns }) => ({
      rule: identifier,
      namespace,
      tags,
      patterns: patterns
        .filter((pattern) => !pattern.isPrivate && pattern.matches.length > 0)
        .map((pattern) => ({
          identifier: pattern.identifier,
          matches: pattern.matches.map(({ offset, length, xorKey }) => ({ offset, length, xorKey: xorKey ?? -1 })),
        })),
    }));
  return {
    rules: answerOf(publicRules),
    privateRules: matches.filter(({ isPrivate }) => isPrivate).map((rule) => `${rule.namespace}:${rule.identifier}`),
  };
}
