/**
 * What a person reads. `golden/CODE.txt` holds cases for each code that the front end can report: a source, a line of
 * dashes, and what is printed for it. In a source `«0D»` is the byte of that number.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SYNTAX_CODES } from '../../../../../shared/yara/syntax/codes.ts';
import { parseText } from './parse-text.ts';

const folder = new URL('golden/', import.meta.url);

interface GoldenCase {
  readonly code: string;
  readonly title: string;
  readonly source: Uint8Array;
  readonly rendered: string;
}

function goldenCases(): GoldenCase[] {
  return readdirSync(folder).flatMap((file) => {
    const cases = readFileSync(new URL(file, folder), 'utf8').split(/^=+\n/m).slice(1);
    return cases.map((text) => {
      const [source = '', rendered = ''] = text.split(/^-+\n/m);
      const title = source.split('\n').slice(0, 3).join(' ').slice(0, 80);
      return { code: file.replace('.txt', ''), title, source: bytesOf(source), rendered: rendered.trimEnd() };
    });
  });
}

function bytesOf(source: string): Uint8Array {
  const parts = source.split(/«([0-9A-F]{2})»/);
  return Buffer.concat(parts.map((part, index) => Buffer.from(part, index % 2 === 1 ? 'hex' : 'utf8')));
}

const cases = goldenCases();

describe('printed diagnostics', () => {
  it('have a case for every code of the front end', () => {
    // The two that need a thousand others before them have a test of their own.
    const codes = SYNTAX_CODES.filter((code) => code !== 'too_many_warnings');
    expect([...new Set(cases.map((one) => one.code))].sort()).toEqual([...codes].sort());
  });

  it.each(cases.map((one) => [`${one.code}: ${one.title}`, one] as const))(
    '%s',
    (_title, { code, source, rendered }) => {
      const { diagnostics, codes } = parseText(source, 'rules/a.yar');
      expect(codes).toContain(code);
      expect(diagnostics.all.map((diagnostic) => diagnostic.rendered).join('\n\n')).toBe(rendered);
    },
  );
});
