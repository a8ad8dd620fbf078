import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publicKeyOf, decodeRelease, requireTrust } from '../../../../shared/scanner/rule-release.ts';
import { unitOfRelease } from '../../../../shared/scanner/rule-unit.ts';
import { makeFolder, parseLines, projectRoot, runHere, runSluice } from './run-sluice.ts';

const TIMEOUT = 30_000;
const SOUND = `
rule Both : one two {
  meta:
    description = "text and hex"
  strings:
    $a = "abcdef"
    $b = "ghijkl"
    $c = { 01 02 03 04 }
  condition:
    any of them and filesize > 2
}
private rule Bare { condition: filesize != 0 }
`;
const BROKEN = `rule unknown_pattern {
  strings:
    $a = "x"
  condition:
    $b
}
rule unknown_name { condition: nosuch == 1 }
`;
const WARNED = 'import "math"\nimport "math"\nrule always { condition: filesize != 0 }\n';

describe('sluice rules list', { timeout: TIMEOUT }, () => {
  it('says of the rules of the project what they look for', async () => {
    const { status, stdout } = await runSluice(projectRoot, ['rules', 'list']);
    expect(status).toBe(0);
    expect(stdout.split('\n\n')[0]).toBe(
      [
        'EQGRP_callbacks',
        '  about      EQGRP Toolset Firewall - Callback addresses',
        '  namespace  eqgrp',
        '  file       rules/eqgrp/eqgrp-callbacks.yar',
        '  detection  1 string patterns',
      ].join('\n'),
    );
  });

  it('counts patterns by kind, and names file, tags and needs, as text and as JSON', async () => {
    const folder = makeFolder({ 'set/family/both.yar': SOUND });
    const text = await runHere(folder, ['rules', 'list', '--rules', '@/set']);
    expect(text.stdout).toBe(
      [
        'Both',
        '  about      text and hex',
        '  namespace  family',
        '  file       set/family/both.yar',
        '  tags       one, two',
        '  detection  2 string patterns, 1 hex patterns',
        '  needs      filesize',
        '',
        'Bare',
        '  namespace  family',
        '  file       set/family/both.yar',
        '  kind       private',
        '  detection  no patterns',
        '  needs      filesize',
        '',
      ].join('\n'),
    );
    const json = await runHere(folder, ['rules', 'list', '--json', '--rules', '@/set']);
    expect(parseLines(json.stdout)).toEqual([
      {
        rule: 'Both',
        namespace: 'family',
        file: 'set/family/both.yar',
        tags: ['one', 'two'],
        description: 'text and hex',
        isPrivate: false,
        isGlobal: false,
        patterns: { string: 2, hex: 1, regex: 0 },
        needs: ['filesize'],
      },
      {
        rule: 'Bare',
        namespace: 'family',
        file: 'set/family/both.yar',
        tags: [],
        description: null,
        isPrivate: true,
        isGlobal: false,
        patterns: { string: 0, hex: 0, regex: 0 },
        needs: ['filesize'],
      },
    ]);
  });
});

describe('rules that cannot be used', { timeout: TIMEOUT }, () => {
  const expected = `error[E025]: unknown pattern
 --> broken.yar:5:5
  |
5 |     $b
  |     ^^ there is no pattern $b
  |
  = hint: declared are $a

error[E009]: unknown identifier
 --> broken.yar:7:32
  |
7 | rule unknown_name { condition: nosuch == 1 }
  |                                ^^^^^^ nothing named nosuch is known here

2 errors, 0 warnings
`;

  it('are told with every error, its place and a caret, and end with 2', async () => {
    const folder = makeFolder({ 'broken.yar': BROKEN, 'a.txt': 'x' });
    const check = await runHere(folder, ['rules', 'check', '@/broken.yar']);
    expect(check).toEqual({ status: 2, stdout: expected, stderr: '' });
    const scan = await runSluice(folder, ['scan', '--rules', 'broken.yar', 'a.txt']);
    expect(scan).toEqual({ status: 2, stdout: '', stderr: expected });
  });

  it('are missing, empty or no bundle', async () => {
    const folder = makeFolder({ 'a.txt': 'x', 'bad.sluice': 'not a bundle', 'one.yar': SOUND });
    mkdirSync(join(folder, 'none'));
    const tell = async (...rules: string[]) => {
      const args = ['scan', ...rules.flatMap((rule) => ['--rules', `@/${rule}`]), '@/a.txt'];
      const { status, stderr } = await runHere(folder, args);
      return `${String(status)} ${stderr.split('\n')[0]!}`;
    };
    expect(await tell('nosuch')).toBe('2 error: rules cannot be read: nosuch (no such file or folder)');
    expect(await tell('none')).toBe('2 error: no rule files in none');
    expect(await tell('bad.sluice')).toMatch(/^2 error: bad\.sluice: the rule bundle cannot be used: /);
    expect(await tell('one.yar', 'bad.sluice')).toBe(
      '2 error: a compiled bundle cannot be put together with other rules: bad.sluice',
    );
  });
});

describe('sluice rules check', { timeout: TIMEOUT }, () => {
  it('passes sound rules, and with --strict no warnings', async () => {
    const folder = makeFolder({ 'sound.yar': SOUND, 'warned.yar': WARNED });
    const sound = await runHere(folder, ['rules', 'check', '--strict', '@/sound.yar']);
    expect(sound).toEqual({ status: 0, stdout: '2 rules in 1 file: 0 errors, 0 warnings\n', stderr: '' });
    const warned = await runHere(folder, ['rules', 'check', '@/warned.yar']);
    expect(warned.status).toBe(0);
    expect(warned.stdout).toMatch(
      /^warning\[\w+\]: .*\n --> warned\.yar:2:1\n[^]*1 rule in 1 file: 0 errors, 1 warning\n$/,
    );
    expect((await runHere(folder, ['rules', 'check', '--strict', '@/warned.yar'])).status).toBe(2);
  });
});

describe('sluice rules build', { timeout: TIMEOUT }, () => {
  it('writes a bundle that scans like its sources, the same bytes wherever it is built', async () => {
    const files = { 'set/family/both.yar': SOUND, 'set/warned.yara': WARNED };
    const folder = makeFolder({ ...files, 'a.txt': '..abcdef..' });
    const elsewhere = makeFolder(files);
    writeFileSync(join(folder, 'out.sluice'), 'an older one');
    const built = await runSluice(folder, ['rules', 'build', '--rules', 'set', '--out', 'out.sluice']);
    const again = await runSluice(elsewhere, [
      'rules',
      'build',
      '--rules',
      join(elsewhere, 'set'),
      '--out',
      'b/c.sluice',
    ]);
    expect(built.status).toBe(0);
    expect(built.stdout).toMatch(
      /^out\.sluice: 3 rules from 2 files, 1 warning, \d+(\.\d)? KB\ndigest [0-9a-f]{64}\nbeside it: 0 exclusions, 0 policies\n$/,
    );
    expect(again.stdout.split('\n')[1]).toBe(built.stdout.split('\n')[1]);
    expect(readFileSync(join(elsewhere, 'b/c.sluice')).equals(readFileSync(join(folder, 'out.sluice')))).toBe(true);
    expect(readdirSync(join(elsewhere, 'b'))).toEqual(['c.exclusions.json', 'c.policies.json', 'c.sluice']);

    const findings = async (rules: string) => {
      const { stdout } = await runHere(folder, ['scan', '--json', '--rules', `@/${rules}`, '@/a.txt']);
      return parseLines(stdout)[0]!.findings;
    };
    const fromBundle = await findings('out.sluice');
    expect(fromBundle).toMatchObject([{ rule: 'Both', namespace: 'family' }, { rule: 'always' }]);
    expect(fromBundle).toEqual(await findings('set'));
  });

  it('leaves the older bundle alone when the rules have errors', async () => {
    const folder = makeFolder({ 'set/broken.yar': BROKEN, 'out.sluice': 'an older one' });
    const { status, stderr } = await runHere(folder, ['rules', 'build', '--rules', '@/set', '--out', '@/out.sluice']);
    expect([status, stderr.includes('set/broken.yar:5:5')]).toEqual([2, true]);
    expect(readFileSync(join(folder, 'out.sluice'), 'utf8')).toBe('an older one');
    const unwritable = await runHere(folder, ['rules', 'build', '--out', '@/set/broken.yar/x.sluice']);
    expect([unwritable.status, unwritable.stderr.split('\n')[0]]).toEqual([
      2,
      'error: the bundle cannot be written: set/broken.yar/x.sluice (EEXIST)',
    ]);
  });
});

describe('a release', { timeout: TIMEOUT }, () => {
  const settingOf = (stdout: string, name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)![1]!;
  /** As anybody makes one: with OpenSSL. */
  const makeKey = (file: string): void => {
    execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', file]);
  };
  const exclusion = "id: e\ntitle: t\ndescription: d\nrules: ['*']\nexcludeWhen: object.size == 0\n";

  it('is built beside the bundle, then signed, and is what a scanner takes', async () => {
    const folder = makeFolder({ 'set/both.yar': SOUND, 'set/exclusions/e.yaml': exclusion });
    const args = ['rules', 'build', '--rules', '@/set', '--out', '@/a.sluice', '--release', '@/a.release'];
    const built = await runHere(folder, args);
    expect(built).toMatchObject({ status: 0, stderr: '' });
    makeKey(join(folder, 'key.pem'));
    const signed = await runHere(folder, ['rules', 'sign', '@/a.release', '--key', '@/key.pem']);
    expect(signed).toMatchObject({ status: 0, stderr: '' });
    const release = decodeRelease(new Uint8Array(readFileSync(join(folder, 'a.release'))));
    const digest = settingOf(built.stdout, 'SLUICE_RULES_DIGEST');
    expect(settingOf(signed.stdout, 'SLUICE_RULES_DIGEST')).toBe(digest);
    requireTrust(release, { digest, publicKey: publicKeyOf(settingOf(signed.stdout, 'SLUICE_RULES_KEY')) });
    expect(unitOfRelease(release, '').exclusions.exclusions.map(({ id }) => id)).toEqual(['e']);
    expect(release.exclusions).toBe(readFileSync(join(folder, 'a.exclusions.json'), 'utf8'));

    const atOnce = await runHere(folder, [...args, '--key', '@/key.pem']);
    expect(atOnce.stdout).toContain('a release, signed');
    expect(new Uint8Array(readFileSync(join(folder, 'a.release')))).toEqual(
      new Uint8Array(Buffer.concat([release.signedBytes, release.signature!])),
    );
  });

  it.each([
    ['no such release', ['rules', 'sign', '@/none', '--key', '@/key.pem'], 'ENOENT'],
    ['something else', ['rules', 'sign', '@/both.yar', '--key', '@/key.pem'], 'it is no release of rules'],
    ['no key', ['rules', 'sign', '@/both.yar', '--key', '@/both.yar'], 'no unencrypted private key'],
    ['a key and nothing to sign', ['rules', 'build', '--rules', '@/both.yar', '--key', '@/key.pem'], 'give --release'],
  ])('is not made of %s', async (_, args, problem) => {
    const folder = makeFolder({ 'both.yar': SOUND });
    makeKey(join(folder, 'key.pem'));
    const { status, stderr } = await runHere(folder, args);
    expect(status).toBe(2);
    expect(stderr).toContain(problem);
  });
});
