/** The rules of the house: which folder may import which, what the engine may use, what stands at the top. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Inside `shared/` a place may import only what stands before it here, and itself. */
const order = [
  'base',
  'events',
  'objects',
  'ledger',
  'yara',
  'exclusions',
  'scanner',
  'sinks',
  'reactions',
  'app.ts',
  'jobs',
  'local',
  'cli',
];

interface Import {
  readonly from: string;
  readonly specifier: string;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const specifiers = text.matchAll(
    /^(?:import|export)\b[^'"]*?from\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  );
  return [...specifiers].map((match) => ({ from: file, specifier: match[1] ?? match[2] ?? match[3] ?? '' }));
}

function placeOf(file: string): string {
  return file.split(sep)[1] ?? '';
}

describe('layout', () => {
  const shared = sourceFiles('shared');

  it('knows every place in shared/', () => {
    expect(readdirSync(join(root, 'shared')).filter((name) => !order.includes(name) && name !== 'README.md')).toEqual(
      [],
    );
  });

  it('lets a folder import only folders that stand before it', () => {
    const wrong = shared.flatMap(importsOf).filter(({ from, specifier }) => {
      if (!specifier.startsWith('.')) return false;
      const target = relative(root, resolve(root, dirname(from), specifier));
      if (!target.startsWith('shared')) return true;
      return order.indexOf(placeOf(target)) > order.indexOf(placeOf(from));
    });
    expect(wrong).toEqual([]);
  });

  it('keeps the engine free of Node, Azure and everything outside itself', () => {
    const allowed = new Set(['@noble/curves', '@noble/hashes', 'hash-wasm']);
    const wrong = sourceFiles('shared/yara')
      .flatMap(importsOf)
      .filter(({ from, specifier }) => {
        if (specifier.startsWith('.'))
          return !relative(root, resolve(root, dirname(from), specifier)).startsWith(join('shared', 'yara'));
        const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0]!;
        return !allowed.has(name);
      });
    expect(wrong).toEqual([]);
  });

  it('enters the engine only through its index', () => {
    const wrong = [...shared, ...sourceFiles('functions')]
      .filter((file) => !file.startsWith(join('shared', 'yara')))
      .flatMap(importsOf)
      .filter(({ specifier }) => /\/yara\/(?!index\.ts$)/.test(specifier))
      .filter(({ from, specifier }) => !(specifier.endsWith('scan-result.ts') || from.includes(`${sep}rule-set.ts`)));
    expect(wrong).toEqual([]);
  });

  it('lets syntax know nothing of the later stages of the engine', () => {
    const wrong = sourceFiles('shared/yara/syntax')
      .flatMap(importsOf)
      .filter(({ specifier }) => !specifier.startsWith('./'));
    expect(wrong).toEqual([]);
  });

  it('writes builtin modules with their prefix', () => {
    const wrong = [...shared, ...sourceFiles('functions')]
      .flatMap(importsOf)
      .filter(({ specifier }) => builtinModules.includes(specifier));
    expect(wrong).toEqual([]);
  });

  it('takes the environment only where the program starts', () => {
    const code = (file: string): string =>
      readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '');
    const readers = [...shared, ...sourceFiles('functions')].filter((file) => /process\.env\b/.test(code(file)));
    // The app, the local stack's entry, and Azurite's own variables for its child process.
    const allowed = ['shared/app.ts', 'shared/local/azurite.ts', 'shared/local/main.ts', 'shared/cli/main.ts'];
    expect(readers.map((file) => file.replaceAll(sep, '/')).filter((file) => !allowed.includes(file))).toEqual([]);
  });

  it('keeps function entries thin', () => {
    const long = sourceFiles('functions').filter(
      (file) => readFileSync(join(root, file), 'utf8').split('\n').length > 41,
    );
    expect(long).toEqual([]);
  });

  it('has nothing at the top but what was agreed', () => {
    const agreed = [
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'host.json',
      'functions',
      'shared',
      'rules',
      'infra',
      'test',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'eslint.config.js',
      'azure.yaml',
    ];
    const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
    const top = new Set(
      tracked.map((file) => file.split('/')[0]!).filter((name) => name !== '' && !name.startsWith('.')),
    );
    expect([...top].filter((name) => !agreed.includes(name))).toEqual([]);
  });

  it('names no registry host', () => {
    const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
      .split('\n')
      .filter((file) => file !== '');
    const hosts = [
      ['registry', 'npmjs', 'org'],
      ['registry', 'yarnpkg', 'com'],
    ].map((parts) => parts.join('.'));
    const wrong = tracked.filter((file) => {
      const text = readFileSync(join(root, file), 'latin1');
      return hosts.some((host) => text.includes(host));
    });
    expect(wrong).toEqual([]);
  });
});
