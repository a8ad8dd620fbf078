import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { root } from './infra/copy-infra.ts';

const page = readFileSync(`${root}/.github/SECURITY.md`, 'utf8');

describe('the page on security', () => {
  it('names tests that exist for every kind of hostile input', () => {
    const rows = page.split('\n').filter((line) => line.startsWith('| ') && line.includes('`test/'));
    const kinds = ['message', 'URL', 'name', 'tags', 'metadata', 'bundle', 'checkpoint', 'policy', 'exclusion'];
    for (const kind of kinds) {
      expect(
        rows.some((row) => row.split('|')[1]!.includes(kind)),
        kind,
      ).toBe(true);
    }
    const tests = [...page.matchAll(/`(test\/[^`]+)`/g)].map((match) => match[1]!);
    expect(tests.filter((path) => !existsSync(`${root}/${path}`))).toEqual([]);
  });
});
