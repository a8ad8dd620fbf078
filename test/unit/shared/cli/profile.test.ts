/** `sluice profile` shows what was looked for, found and evaluated, the costliest first. */
import { expect, it } from 'vitest';
import { makeFolder, runHere } from './run-sluice.ts';

const RULES = `
rule found { strings: $a = "needle" $b = /ne[a-z]{2,3}le!/ condition: $a and #b == 0 }
rule absent { strings: $a = "haystack" condition: $a }
`;

const FILES = { 'rules.yar': RULES, object: `${'needle '.repeat(50)}need` };

it('counts candidates, verifications and evaluations', async () => {
  const folder = makeFolder(FILES);
  const { status, stdout, stderr } = await runHere(folder, ['profile', '@/object', '--rules', '@/rules.yar', '--json']);
  expect(status).toBe(0);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const times = rows.map(({ ms }) => ms as number);
  expect(times).toEqual([...times].sort((a, b) => b - a));
  const counts = rows.map(({ rule, pattern, kind, candidates, verifications }) => [
    rule,
    pattern,
    kind,
    candidates,
    verifications,
  ]);
  expect(counts).toContainEqual(['found', '$a', 'text', 50, 50]);
  expect(counts).toContainEqual(['found', undefined, 'condition', undefined, 1]);
  expect(counts.some(([rule]) => rule === 'absent')).toBe(false);
  expect(stderr).toMatch(
    /354 bytes, \d+ candidates, \d+ ms: filter [\d.]+, gates 0\.0, patterns and conditions [\d.]+/,
  );
});

it('draws a table of the first rows', async () => {
  const folder = makeFolder(FILES);
  const { stdout, stderr } = await runHere(folder, ['profile', '@/object', '--rules', '@/rules.yar', '--top', '1']);
  expect(stdout).toMatch(/rule +│ pattern +│ kind +│ +candidates +│ +verifications +│ +ms/);
  expect(stdout.match(/found/g)).toHaveLength(1);
  expect(stderr).toMatch(/more cost less/);
});

it('says what is wrong with the file', async () => {
  const folder = makeFolder(FILES);
  const { status, stderr } = await runHere(folder, ['profile', '@/nothing', '--rules', '@/rules.yar']);
  expect(status).toBe(2);
  expect(stderr).toContain('nothing');
});
