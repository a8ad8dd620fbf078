import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileRuleFiles, readRuleFiles } from '../../shared/scanner/rule-files.ts';
import { decodeRules } from '../../shared/yara/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-bundle-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function build(name: string): { said: string; bytes: Uint8Array } {
  const out = join(folder, name);
  const said = execFileSync('npm', ['run', '--silent', 'rules', '--', '--out', out], { cwd: root, encoding: 'utf8' });
  return { said, bytes: new Uint8Array(readFileSync(out)) };
}

describe('npm run rules', () => {
  it('makes the same bytes every time, of the rules that every other part of the program compiles', () => {
    const first = build('first.sluice');
    const second = build('second.sluice');
    expect(second.bytes).toEqual(first.bytes);

    const compiled = compileRuleFiles(readRuleFiles(join(root, 'rules'), 'rules'));
    const bundle = decodeRules(first.bytes);
    expect(bundle.digest).toBe(compiled.digest);
    expect(bundle.rules).toEqual(compiled.rules);
    expect(bundle.rules.map(({ namespace, rule }) => `${namespace}:${rule}`)).toContain('eqgrp:EQGRP_callbacks');
    expect(first.said).toContain(`digest ${compiled.digest}\n`);
    expect(bundle.warnings).toEqual([]);
  });
});
