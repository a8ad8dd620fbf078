import { describe, expect, it } from 'vitest';
import { makeFolder, projectRoot, runHere, runSluice } from './run-sluice.ts';

const TIMEOUT = 30_000;
const examples = `examples:
  excluded: [{ name: a backup, context: { process.name: backup.exe } }]
  kept: [{ name: nothing known, context: {} }]
`;
const SOUND = `id: sound
title: Backups
description: d
rules: [EQGRP_callbacks]
excludeWhen: process.name == "backup.exe"
owner: soc
${examples}`;

const row = (rule: string, more: object): string =>
  JSON.stringify({
    table: 'SluiceFindings_CL',
    FindingId: JSON.stringify(more),
    Rule: rule,
    Namespace: 'eqgrp',
    Severity: 'Medium',
    Tags: [],
    Container: 'uploads',
    ObjectName: 'a.conf',
    Exclusion: '',
    Claims: {},
    ...more,
  });
const ROWS = [
  JSON.stringify({ table: 'SluiceScans_CL', Verdict: 'match' }),
  row('EQGRP_callbacks', { ObjectName: 'backup.conf', Claims: { 'process.name': 'Backup.exe' } }),
  row('EQGRP_callbacks', { ObjectName: 'marked.conf', Claims: '{"process.name":"backup.exe"}', Exclusion: 'other' }),
  JSON.stringify({ scan: {}, findings: [JSON.parse(row('EQGRP_callbacks', { ObjectName: 'kept.conf' })) as object] }),
  row('EICAR_test_file', { Claims: { 'process.name': 'backup.exe' } }),
  '',
].join('\n');

describe('sluice exclusions check', { timeout: TIMEOUT }, () => {
  it('ends with 0 over the exclusions of the project, with notes on the seed filters', async () => {
    const { status, stdout, stderr } = await runSluice(projectRoot, ['exclusions', 'check']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.match(/^note\[can-never-exclude\]/gm)).toHaveLength(4);
    expect(stdout).toContain(' --> rules/exclusions/log-collection.yaml:7:13\n');
    expect(stdout).toMatch(/^6 sound exclusions: 0 errors, 0 warnings, 11 notes$/m);
  });

  it('ends with 1 for warnings and with 2 for errors, each at its place', async () => {
    const folder = makeFolder({
      'sound.yaml': SOUND,
      'warned.yaml': SOUND.replace('id: sound', 'id: warned')
        .replace('owner: soc\n', 'expiry: 2020-01-01\n')
        .replace('[EQGRP_callbacks]', '[Nosuch]'),
      'broken.yaml': SOUND.replace('id: sound', 'id: broken').replace('process.name ==', 'process.nam =='),
      'never.yaml': SOUND.replace('id: sound', 'id: never').replace(
        'excludeWhen: ',
        'filter: process.name != "x.exe" or process.name != "y.exe" or ',
      ),
    });
    expect(await runHere(folder, ['exclusions', 'check', '@/sound.yaml'])).toEqual({
      status: 0,
      stdout: '1 sound exclusion: 0 errors, 0 warnings, 0 notes\n',
      stderr: '',
    });
    const warned = await runHere(folder, ['exclusions', 'check', '@/warned.yaml']);
    expect(warned.status).toBe(1);
    expect(warned.stdout.match(/^\w+\[[\w-]+\]/gm)).toEqual([
      'warning[unowned]',
      'warning[expired]',
      'warning[unknown-rule]',
    ]);
    const broken = await runHere(folder, ['exclusions', 'check', '@/broken.yaml']);
    expect(broken.status).toBe(2);
    expect(broken.stdout).toBe(`error[unknown-field]: unknown field
 --> broken.yaml:5:14
  |
5 | excludeWhen: process.nam == "backup.exe"
  |              ^^^^^^^^^^^ there is no field process.nam
  |
  = hint: did you mean process.name?

0 sound exclusions: 1 error, 0 warnings, 0 notes
`);
    const never = await runHere(folder, ['exclusions', 'check', '@/never.yaml']);
    expect(never.status).toBe(2);
    expect(never.stdout.match(/^\w+\[[\w-]+\]/gm)).toEqual(['error[can-never-exclude]', 'error[example]']);
  });

  it('notes what past findings never needed', async () => {
    const folder = makeFolder({
      'sound.yaml': SOUND,
      'idle.yaml': SOUND.replace('id: sound', 'id: idle').replaceAll('backup.exe', 'other.exe'),
      'rows.jsonl': ROWS,
    });
    const { status, stdout } = await runHere(folder, ['exclusions', 'check', '@', '--rows', '@/rows.jsonl']);
    expect(status).toBe(0);
    expect(stdout.match(/^note.*\n --> \S+/gm)).toEqual([
      'note[never-hit]: exclusion that was never needed\n --> idle.yaml:1:5',
    ]);
  });
});

describe('sluice exclusions', { timeout: TIMEOUT }, () => {
  it('test ends with 1 when an example comes out otherwise', async () => {
    const folder = makeFolder({
      'sound.yaml': SOUND,
      'wrong.yaml': SOUND.replace('id: sound', 'id: wrong').replace(
        'context: {}',
        'context: { process.name: BACKUP.EXE }',
      ),
    });
    const sound = await runHere(folder, ['exclusions', 'test', '@/sound.yaml']);
    expect([sound.status, sound.stdout.split('\n').at(-2)]).toEqual([0, '2 examples, 0 wrong']);
    const wrong = await runHere(folder, ['exclusions', 'test', '@/wrong.yaml']);
    expect([wrong.status, wrong.stdout.split('\n').at(-2)]).toEqual([1, '2 examples, 1 wrong']);
    expect(wrong.stdout).toMatch(/^wrong\s+nothing known\s+kept\s+excluded: wrong$/m);
  });

  it('explain says what is excluded, what is kept, and on whose word', async () => {
    const { status, stdout } = await runHere(makeFolder({ 'sound.yaml': SOUND }), [
      'exclusions',
      'explain',
      '@/sound.yaml',
    ]);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: `sound: Backups
  for         EQGRP_callbacks
  excludes    when process.name == "backup.exe"
  keeps       when process.name != "backup.exe"
  asks for    process.name (claimed: file name of the process; metadata process_name)
  claims are  not trusted: what rests on them alone is still raised, at Informational
  owner       soc
  holds       without an end
`,
    });
    expect((await runHere(makeFolder(), ['exclusions', 'explain', 'known-files'])).stdout).toContain(
      'excludes    1 object by SHA-256',
    );
    expect(await runHere(makeFolder(), ['exclusions', 'explain', 'nosuch'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('error: no exclusion has the id nosuch\n  there are cloud-backup-service, '),
    });
  });

  it('kql prints lines for a query', async () => {
    const folder = makeFolder({ 'sound.yaml': SOUND });
    const kql = async (...args: string[]) =>
      (await runHere(folder, ['exclusions', 'kql', '@/sound.yaml', ...args])).stdout;
    expect(await kql()).toBe('// Exclusion sound: Backups\n| where not(InitiatingProcessFileName =~ "backup.exe")\n');
    expect(await kql('--table', 'SluiceFindings')).toContain(
      '| where not(tostring(Claims["process.name"]) =~ "backup.exe")',
    );
    expect(await kql('--rule', 'Nosuch')).toBe('// No exclusion for Nosuch can hold in DeviceNetworkEvents\n');
    expect(await runHere(folder, ['exclusions', 'kql', '--table', 'x'])).toMatchObject({ status: 2 });
  });

  it('whatif lists what would have been set aside, and changes nothing', async () => {
    const folder = makeFolder({ 'sound.yaml': SOUND, 'rows.jsonl': ROWS, 'bad.jsonl': '{}\nno row\n' });
    const { status, stdout } = await runHere(folder, [
      'exclusions',
      'whatif',
      '@/sound.yaml',
      '--rows',
      '@/rows.jsonl',
    ]);
    expect(status).toBe(0);
    const lines = stdout.split('\n');
    expect(lines.slice(0, 2)).toEqual([
      'sound: would have set aside 2 of 3 findings of its rules, out of 4 in all',
      '  1 of them stand now; 2 on claims alone, still raised at Informational',
    ]);
    expect(lines.slice(5, 7).map((line) => line.split(/\s{2,}/))).toEqual([
      ['EQGRP_callbacks', 'Medium', 'uploads/backup.conf', 'claimed', 'no'],
      ['EQGRP_callbacks', 'Medium', 'uploads/marked.conf', 'claimed', 'other'],
    ]);
    const tell = async (rows: string) =>
      (await runHere(folder, ['exclusions', 'whatif', '@/sound.yaml', '--rows', rows])).stderr;
    expect(await tell('@/bad.jsonl')).toContain('bad.jsonl:2: not a row as JSON');
    expect(await tell('@/nosuch.jsonl')).toContain('rows cannot be read: nosuch.jsonl (ENOENT)');
  });

  it('whatif says where rows cannot tell', async () => {
    const tagged = SOUND.replace('process.name == "backup.exe"', 'tags.team != "x"').replace(/examples:[^]*/, '');
    const folder = makeFolder({ 'sound.yaml': tagged, 'rows.jsonl': ROWS });
    const { stdout } = await runHere(folder, ['exclusions', 'whatif', '@/sound.yaml', '--rows', '@/rows.jsonl']);
    expect(stdout).toBe(
      'sound: would have set aside 0 of 3 findings of its rules, out of 4 in all\n  of 3 it cannot be told: their rows hold no tags.team\n',
    );
  });
});

describe('sluice policies explain', { timeout: TIMEOUT }, () => {
  const POLICIES = `policies:
  - { name: caches, when: { container: cache-*, size: { over: 1MB } }, skip: true }
  - { name: pictures, when: { suffix: .png }, rules: { namespaces: eqgrp } }
`;
  const explain = async (url: string, ...args: string[]) => {
    const folder = makeFolder({ 'p.yaml': POLICIES });
    return runHere(folder, ['policies', 'explain', url, '--policies', '@/p.yaml', ...args]);
  };
  const last = async (...args: [string, ...string[]]) => (await explain(...args)).stdout.trimEnd().split('\n').at(-1);
  const base = 'https://abc.blob.core.windows.net';

  it('says which policy decides, and which does not and why', async () => {
    const { status, stdout } = await explain(`${base}/uploads/a.png`);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^caches\s+no\s+container does not fit$/m);
    expect(stdout).toMatch(/^pictures\s+yes\s+suffix fits$/m);
    expect(stdout).toContain('\nscanned with rules in eqgrp: policy pictures\n');
    expect(await last(`${base}/cache-1/a.png`)).toBe(
      'it depends: not scanned, recorded as skipped: policy:caches where policy caches holds',
    );
    expect(await last(`${base}/cache-1/a.png`, '--size', '2MB')).toBe(
      'not scanned, recorded as skipped: policy:caches: policy caches',
    );
    expect(await last(`${base}/cache-1/a.txt`, '--size', '7')).toBe('scanned with all rules: no policy holds');
  });

  it('ends with 2 for what is no object, and for policies with faults', async () => {
    expect(await explain('abc')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('error: not the URL of an object'),
    });
    expect(await explain(`${base}/u/a`, '--size', 'big')).toMatchObject({ status: 2 });
    const folder = makeFolder({
      'p.yaml': 'policies: [{ name: p, when: { suffix: .o }, rules: { tags: nosuch } }]',
      'q.yaml': 'polices: []',
    });
    const run = (file: string) => runHere(folder, ['policies', 'explain', `${base}/uploads/a`, '--policies', file]);
    expect(await run('@/p.yaml')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('policy p leaves no rule to scan with'),
    });
    expect(await run('@/q.yaml')).toMatchObject({ status: 2, stderr: expect.stringContaining(' --> q.yaml:1:1') });
  });
});

describe('sluice rules build', { timeout: TIMEOUT }, () => {
  it('writes exclusions and policies beside the bundle, or nothing where one of them is faulty', async () => {
    const rule = 'rule EQGRP_callbacks { strings: $a = "abcd" condition: $a }';
    const folder = makeFolder({
      'set/a/a.yar': rule,
      'set/exclusions/sound.yaml': SOUND,
      'set/policies.yaml': 'policies: []',
    });
    const build = () => runHere(folder, ['rules', 'build', '--rules', '@/set', '--out', '@/out.sluice']);
    expect((await build()).stdout).toContain('beside it: 1 exclusion, 0 policies\n');
    const broken = makeFolder({ 'set/a/a.yar': rule, 'set/exclusions/x.yaml': SOUND.replace('== "', '= "') });
    const refused = await runHere(broken, ['rules', 'build', '--rules', '@/set', '--out', '@/out.sluice']);
    expect([refused.status, refused.stderr.includes(' --> set/exclusions/x.yaml:5:27')]).toEqual([2, true]);
  });
});
