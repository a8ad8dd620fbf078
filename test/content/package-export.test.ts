/**
 * `sluice/yara` as its users get it: the project is packed, the tarball installed into an empty folder, and a program there scans
 * with it. Without a registry: every dependency is overridden by the one that is installed here.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const program = `
import { compileRules, decodeRules, encodeRules, StreamScanner } from 'sluice/yara';
import type { ScanResult } from 'sluice/yara';

const rules = compileRules([{ text: 'rule greeting { strings: $a = "hello" wide ascii condition: $a at 2 }', name: 'greeting.yar' }]);
const scanner = new StreamScanner(decodeRules(encodeRules(rules)), { size: 7 });
for (const byte of [0, 0, 104, 101, 108, 108, 111]) await scanner.write(Uint8Array.of(byte));
const result: ScanResult = await scanner.end();
export const found: string[] = result.matches.flatMap(({ rule, patterns }) =>
  patterns.flatMap(({ identifier, matches }) => matches.map(({ offset }) => \`\${rule} \${identifier} at \${offset}\`)),
);
`;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-export-'));
  const npm = (cwd: string, ...command: string[]): string =>
    execFileSync('npm', [...command, '--cache', join(folder, 'no-cache')], { cwd, encoding: 'utf8', stdio: 'pipe' });
  // Packing builds first, by the script prepare.
  npm(root, 'pack', '--pack-destination', folder);
  const { name, version, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    dependencies: Record<string, string>;
  };
  const installed = Object.keys(dependencies).map((each) => [each, `file:${join(root, 'node_modules', each)}`]);
  const manifest = {
    type: 'module',
    dependencies: { [name]: `file:${name}-${version}.tgz` },
    overrides: Object.fromEntries(installed) as Record<string, string>,
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  npm(folder, 'install', '--offline', '--ignore-scripts', '--no-audit');
  writeFileSync(join(folder, 'program.ts'), program);
}, 120_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('sluice/yara, packed and installed', () => {
  it('scans', () => {
    writeFileSync(
      join(folder, 'run.ts'),
      `import { found } from './program.ts';\nconsole.log(JSON.stringify(found));\n`,
    );
    const options = { cwd: folder, encoding: 'utf8' as const };
    const said = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'run.ts'], options);
    expect(JSON.parse(said)).toEqual(['greeting $a at 2']);
  });

  it('has types that hold without those of Node', () => {
    const compilerOptions = {
      strict: true,
      target: 'es2023',
      lib: ['es2023', 'dom'],
      skipDefaultLibCheck: true,
      types: [],
      module: 'nodenext',
      noEmit: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    const compile = (): string =>
      execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
        encoding: 'utf8',
      });
    expect(compile()).toBe('');
    mkdirSync(join(folder, 'wrong'));
    writeFileSync(join(folder, 'wrong/program.ts'), program.replace('found: string[]', 'found: number[]'));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['wrong/program.ts'] }));
    expect(compile).toThrow();
  });

  it('imports nothing of Azure and nothing of Node', async () => {
    const bundle = await rolldown({ cwd: folder, input: 'program.ts', platform: 'neutral', external: isBuiltin });
    const { output } = await bundle.generate({ format: 'esm' });
    const chunks = output.filter((file) => file.type === 'chunk');
    expect(chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports])).toEqual([]);
    const packages = chunks.flatMap(({ moduleIds }) =>
      moduleIds.flatMap((id) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? []),
    );
    expect(packages).toContain('sluice');
    expect(packages.filter((name) => name.startsWith('@azure'))).toEqual([]);
    expect([...new Set(packages)].sort()).toEqual(['@noble/curves', '@noble/hashes', 'sluice']);
  });
});
