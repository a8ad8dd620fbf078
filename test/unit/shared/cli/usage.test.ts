import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder, projectRoot, runHere, runSluice } from './run-sluice.ts';

const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };

describe('the command line', { timeout: 30_000 }, () => {
  it.each([
    [['scna', 'x'], "error: unknown command 'scna'", 'Did you mean scan?'],
    [['scan', '--thread', '2', 'x'], "error: unknown option '--thread'", 'Did you mean --threads?'],
    [['scan'], "error: missing required argument 'path'", '--help'],
    [['scan', '--threads', '0', 'x'], "error: option '--threads <n>' argument '0' is invalid.", 'from 1 to 64'],
    [['scan', '--timeout', '5', 'x'], "error: option '--timeout <duration>' argument '5' is invalid.", '30s'],
    [['scan', '--timeout', '0s', 'x'], "error: option '--timeout <duration>' argument '0s' is invalid.", '30s'],
    [['rules', 'frobnicate'], "error: unknown command 'frobnicate'", '--help'],
  ] as const)('ends with 2 for %j and says what is wrong', async (args, message, hint) => {
    const { status, stdout, stderr } = await runHere(makeFolder(), args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.startsWith(message), stderr).toBe(true);
    expect(stderr).toContain(hint);
  });

  it('tells its version and how to use it, with examples and what exit statuses mean', async () => {
    const folder = makeFolder();
    const versions = await runHere(folder, ['--version']);
    expect(versions.status).toBe(0);
    expect(versions.stdout.startsWith(`sluice ${version} (engine `)).toBe(true);
    const help = await runHere(folder, ['--help']);
    expect([help.status, help.stderr]).toEqual([0, '']);
    for (const text of ['Examples:', 'sluice scan suspicious.bin', 'Exit status:']) expect(help.stdout).toContain(text);
    const nothing = await runSluice(folder, []);
    expect([nothing.status, nothing.stdout, nothing.stderr]).toEqual([2, '', help.stdout]);
  });
});
