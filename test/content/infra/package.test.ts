import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PackageError, runtimePackages, stagePackage } from '../../../infra/package.ts';
import { root, temporaryFolder } from './copy-infra.ts';

const files: Record<string, string> = {
  'package.json': JSON.stringify({
    name: 'sluice',
    version: '1.2.3',
    type: 'module',
    main: 'dist/functions/*.js',
    dependencies: { needed: '1.0.0' },
    devDependencies: { tool: '1.0.0' },
    scripts: { prepare: 'tsc -b' },
  }),
  'package-lock.json': JSON.stringify({
    packages: {
      '': {},
      'node_modules/needed': {},
      'node_modules/needed/node_modules/inner': {},
      'node_modules/tool': { dev: true },
      'node_modules/elsewhere': { optional: true },
    },
  }),
  'host.json': '{}',
  LICENSE: 'MIT',
  'dist/functions/scan-on-upload.js': 'entry',
  'dist/functions/scan-on-upload.d.ts': 'types',
  'dist/functions/scan-on-upload.js.map': 'map',
  'dist/shared/app.js': 'app',
  'dist/rules.sluice': 'rules',
  'dist/.tsbuildinfo': 'build',
  'node_modules/needed/index.js': 'needed',
  'node_modules/needed/index.d.cts': 'types',
  'node_modules/needed/index.js.map': 'map',
  'node_modules/needed/node_modules/inner/index.js': 'inner',
  'node_modules/needed/node_modules/tool/index.js': 'tool',
  'node_modules/tool/index.js': 'tool',
  'local.settings.json': 'secrets',
};

function checkout(without?: string): string {
  const folder = temporaryFolder();
  for (const [file, text] of Object.entries(files)) {
    if (file === without) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

function stage(folder: string): string[] {
  const target = join(folder, 'dist/package');
  stagePackage(folder, target);
  return readdirSync(target, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(target.length + 1))
    .sort();
}

describe('the package that is deployed', () => {
  it('holds what the app runs on, and nothing else', () => {
    expect(stage(checkout())).toEqual([
      'LICENSE',
      'dist/functions/scan-on-upload.js',
      'dist/rules.sluice',
      'dist/shared/app.js',
      'host.json',
      'node_modules/needed/index.js',
      'node_modules/needed/node_modules/inner/index.js',
      'package.json',
    ]);
  });

  it('has a manifest that nothing can be installed or built from', () => {
    const folder = checkout();
    stage(folder);
    expect(JSON.parse(readFileSync(join(folder, 'dist/package/package.json'), 'utf8'))).toEqual({
      name: 'sluice',
      version: '1.2.3',
      private: true,
      type: 'module',
      main: 'dist/functions/*.js',
      dependencies: { needed: '1.0.0' },
    });
  });

  it('is made anew each time', () => {
    const folder = checkout();
    const first = stage(folder);
    writeFileSync(join(folder, 'dist/package/left-over.js'), '');
    expect(stage(folder)).toEqual(first);
  });

  it.each([
    ['host.json', 'no host.json'],
    ['dist/rules.sluice', 'no dist/rules.sluice: compile the rules'],
    ['dist/functions/scan-on-upload.js', 'no compiled function in dist/functions: build first'],
  ])('is not made without %s', (file, message) => {
    const folder = checkout(file);
    expect(() => {
      stage(folder);
    }).toThrow(new RegExp(`^${message}`));
  });

  it('is not made when a package that it needs is not installed', () => {
    const folder = checkout('node_modules/needed/index.js');
    const lock = { packages: { 'node_modules/absent': {} } };
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
    expect(() => {
      stage(folder);
    }).toThrow(PackageError);
  });

  it('takes in every dependency of the project and no development tool', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Parameters<
      typeof runtimePackages
    >[0];
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
      string,
      Record<string, string>
    >;
    const folders = runtimePackages(lock);
    const dependencies = Object.keys(manifest.dependencies!).map((name) => `node_modules/${name}`);
    expect(folders).toEqual(expect.arrayContaining(dependencies));
    const tools = Object.keys(manifest.devDependencies!).map((name) => `node_modules/${name}`);
    expect(folders.filter((folder) => tools.includes(folder))).toEqual([]);
    expect(folders.filter((folder) => !existsSync(join(root, folder)))).toEqual([]);
  });
});
