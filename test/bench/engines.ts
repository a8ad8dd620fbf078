/**
 * The engines that benches compare, each with one question: CPU seconds for a scan of these bytes with these rules. CPU time
 * and not the clock's, because a machine is seldom idle; every engine works on one thread. libyara's is that of the `yara`
 * program less its own for one byte, which is loading the rules.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileRules, encodeRules, StreamScanner } from '../../shared/yara/index.ts';
import { decodeBundle } from '../../shared/scanner/rule-set.ts';
import { externals, type BenchRules } from './rule-sets.ts';

const CHUNK_BYTES = 1 << 20;

export interface Engine {
  readonly name: string;
  /** CPU seconds to make the rules ready, from their text. */
  readonly compileSeconds: number;
  /** CPU seconds of one scan. */
  scan(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** User and system time of this process so far. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function timed(work: () => unknown): Promise<number> {
  const from = cpuSeconds();
  await work();
  return cpuSeconds() - from;
}

/** Sluice, from a bundle that was encoded and decoded, with one scanner for all scans. */
export function openSluice(rules: BenchRules, report: 'all' | 'evidence'): Engine {
  const from = cpuSeconds();
  const bundle = encodeRules(compileRules(rules.sources, { externals }));
  const compileSeconds = cpuSeconds() - from;
  const scanner = new StreamScanner(decodeBundle(bundle));
  return {
    name: `sluice ${report}`,
    compileSeconds,
    scan: (bytes) =>
      timed(async () => {
        scanner.reset({
          size: bytes.length,
          report,
          readAt: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
        });
        for (let at = 0; at < bytes.length; at += CHUNK_BYTES) scanner.write(bytes.subarray(at, at + CHUNK_BYTES));
        await scanner.end();
      }),
    close: () => undefined,
  };
}

/** YARA-X as its npm package, on the whole object at once. */
export async function openYaraX({ sources }: BenchRules): Promise<Engine> {
  const entry = createRequire(import.meta.url).resolve('@virustotal/yara-x');
  const yarax = (await import(pathToFileURL(entry).href)) as typeof import('@virustotal/yara-x');
  await yarax.default({ module_or_path: readFileSync(new URL('./yara_x_js_bg.wasm', pathToFileURL(entry))) });
  const from = cpuSeconds();
  const compiler = new yarax.Compiler();
  for (const [name, value] of Object.entries(externals)) compiler.defineGlobal(name, value);
  for (const { text, namespace } of sources) {
    compiler.newNamespace(namespace);
    compiler.addSource(text);
  }
  const rules = compiler.build();
  const compileSeconds = cpuSeconds() - from;
  compiler.free();
  return {
    name: 'yara-x npm',
    compileSeconds,
    scan: (bytes) => timed(() => rules.scan(bytes)),
    close: () => {
      rules.free();
    },
  };
}

/** The system's `yara`; undefined where there is none. `folder` takes its files. */
export function openYara({ sources }: BenchRules, folder: string): Engine | undefined {
  const compiled = join(folder, 'rules.yarc');
  const object = join(folder, 'object');
  const names = sources.map(({ text, namespace }, at) => {
    const file = join(folder, `${at}.yar`);
    writeFileSync(file, text);
    return `${namespace}:${file}`;
  });
  const definitions = Object.entries(externals).flatMap(([name, value]) => ['-d', `${name}=${value}`]);
  let compileSeconds: number;
  try {
    compileSeconds = childSeconds('yarac', ['-w', ...definitions, ...names, compiled]);
  } catch (error) {
    if ((error as Error).message.includes('not found')) return undefined;
    throw error;
  }
  const run = (bytes: Uint8Array): number => {
    writeFileSync(object, bytes);
    return childSeconds('yara', ['-C', '-w', '-p', '1', compiled, object]);
  };
  const loading = Math.min(...Array.from({ length: 5 }, () => run(Uint8Array.of(0))));
  return {
    name: 'yara',
    compileSeconds,
    scan: (bytes) => Promise.resolve(Math.max(1e-6, run(bytes) - loading)),
    close: () => undefined,
  };
}

/** User and system time of a program, by the shell's own clock. */
function childSeconds(program: string, args: readonly string[]): number {
  const script =
    'command -v "$0" > /dev/null || { echo "not found" >&2; exit 127; }; TIMEFORMAT="%U %S"; time "$0" "$@" > /dev/null';
  let output: string;
  try {
    output = execFileSync('bash', ['-c', `{ ${script}; } 2>&1`, program, ...args], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
  } catch (error) {
    const { status } = error as { status?: number };
    throw new Error(status === 127 ? `${program} not found` : `${program} failed`, { cause: error });
  }
  const [user, system] = output.trim().split('\n').at(-1)!.split(' ').map(Number);
  return user! + system!;
}
