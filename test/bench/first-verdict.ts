/**
 * The process that `cold-start.ts` measures: loads the rules, scans one file, and prints what it took as one line of JSON.
 *
 *   node dist/test/bench/first-verdict.js sluice BUNDLE FILE
 *   node dist/test/bench/first-verdict.js yarax RULES FILE      RULES is JSON: {externals, sources}
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

export interface FirstVerdict {
  /** From the rules' bytes to rules. */
  readonly readyCpuInMs: number;
  /** From the start of the process. */
  readonly verdictCpuInMs: number;
  readonly verdictInMs: number;
}

const [engine = '', path = '', file = ''] = process.argv.slice(2);

function cpuInMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

async function sluice(): Promise<number> {
  const { StreamScanner } = await import('../../shared/yara/index.ts');
  const { decodeBundle } = await import('../../shared/scanner/rule-set.ts');
  const bundle = new Uint8Array(readFileSync(path));
  const from = cpuInMs();
  const rules = decodeBundle(bundle);
  const ready = cpuInMs() - from;
  const object = readFileSync(file);
  const scanner = new StreamScanner(rules, { size: object.length, report: 'evidence' });
  scanner.write(object);
  await scanner.end();
  return ready;
}

async function yarax(): Promise<number> {
  const entry = createRequire(import.meta.url).resolve('@virustotal/yara-x');
  const yara = (await import(pathToFileURL(entry).href)) as typeof import('@virustotal/yara-x');
  await yara.default({ module_or_path: readFileSync(new URL('./yara_x_js_bg.wasm', pathToFileURL(entry))) });
  const { externals, sources } = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly externals: Readonly<Record<string, string>>;
    readonly sources: readonly { readonly text: string; readonly namespace: string }[];
  };
  const from = cpuInMs();
  const compiler = new yara.Compiler();
  for (const [name, value] of Object.entries(externals)) compiler.defineGlobal(name, value);
  for (const { text, namespace } of sources) {
    compiler.newNamespace(namespace);
    compiler.addSource(text);
  }
  const rules = compiler.build();
  const ready = cpuInMs() - from;
  rules.scan(readFileSync(file));
  return ready;
}

const readyCpuInMs = await (engine === 'sluice' ? sluice() : yarax());
const verdict: FirstVerdict = { readyCpuInMs, verdictCpuInMs: cpuInMs(), verdictInMs: performance.now() };
process.stdout.write(`${JSON.stringify(verdict)}\n`);
