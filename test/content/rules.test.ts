import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Compiler, initSync, type Rules } from '@virustotal/yara-x';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileRules, decodeRules, encodeRules, scanBytes } from '../../shared/yara/index.ts';
import type { CompiledRules } from '../../shared/yara/index.ts';
import { readRuleVectors } from './rule-vectors.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rulesFolder = join(root, 'rules');
const ruleFiles = globSync('**/*.yar', { cwd: rulesFolder })
  .sort()
  .map((path) => join(rulesFolder, path));
const vectorsFiles = globSync('**/*.vectors.yaml', { cwd: rulesFolder }).map((path) => join(rulesFolder, path));

const vectorsPath = (ruleFile: string): string => join(dirname(ruleFile), `${basename(ruleFile, '.yar')}.vectors.yaml`);

interface ReferenceResult {
  readonly valid: boolean;
  readonly matches: readonly { readonly identifier: string }[];
}

function compileWithReference(source: string): Rules {
  const compiler = new Compiler();
  try {
    compiler.addSource(source);
    return compiler.build();
  } finally {
    compiler.free();
  }
}

beforeAll(() => {
  const entry = createRequire(import.meta.url).resolve('@virustotal/yara-x');
  initSync({ module: readFileSync(join(dirname(entry), 'yara_x_js_bg.wasm')) });
});

describe('the rules folder', () => {
  it('holds rules', () => {
    expect(ruleFiles.length).toBeGreaterThan(0);
  });

  it('holds no vectors file without its rule file', () => {
    expect(vectorsFiles.sort()).toEqual(ruleFiles.map(vectorsPath).sort());
  });

  it('names each rule once', () => {
    const names = ruleFiles.flatMap((path) => ruleNames(readFileSync(path, 'utf8')));
    expect(names.length).toBeGreaterThanOrEqual(ruleFiles.length);
    expect(new Set(names).size).toBe(names.length);
  });

  it('holds the EICAR test string in no file', () => {
    const known = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}', '$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!', '$H+H*'].join('');
    const files = globSync(['rules/**/*', 'test/content/**/*', 'shared/local/**/*'], {
      cwd: root,
      withFileTypes: true,
    });
    const holders = files
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => readFileSync(path).includes(known));
    expect(holders).toEqual([]);
  });
});

describe.each(ruleFiles.map((path) => [relative(rulesFolder, path), path] as const))('%s', (_name, path) => {
  const source = readFileSync(path, 'utf8');
  const vectors = readRuleVectors(vectorsPath(path));
  const cases = vectors.map((vector) => [vector.kind, vector.name, vector] as const);

  it('has vectors of all three kinds, each with its own name', () => {
    expect(new Set(vectors.map((vector) => vector.kind))).toEqual(new Set(['hit', 'near-miss', 'miss']));
    expect(new Set(vectors.map((vector) => vector.name)).size).toBe(vectors.length);
  });

  it('has a hit for every rule, and hits alone expect a match', () => {
    const expected = new Set(vectors.flatMap((vector) => vector.expect));
    expect([...expected].sort()).toEqual(ruleNames(source).sort());
    for (const vector of vectors) expect(vector.expect.length > 0, vector.name).toBe(vector.kind === 'hit');
  });

  describe('with the reference engine', () => {
    let rules: Rules;
    beforeAll(() => {
      rules = compileWithReference(source);
    });
    afterAll(() => {
      rules.free();
    });

    it('compiles without warnings', () => {
      expect(rules.warnings).toEqual([]);
    });

    it.each(cases)('%s: %s', (_kind, _vectorName, vector) => {
      const result = rules.scan(vector.bytes) as ReferenceResult;
      expect(result.valid).toBe(true);
      expect(result.matches.map((match) => match.identifier)).toEqual(vector.expect);
    });
  });

  describe('with our own engine', () => {
    let compiled: CompiledRules;
    let fromBundle: CompiledRules;
    beforeAll(() => {
      compiled = compileRules([{ text: source, name: relative(root, path) }]);
      fromBundle = decodeRules(encodeRules(compiled));
    });

    it('compiles without warnings', () => {
      expect(compiled.warnings).toEqual([]);
      expect(compiled.rules.map(({ rule }) => rule)).toEqual(ruleNames(source));
    });

    it.each(cases)('%s: %s', async (_kind, _vectorName, vector) => {
      for (const rules of [compiled, fromBundle]) {
        const result = await scanBytes(rules, vector.bytes);
        expect(result.undecided).toEqual([]);
        expect(result.matches.map(({ rule }) => rule)).toEqual(vector.expect);
      }
    });
  });
});

/** Names of the rules a source declares that are not private. Rule files of this folder put `rule` first on its line. */
function ruleNames(source: string): string[] {
  return [...source.matchAll(/^(?:global )?rule (\w+)/gm)].map((match) => match[1] ?? '');
}
