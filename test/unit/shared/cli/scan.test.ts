import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ended, makeFolder, parseLines, runHere, runSluice, startSluice } from './run-sluice.ts';

const RULES = `
rule Marked : apt loud {
  meta:
    description = "holds the mark"
    severity = "high"
    count = 7
  strings:
    $mark = "needle-4711" ascii wide
  condition:
    $mark
}
rule Large : size {
  condition:
    filesize > 100
}
`;
/** Starting the program takes a while on a machine that is busy with other tests. */
const TIMEOUT = 30_000;
const HUGE = 64 * 2 ** 30;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
/** What differs from run to run. */
const withoutTimes = (text: string): string => text.replaceAll(/"durationInMs":\d+/g, '"durationInMs":0');

describe('sluice scan', { timeout: TIMEOUT }, () => {
  it('ends with 0 and says nothing on standard output when everything is clean', async () => {
    const folder = makeFolder({ 'rules.yar': RULES, 'a.txt': 'nothing here' });
    const { status, stdout, stderr } = await runSluice(folder, ['scan', '--rules', 'rules.yar', 'a.txt']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toMatch(/^1 file, 12 B, 0 matches, 0 not wholly scanned, \d+\.\d MB\/s, (\d+ ms|\d+\.\d s)\n$/);
  });

  it('ends with 1 and a line for each finding, in the order of arguments and names', async () => {
    const folder = makeFolder({
      'rules.yar': RULES,
      'tree/b/two.bin': `${'.'.repeat(200)}needle-4711`,
      'tree/b/one.bin': 'needle-4711',
      'tree/a.bin': Buffer.from('needle-4711', 'utf16le'),
      'tree/clean.txt': 'nothing here',
      'first.txt': 'a needle-4711 and a needle-4711',
    });
    const args = ['scan', '--rules', 'rules.yar', '--print-strings', 'first.txt', 'tree'];
    const { status, stdout, stderr } = await runSluice(folder, args);
    expect(status).toBe(1);
    expect(stdout).toBe(
      [
        'first.txt: Marked [apt, loud] High',
        '  $mark at 2, 11 bytes: needle-4711',
        '  $mark at 20, 11 bytes: needle-4711',
        'tree/a.bin: Marked [apt, loud] High',
        '  $mark at 0, 22 bytes, UTF-16: needle-4711',
        'tree/b/one.bin: Marked [apt, loud] High',
        '  $mark at 0, 11 bytes: needle-4711',
        'tree/b/two.bin: Marked [apt, loud] High',
        '  $mark at 200, 11 bytes: needle-4711',
        'tree/b/two.bin: Large [size] Medium',
        '',
      ].join('\n'),
    );
    expect(stderr).toMatch(/^5 files, 287 B, 5 matches, 0 not wholly scanned, /);
  });

  it('prints one JSON object for each file', async () => {
    const content = 'xx needle-4711';
    const folder = makeFolder({ 'rules.yar': RULES, 'hit.bin': content, 'empty.bin': '' });
    const args = ['scan', '--json', '--rules', 'rules.yar', 'hit.bin', 'missing.bin', 'empty.bin'];
    const { status, stdout, stderr } = await runSluice(folder, args);
    expect(status).toBe(1);
    const meta = [
      ['description', 'holds the mark'],
      ['severity', 'high'],
      ['count', 7],
    ];
    const matches = [{ pattern: '$mark', offset: 3, length: 11, excerpt: 'needle-4711' }];
    const finding = { rule: 'Marked', namespace: 'default', tags: ['apt', 'loud'], meta, severity: 'High', matches };
    const whole = { reason: null, detail: null, durationInMs: expect.any(Number) };
    expect(parseLines(stdout)).toEqual([
      {
        path: 'hit.bin',
        verdict: 'match',
        size: content.length,
        sha256: sha256(content),
        findings: [{ ...finding, hasMoreMatches: false }],
        ...whole,
      },
      {
        path: 'missing.bin',
        verdict: 'incomplete',
        reason: 'sourceError',
        detail: 'no such file: missing.bin',
        size: null,
        sha256: null,
        findings: [],
        durationInMs: expect.any(Number),
      },
      { path: 'empty.bin', verdict: 'clean', size: 0, sha256: sha256(''), findings: [], ...whole },
    ]);
    expect(stderr).toContain('missing.bin: not wholly scanned: sourceError: no such file: missing.bin\n');
  });

  it('says that there are more matches than it lists', async () => {
    const folder = makeFolder({ 'rules.yar': RULES, 'many.txt': 'needle-4711 '.repeat(40) });
    const args = ['scan', '--tag', 'apt', '--rules', '@/rules.yar', '@/many.txt'];
    const json = await runHere(folder, [...args, '--json']);
    const [finding] = parseLines(json.stdout)[0]!.findings as { matches: unknown[]; hasMoreMatches: boolean }[];
    expect([finding!.matches.length, finding!.hasMoreMatches]).toEqual([16, true]);
    const text = await runHere(folder, [...args, '--print-strings']);
    expect(text.stdout).toMatch(/\n {2}… and more\n$/);
  });

  it('reads standard input for -', async () => {
    const folder = makeFolder({ 'rules.yar': RULES });
    const content = `${'.'.repeat(100_000)}needle-4711`;
    const { status, stdout } = await runSluice(folder, ['scan', '--json', '--rules', 'rules.yar', '-'], content);
    expect(status).toBe(1);
    expect(parseLines(stdout)).toMatchObject([
      {
        path: '-',
        verdict: 'match',
        size: content.length,
        sha256: sha256(content),
        findings: [{ rule: 'Marked', matches: [{ offset: 100_000, excerpt: 'needle-4711' }] }, { rule: 'Large' }],
      },
    ]);
    const twice = await runHere(folder, ['scan', '--rules', '@/rules.yar', '-', '-']);
    expect([twice.status, twice.stderr]).toEqual([2, 'error: standard input (-) can be scanned only once\n']);
  });

  it('gives the same output with several threads', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [
        `tree/${index % 7}/${index}.bin`,
        `${'.'.repeat((index * 7_919) % 50_000)}${index % 3 === 0 ? 'needle-4711' : ''}`,
      ]),
    );
    const folder = makeFolder({ 'rules.yar': RULES, ...files });
    const args = ['scan', '--json', '--rules', 'rules.yar', 'tree', 'missing', '-'];
    const one = await runSluice(folder, args, 'needle-4711');
    const two = await runSluice(folder, [...args, '--threads', '2'], 'needle-4711');
    expect(parseLines(one.stdout)).toHaveLength(62);
    expect(withoutTimes(two.stdout)).toBe(withoutTimes(one.stdout));
    expect([one.status, two.status]).toEqual([1, 1]);
  });

  it('reports only rules with one of the tags', async () => {
    const folder = makeFolder({ 'rules.yar': RULES, 'both.txt': `${'.'.repeat(200)}needle-4711` });
    const scan = (...tags: string[]) =>
      runHere(folder, ['scan', '--rules', '@/rules.yar', ...tags.flatMap((tag) => ['--tag', tag]), '@/both.txt']);
    expect((await scan('size')).stdout).toBe('both.txt: Large [size] Medium\n');
    expect((await scan('size', 'loud')).stdout.split('\n')).toHaveLength(3);
    const unknown = await scan('nosuch');
    expect([unknown.status, unknown.stderr]).toEqual([2, 'error: no rule of rules.yar has the tag nosuch\n']);
  });

  it('defines externals by the form of their text and from the object', async () => {
    const rules = `
      rule by_text { condition: environment == "lab" }
      rule by_integer { condition: level == 3 }
      rule by_float { condition: share > 0.25 and share < 0.75 }
      rule by_boolean { condition: strict }
      rule by_object { condition: filename == "a.TXT" and extension == ".txt" and filepath endswith "/sub/a.TXT" }
    `;
    const folder = makeFolder({ 'rules.yar': rules, 'sub/a.TXT': 'x' });
    const values = ['environment=lab', 'level=3', 'share=0.5', 'strict=true', 'unused=1'];
    const define = values.flatMap((value) => ['--define', value]);
    const { status, stdout } = await runHere(folder, ['scan', '--json', ...define, '--rules', '@/rules.yar', '@/sub']);
    expect(status).toBe(1);
    const findings = parseLines(stdout)[0]!.findings as { rule: string }[];
    expect(findings.map(({ rule }) => rule)).toEqual(['by_text', 'by_integer', 'by_float', 'by_boolean', 'by_object']);

    const undefinedName = await runHere(folder, ['scan', '--rules', '@/rules.yar', '@/sub']);
    expect(undefinedName.status).toBe(2);
    const malformed = await runHere(folder, ['scan', '--define', '1x', '--rules', '@/rules.yar', '@/sub']);
    expect([malformed.status, malformed.stderr.split('\n')[0]]).toEqual([
      2,
      'error: --define 1x: not of the form name=value',
    ]);
  });

  it('calls nothing clean that took too long, and ends with 3', async () => {
    const folder = makeFolder({ 'rules.yar': RULES, 'huge.bin': '', 'small.txt': 'nothing here' });
    truncateSync(join(folder, 'huge.bin'), HUGE);
    const args = [
      'scan',
      '--json',
      '--rules',
      'rules.yar',
      '--tag',
      'apt',
      '--timeout',
      '100ms',
      'huge.bin',
      'small.txt',
    ];
    const { status, stdout, stderr } = await runSluice(folder, args);
    expect(status).toBe(3);
    expect(parseLines(stdout)).toMatchObject([
      { path: 'huge.bin', verdict: 'incomplete', reason: 'deadline', detail: 'not finished after 100 ms', size: HUGE },
      { path: 'small.txt', verdict: 'clean' },
    ]);
    expect(stderr).toMatch(
      /^huge\.bin: not wholly scanned: deadline: not finished after 100 ms\n2 files, .* 1 not wholly/,
    );
  });

  it.skipIf(!existsSync('/proc/self/mem'))('calls nothing clean that it cannot read (needs /proc)', async () => {
    const folder = makeFolder({ 'rules.yar': RULES, 'small.txt': 'nothing here' });
    const { status, stderr } = await runHere(folder, [
      'scan',
      '--rules',
      '@/rules.yar',
      '/proc/self/mem',
      '@/small.txt',
    ]);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^\/proc\/self\/mem: not wholly scanned: sourceError: .*EIO/);
  });

  it.skipIf(process.getuid?.() === 0)(
    'calls nothing clean that it may not read (needs another user than root)',
    async () => {
      const folder = makeFolder({ 'rules.yar': RULES, 'tree/a/inner.txt': 'x', 'tree/b.txt': 'x', 'tree/c.txt': 'x' });
      chmodSync(join(folder, 'tree/a'), 0);
      chmodSync(join(folder, 'tree/b.txt'), 0);
      onTestFinished(() => {
        chmodSync(join(folder, 'tree/a'), 0o700);
      });
      const { status, stderr } = await runHere(folder, ['scan', '--rules', '@/rules.yar', '@/tree']);
      expect(status).toBe(3);
      expect(stderr.split('\n').slice(0, 2)).toEqual([
        'tree/a: not wholly scanned: sourceError: folder cannot be read: EACCES',
        'tree/b.txt: not wholly scanned: sourceError: file may not be read: tree/b.txt',
      ]);
      expect(stderr).toContain('3 files, 1 B, 0 matches, 2 not wholly scanned');
    },
  );

  it('follows no links out of a folder and passes over pipes, and says so', async () => {
    const folder = makeFolder({ 'rules.yar': RULES, 'outside/secret.txt': 'needle-4711', 'tree/a.txt': 'needle-4711' });
    symlinkSync('../outside', join(folder, 'tree/away'));
    symlinkSync('../outside/secret.txt', join(folder, 'tree/gone.txt'));
    symlinkSync('a.txt', join(folder, 'tree/near'));
    execFileSync('mkfifo', [join(folder, 'tree/pipe')]);
    const { status, stdout, stderr } = await runHere(folder, ['scan', '--rules', '@/rules.yar', '@/tree']);
    expect(status).toBe(1);
    expect(stdout).toBe('tree/a.txt: Marked [apt, loud] High\n');
    expect(stderr.split('\n').slice(0, 3)).toEqual([
      'tree/away: passed over: it is a link that leads out of the folder',
      'tree/gone.txt: passed over: it is a link that leads out of the folder',
      'tree/pipe: passed over: it is a pipe',
    ]);
    const named = await runHere(folder, ['scan', '--rules', '@/rules.yar', '@/tree/pipe']);
    expect([named.status, named.stderr.split('\n')[0]]).toEqual([
      3,
      'tree/pipe: not wholly scanned: sourceError: not a regular file but a pipe: tree/pipe',
    ]);
  });

  it('does not let a name write to the terminal', async () => {
    const folder = makeFolder({ 'rules.yar': RULES });
    writeFileSync(join(folder, 'red\u001b[31m\nfake: Rule.txt'), 'needle-4711');
    const { stdout } = await runHere(folder, ['scan', '--rules', '@/rules.yar', '@/']);
    expect(stdout.split('\n')[0]).toBe('red\\u001b[31m\\nfake: Rule.txt: Marked [apt, loud] High');
  });

  it('ends with 130 when it is interrupted', async () => {
    const folder = makeFolder({ 'rules.yar': RULES, 'small.txt': 'needle-4711', 'huge.bin': '' });
    truncateSync(join(folder, 'huge.bin'), HUGE);
    for (const threads of ['1', '2']) {
      const args = [
        'scan',
        '--json',
        '--threads',
        threads,
        '--rules',
        'rules.yar',
        '--tag',
        'apt',
        'small.txt',
        'huge.bin',
      ];
      const child = startSluice(folder, threads === '1' ? args : [...args, ...Array<string>(40).fill('small.txt')]);
      const end = ended(child);
      // With several threads the first line comes when enough others have been started.
      await once(child.stdout, 'data');
      child.kill('SIGINT');
      const { status, stderr } = await end;
      expect([status, stderr.includes('(interrupted)')]).toEqual([130, true]);
    }
  });

  it('ends quietly when nobody reads its output any more', async () => {
    const files = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`tree/${index}`, 'needle-4711']));
    const folder = makeFolder({ 'rules.yar': RULES, ...files });
    const child = startSluice(folder, ['scan', '--json', '--rules', 'rules.yar', 'tree']);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const lines = createInterface({ input: child.stdout });
    const exit = once(child, 'exit');
    await once(lines, 'line');
    child.stdout.destroy();
    expect(await exit).toEqual([1, null]);
    expect(stderr).toMatch(/^\d+ files, [^\n]*\n$/);
  });
});
