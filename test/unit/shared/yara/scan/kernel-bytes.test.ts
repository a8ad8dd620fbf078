/** The kernel that is committed is the one in the sources, and its form without relaxed SIMD finds the same. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { kernelModule } from '../../../../../infra/kernel.ts';
import { bytesOfBase64 } from '../../../../../shared/yara/bundle/base64-text.ts';
import { loaded } from '../../../../../shared/yara/bundle/loaded-rules.ts';
import { compileRules } from '../../../../../shared/yara/index.ts';
import { KERNEL, RELAXED_KERNEL } from '../../../../../shared/yara/scan/kernel-bytes.ts';
import { FILTER, PASS } from '../../../../../shared/yara/bundle/filter-layout.ts';
import { Kernel, MEMORY_MAP } from '../../../../../shared/yara/scan/kernel.ts';

it('is what the sources compile to', async () => {
  const committed = readFileSync(new URL('../../../../../shared/yara/scan/kernel-bytes.ts', import.meta.url), 'utf8');
  expect(committed === (await kernelModule()), 'run npm run build:kernel').toBe(true);
}, 60_000);

it('has the memory that its host and the compiler of its tables know', async () => {
  const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  // Not imported by name: its numbers are of types that only AssemblyScript has.
  const source = ['../../../../../shared/yara/kernel', 'memory.ts'].join('/');
  const memory = (await import(/* @vite-ignore */ source)) as Readonly<Record<string, number>>;
  expect(memory).toMatchObject(MEMORY_MAP);
  for (const [field, at] of Object.entries(FILTER)) expect([field, memory[words(field)]]).toEqual([field, at * 4]);
  for (const [pass, bit] of Object.entries(PASS)) expect([pass, memory[`PASS_${words(pass)}`]]).toEqual([pass, bit]);
});

it.each([1, 4, 400])('finds the same in both forms, with %i literals', (count) => {
  const strings = Array.from({ length: count }, (_, at) => `$a${at} = "${at}needle"`).join('\n');
  const { image } = loaded(compileRules([{ text: `rule r { strings: ${strings} condition: any of them }` }]));
  const object = Buffer.from(Array.from({ length: 500 }, (_, at) => `${at} ${at}needle`).join());
  const hitsOf = (form: string): number[] => {
    const kernel = new Kernel(image.filterTables.length, new WebAssembly.Module(bytesOfBase64(form)));
    kernel.load(image);
    const found = kernel.look(object, 0, object.length);
    return [...kernel.hits.slice(0, 2 * found)];
  };
  expect(hitsOf(KERNEL).length).toBeGreaterThanOrEqual(2 * count);
  expect(hitsOf(RELAXED_KERNEL)).toEqual(hitsOf(KERNEL));
});
