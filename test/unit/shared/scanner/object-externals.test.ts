import { describe, expect, it } from 'vitest';
import {
  declaredExternals,
  defaultExternals,
  externalsOf,
  pickExternals,
} from '../../../../shared/scanner/object-externals.ts';
import { compileRules, scanBytes } from '../../../../shared/yara/index.ts';

const nothing = new Uint8Array(0);

describe('externalsOf', () => {
  it.each([
    ['uploads/2026/Invoice.PDF', 'Invoice.PDF', '/uploads/2026/Invoice.PDF', '.pdf'],
    ['uploads/archive.tar.gz', 'archive.tar.gz', '/uploads/archive.tar.gz', '.gz'],
    ['uploads/.bashrc', '.bashrc', '/uploads/.bashrc', ''],
    ['uploads/noextension', 'noextension', '/uploads/noextension', ''],
    ['uploads/ends.', 'ends.', '/uploads/ends.', '.'],
    ['uploads/folder/', '', '/uploads/folder/', ''],
    ['/tmp/a.exe', 'a.exe', '/tmp/a.exe', '.exe'],
    ['C:\\Users\\a.EXE', 'a.EXE', 'C:\\Users\\a.EXE', '.exe'],
    ['uploads/größe.doc', 'größe.doc', '/uploads/größe.doc', '.doc'],
  ])('takes the path %s apart', (path, filename, filepath, extension) => {
    expect(externalsOf({ path }, nothing)).toEqual({ filename, filepath, extension, filetype: '', owner: '' });
  });

  it('passes the owner on where there is one', () => {
    expect(externalsOf({ path: 'a', owner: 'root' }, nothing).owner).toBe('root');
  });

  it.each([
    ['EXE', '4d5a9000'],
    ['ELF', '7f454c4602'],
    ['ZIP', '504b030414'],
    ['PDF', '255044462d312e37'],
    ['OLE', 'd0cf11e0a1b11ae100'],
    ['TAR', `${'61'.repeat(257)}7573746172003030`],
    ['', '4d'],
    ['', '005a4d'],
    ['', ''],
  ])('says %s for an object that begins with %s', (filetype, hex) => {
    expect(externalsOf({ path: 'a' }, Buffer.from(hex, 'hex')).filetype).toBe(filetype);
  });
});

describe('declaredExternals', () => {
  const source = { text: 'rule by_name { condition: filename == "evil.exe" }' };

  it('names those the rules were compiled with, and a scan takes exactly these', async () => {
    const rules = compileRules([source], { externals: { filename: '', extension: '' } });
    const names = declaredExternals(rules);
    expect(names).toEqual(['filename', 'extension']);
    const externals = pickExternals(externalsOf({ path: 'uploads/evil.exe' }, nothing), names);
    const result = await scanBytes(rules, nothing, { externals });
    expect(result.matches.map(({ rule }) => rule)).toEqual(['by_name']);
  });

  it('names none for rules compiled without, and all for rules compiled with the defaults', () => {
    expect(declaredExternals(compileRules([{ text: 'rule a { condition: true }' }]))).toEqual([]);
    const all = declaredExternals(compileRules([source], { externals: defaultExternals }));
    expect(all).toEqual(['filename', 'filepath', 'extension', 'filetype', 'owner']);
  });
});
