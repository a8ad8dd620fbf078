import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BundleFunctionsError } from '../../../infra/bundle-functions.ts';
import { layOutPackage, MAX_ZIP_IN_BYTES, PackageError, zipPackage } from '../../../infra/package.ts';
import { zipFolder } from '../../../infra/zip-folder.ts';
import { temporaryFolder } from './copy-infra.ts';

const files: Record<string, string> = {
  'package.json': JSON.stringify({
    name: 'sluice',
    version: '1.2.3',
    type: 'module',
    dependencies: { needed: '1.0.0' },
    devDependencies: { tool: '1.0.0' },
    scripts: { prepare: 'tsc -b' },
  }),
  'host.json': '{}',
  LICENSE: 'MIT',
  'functions/scan.ts': `import { word } from '../shared/app.ts';\nconsole.log(word satisfies string);`,
  'functions/sweep.ts': `import { word } from '../shared/app.ts';\nconst rare = await import('needed/rare');\nconsole.log(word, rare);`,
  'shared/app.ts': `import { used } from 'needed';\nexport const word: string = used;`,
  'shared/local/stack.ts': `export const unused = 'local only';`,
  'dist/rules.sluice': 'rules',
  'dist/rules.policies.json': '{}',
  'dist/.tsbuildinfo': 'build',
  'node_modules/needed/package.json': JSON.stringify({
    name: 'needed',
    version: '1.0.0',
    type: 'module',
    license: 'ISC',
    exports: { '.': './index.js', './rare': './rare.js' },
    sideEffects: false,
  }),
  'node_modules/needed/index.js': `export const used = 'used';\nexport const other = 'never asked for';`,
  'node_modules/needed/rare.js': `import '@azure/functions-core';\nimport 'node:fs';\nexport const rare = 'rare';`,
  'node_modules/needed/LICENSE.md': 'Do as you like.',
  'node_modules/tool/index.js': 'tool',
  'local.settings.json': 'secrets',
};

/** A checkout with the files above, but for those that are replaced or (undefined) left out. */
function checkout(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const folder = temporaryFolder();
  for (const [file, text] of Object.entries({ ...files, ...changes })) {
    if (text === undefined) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

const targetOf = (root: string): string => join(root, 'dist/package');

async function layOut(root: string): Promise<string[]> {
  const target = targetOf(root);
  await layOutPackage({ root, rulesFolder: join(root, 'dist'), target });
  return readdirSync(target, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(target, join(entry.parentPath, entry.name)))
    .sort();
}

describe('the package that is deployed', () => {
  it('holds what the app runs on, and nothing else', async () => {
    expect(await layOut(checkout())).toEqual([
      'LICENSE',
      'THIRD-PARTY-LICENCES.txt',
      'dist/chunks/app.js',
      'dist/chunks/rare.js',
      'dist/functions/scan.js',
      'dist/functions/sweep.js',
      'dist/rules.policies.json',
      'dist/rules.sluice',
      'host.json',
      'package.json',
    ]);
  });

  it('has no code that is never asked for', async () => {
    const root = checkout();
    const names = (await layOut(root)).filter((file) => file.endsWith('.js'));
    const code = names.map((file) => readFileSync(join(targetOf(root), file), 'utf8')).join('\n');
    expect(code).toContain("'used'".replaceAll("'", '"'));
    expect(code).not.toMatch(/never asked for|local only/);
  });

  it('has a manifest that nothing can be installed or built from', async () => {
    const root = checkout();
    await layOut(root);
    expect(JSON.parse(readFileSync(join(targetOf(root), 'package.json'), 'utf8'))).toEqual({
      name: 'sluice',
      version: '1.2.3',
      private: true,
      type: 'module',
      main: 'dist/functions/*.js',
    });
  });

  it('hands on the licences of the packages whose code it has', async () => {
    const root = checkout();
    await layOut(root);
    expect(readFileSync(join(targetOf(root), 'THIRD-PARTY-LICENCES.txt'), 'utf8')).toBe(
      'needed 1.0.0\n\nDo as you like.\n',
    );
  });

  it('is made anew each time, with the same bytes', async () => {
    const root = checkout();
    const first = await layOut(root);
    const zip = zipFolder(targetOf(root));
    writeFileSync(join(targetOf(root), 'dist/left-over.js'), '');
    expect(await layOut(root)).toEqual(first);
    expect(Buffer.compare(zipFolder(targetOf(root)), zip)).toBe(0);
  });

  it.each([
    ['host.json', 'no host.json'],
    ['dist/rules.sluice', 'no rules.sluice: compile the rules with `npm run rules`'],
  ])('is not made without %s', async (file, message) => {
    const made = layOut(checkout({ [file]: undefined }));
    await expect(made).rejects.toThrow(new RegExp(`^${message}`));
    await expect(made).rejects.toBeInstanceOf(PackageError);
  });

  it('is not made without a function: the host would start, and nobody be told', async () => {
    const changes = { 'functions/scan.ts': undefined, 'functions/sweep.ts': undefined };
    await expect(layOut(checkout(changes))).rejects.toThrow('no function in functions/');
  });

  it('is not made when a package that it needs is not installed', async () => {
    const made = layOut(checkout({ 'shared/app.ts': `import { absent } from 'absent';\nexport const word = absent;` }));
    await expect(made).rejects.toBeInstanceOf(BundleFunctionsError);
    await expect(made).rejects.toThrow('absent');
  });

  it('is not made when a module asks for a file beside it, which it would not find', async () => {
    const worker = `import { Worker } from 'node:worker_threads';\nexport const word = new Worker(new URL('./w.js', import.meta.url));`;
    const made = layOut(checkout({ 'shared/app.ts': worker }));
    await expect(made).rejects.toThrow(/app\.ts asks for a file beside it/);
  });

  it('is not zipped when it has grown beyond all reason', () => {
    const root = checkout();
    const big = join(root, 'big');
    mkdirSync(big);
    // Not compressible: a counter, hashed by multiplication.
    const noise = Uint32Array.from(
      { length: MAX_ZIP_IN_BYTES / 4 + 1_000 },
      (_, i) => Math.imul(i ^ (i >>> 7), 2654435761) ^ Math.imul(i, 40503),
    );
    writeFileSync(join(big, 'noise'), noise);
    expect(() => zipPackage(big, join(root, 'big.zip'))).toThrow(/more than 15000000$/);
  });
});
