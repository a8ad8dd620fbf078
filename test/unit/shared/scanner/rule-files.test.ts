import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  compileRuleFiles,
  filesOfRules,
  isRuleFileName,
  readRuleFiles,
  RuleFileError,
} from '../../../../shared/scanner/rule-files.ts';
import { RuleCompileError } from '../../../../shared/yara/index.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-rules-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function put(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

const rule = (name: string, condition = 'true'): string => `rule ${name} { condition: ${condition} }\n`;
const names = (files: readonly { name: string }[]): string[] => files.map(({ name }) => name);

describe('readRuleFiles', () => {
  it('reads the rule files of a folder in the order of their paths, a namespace for each folder in it', () => {
    put({
      'b/2.yar': rule('r'),
      'b/sub/1.yara': rule('s'),
      'a/1.YAR': rule('r'),
      'z.yar': rule('z'),
      'a/notes.txt': '',
    });
    put({ '.hidden/x.yar': rule('x'), 'a/.draft.yar': rule('x') });
    const files = readRuleFiles(root, 'rules');
    expect(names(files)).toEqual(['rules/a/1.YAR', 'rules/b/2.yar', 'rules/b/sub/1.yara', 'rules/z.yar']);
    expect(files.map(({ namespace }) => namespace)).toEqual(['a', 'b', 'b', 'default']);
    expect(files[0]!.path).toBe(join(root, 'a/1.YAR'));
    expect(names(readRuleFiles(root, 'rules/'))).toEqual(names(files));
  });

  it('reads one file under its name, whatever that is', () => {
    put({ 'a/rules.txt': rule('r') });
    const [file] = readRuleFiles(join(root, 'a/rules.txt'), 'a/rules.txt');
    expect([file!.name, file!.namespace, Buffer.from(file!.text).toString()]).toEqual([
      'a/rules.txt',
      'default',
      rule('r'),
    ]);
  });

  it('reads links to files and follows none to folders', () => {
    put({ 'a/1.yar': rule('r') });
    symlinkSync('a/1.yar', join(root, 'link.yar'));
    symlinkSync('a', join(root, 'folder.yar'));
    symlinkSync('a', join(root, 'folder'));
    expect(names(readRuleFiles(root, '.'))).toEqual(['a/1.yar', 'link.yar']);
  });

  it('gives nothing for a folder without rules, and fails for what is not there or cannot be read', () => {
    expect(readRuleFiles(root, 'rules')).toEqual([]);
    const readMissing = (): unknown => readRuleFiles(join(root, 'nosuch'), 'nosuch');
    expect(readMissing).toThrow(RuleFileError);
    expect(readMissing).toThrow('rules cannot be read: nosuch (no such file or folder)');
    symlinkSync('nowhere', join(root, 'dangling.yar'));
    expect(() => readRuleFiles(root, 'rules')).toThrow(
      'rules cannot be read: rules/dangling.yar (no such file or folder)',
    );
    expect(() => readRuleFiles('/dev/null', 'null')).toThrow('rules cannot be read: null (not a regular file)');
  });
});

describe('isRuleFileName', () => {
  it.each([
    ['a.yar', true],
    ['a.yara', true],
    ['A.YAR', true],
    ['a.yarn', false],
    ['a.yar.txt', false],
    ['.a.yar', false],
  ])('%s: %s', (name, isRules) => {
    expect(isRuleFileName(name)).toBe(isRules);
  });
});

describe('compileRuleFiles', () => {
  it('compiles with the default externals and those given', () => {
    put({ 'a.yar': rule('r', 'extension == ".exe" and level > 1') });
    expect(compileRuleFiles(readRuleFiles(root), { level: 2 }).rules.map((info) => info.rule)).toEqual(['r']);
    expect(() => compileRuleFiles(readRuleFiles(root))).toThrow(RuleCompileError);
  });

  it('lets families use one name, and a global rule silence only its own', () => {
    put({ 'a/1.yar': `global ${rule('same', 'false')}`, 'b/1.yar': rule('same') });
    const { rules } = compileRuleFiles(readRuleFiles(root));
    expect(rules.map((info) => `${info.namespace}:${info.rule}`)).toEqual(['a:same', 'b:same']);
  });

  it('includes files relative to the one that includes them', () => {
    put({
      'a/main.yar': `include "../lib/base.inc"\n${rule('top', 'inner')}`,
      'lib/base.inc': 'include "deep/inner.inc"',
    });
    put({ 'lib/deep/inner.inc': rule('inner') });
    const { rules } = compileRuleFiles(readRuleFiles(root));
    expect(rules.map((info) => `${info.namespace}:${info.rule}`)).toEqual(['a:inner', 'a:top']);
  });

  it('compiles a file that another one includes only there', () => {
    put({
      'index.yar': 'include "./set/one.yar"\ninclude "two.yar"\n',
      'set/one.yar': rule('one'),
      'two.yar': rule('two'),
    });
    put({ 'three.yar': rule('three') });
    const { rules } = compileRuleFiles(readRuleFiles(root));
    expect(rules.map((info) => info.rule)).toEqual(['one', 'two', 'three']);
  });

  it('says where an include leads nowhere, in a circle or to something without end', () => {
    const tell = (files: Record<string, string>): string => {
      put(files);
      try {
        compileRuleFiles(readRuleFiles(root, 'rules'));
        return 'compiled';
      } catch (error) {
        return error instanceof RuleCompileError ? error.message : String(error);
      }
    };
    expect(tell({ 'a.yar': 'include "nosuch.inc"' })).toContain('rules/a.yar:1:9');
    expect(tell({ 'a.yar': 'include "/dev/zero"' })).toMatch(/^error\[E043\]/);
    expect(tell({ 'a.yar': 'include "b.inc"', 'b.inc': 'include "a.yar"' })).toMatch(/^error\[E046\]/);
  });
});

describe('filesOfRules', () => {
  it('knows the file of every rule, of those too that refer to rules of other files', () => {
    put({ 'a/1.yar': rule('base'), 'a/2.yar': rule('top', 'base'), 'b/1.yar': rule('base') });
    const files = readRuleFiles(root, 'rules');
    expect(Object.fromEntries(filesOfRules(files))).toEqual({
      'a:base': 'rules/a/1.yar',
      'a:top': 'rules/a/2.yar',
      'b:base': 'rules/b/1.yar',
    });
  });
});
