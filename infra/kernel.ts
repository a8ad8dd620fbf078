/**
 * Compiles the engine's kernel (`shared/yara/kernel/`, AssemblyScript) to WebAssembly, once with relaxed SIMD and once
 * without, and writes both as base64 into `shared/yara/scan/kernel-bytes.ts`, which is committed.
 *
 *   node infra/kernel.ts            writes the module
 *   node infra/kernel.ts --check    exit status 1 when the module is not what the sources compile to
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** As far as it is used. */
interface AssemblyScript {
  readonly main: (
    options: readonly string[],
    host: {
      readonly readFile: (name: string, base: string) => string | null;
      readonly writeFile: (name: string, content: string | Uint8Array) => void;
      readonly listFiles: () => readonly string[];
    },
  ) => Promise<{ readonly error: Error | null }>;
}

// Not imported by name: the package's types change those of the whole project, `Array.at` among them.
const packageName = ['assemblyscript', 'asc'].join('/');
const { main: compile } = (await import(packageName)) as AssemblyScript;

const root = path.join(import.meta.dirname, '..');
const target = path.join(root, 'shared/yara/scan/kernel-bytes.ts');

/** What `kernel-bytes.ts` must hold. Throws with the compiler's words when a source is wrong. */
export async function kernelModule(): Promise<string> {
  const plain = await wasmOf('simd');
  const relaxed = await wasmOf('simd,relaxed-simd');
  return `/**
 * The kernel, compiled from \`kernel/\`, in base64: without and with relaxed SIMD. Written by \`npm run build:kernel\`; not to be
 * edited.
 */
export const KERNEL =
  '${plain}';
export const RELAXED_KERNEL =
  '${relaxed}';
`;
}

async function wasmOf(features: string): Promise<string> {
  let wasm: Uint8Array | undefined;
  const entry = 'shared/yara/kernel/kernel.ts';
  const { error } = await compile(
    [
      entry,
      '-O3',
      '--noAssert',
      '--runtime=stub',
      '--importMemory',
      '--noExportMemory',
      '--memoryBase=65536',
      `--enable=${features}`,
      '--outFile=kernel.wasm',
    ],
    {
      readFile: (name, base) => {
        try {
          return readFileSync(path.resolve(root, base, name), 'utf8');
        } catch {
          return null;
        }
      },
      writeFile: (_name, content) => {
        if (typeof content !== 'string') wasm = content;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || wasm === undefined) throw new Error('the kernel does not compile', { cause: error });
  return Buffer.from(wasm).toString('base64');
}

if (process.argv[1] === import.meta.filename) {
  const module = await kernelModule();
  if (!process.argv.includes('--check')) writeFileSync(target, module);
  else if (readFileSync(target, 'utf8') !== module) {
    process.stderr.write('kernel-bytes.ts is not what shared/yara/kernel compiles to: run npm run build:kernel\n');
    process.exitCode = 1;
  }
}
