/** The program behind `npm start`, run as people run it: a process of its own, on real parts. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ChildProcess } from 'node:child_process';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } };

/** A run of the program, with everything it wrote and promises for what it will write. */
class Run {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';
  #check: () => void = () => undefined;

  constructor(...args: string[]) {
    const [command, ...given] = scripts.start.split(' ');
    expect(command).toBe('node');
    const { FORCE_COLOR: _force, NO_COLOR: _no, NODE_OPTIONS: _options, ...env } = process.env;
    this.child = spawn(process.execPath, [...given, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    runs.push(this);
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#check();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve) => {
      this.child.once('close', (status) => {
        resolve(status);
        this.#check();
      });
    });
  }

  /** Resolves with the match once standard output holds it; rejects when the program ends without. */
  async wrote(pattern: RegExp): Promise<RegExpExecArray> {
    let match = pattern.exec(this.stdout);
    while (match === null) {
      if (this.child.exitCode !== null)
        throw new Error(`ended without ${String(pattern)}: ${this.stdout}${this.stderr}`);
      await new Promise<void>((resolve) => (this.#check = resolve));
      match = pattern.exec(this.stdout);
    }
    return match;
  }

  rows(): { table: string; ObjectName: string; Verdict: string; Rule?: string; Container: string }[] {
    return this.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ReturnType<Run['rows']>[number]);
  }
}

const isAlive = (processId: number): boolean => {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
};

let folder: string;
const runs: Run[] = [];
afterEach(() => {
  for (const { child } of runs.splice(0)) child.kill('SIGKILL');
});
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start-test-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('npm start', () => {
  it('scans the samples: three findings, two clean scans, status 0', async () => {
    const run = new Run('--once', '--json');
    expect(await run.ended, run.stderr).toBe(0);
    const rows = run.rows();
    const findings = rows.filter((row) => row.table === 'SluiceFindings_CL');
    expect(findings.map((row) => [row.ObjectName, row.Rule])).toEqual([
      ['callback-ascii.conf', 'EQGRP_callbacks'],
      ['callback-utf16.conf', 'EQGRP_callbacks'],
      ['eicar.com', 'EICAR_test_file'],
    ]);
    const scans = rows.filter((row) => row.table === 'SluiceScans_CL');
    expect(scans.map((row) => [row.ObjectName, row.Verdict])).toEqual([
      ['callback-ascii.conf', 'match'],
      ['callback-utf16.conf', 'match'],
      ['near-miss.conf', 'clean'],
      ['eicar.com', 'match'],
      ['meeting-notes.txt', 'clean'],
    ]);
    expect(rows).toHaveLength(8);
    expect(run.stderr).toMatch(/^Sluice, all of it on this machine: \d+ rules?, ready after [\d.]+ s\n$/);
  });

  it('prints rows with exactly the columns of their tables', async () => {
    const file = join(folder, 'callback.bin');
    await writeFile(file, 'x 30.40.50.60:9342');
    const run = new Run('--once', '--json', file);
    expect(await run.ended, run.stderr).toBe(0);
    const rows = run.rows();
    expect(rows.map((row) => row.table)).toEqual(['SluiceScans_CL', 'SluiceFindings_CL']);
    for (const { table, ...row } of rows) {
      const { columns } = JSON.parse(readFileSync(join(root, `infra/tables/${table}.json`), 'utf8')) as {
        columns: { name: string }[];
      };
      expect(Object.keys(row).sort()).toEqual(columns.map(({ name }) => name).sort());
    }
  });

  it('shows files as tables no wider than 100 columns, without colours or noise', async () => {
    await mkdir(join(folder, 'one'));
    await mkdir(join(folder, 'two'));
    const clean = join(folder, `${'long-name-'.repeat(15)}.txt`);
    const paths = [join(folder, 'one/same.conf'), join(folder, 'two/same.conf'), clean];
    await writeFile(paths[0]!, 'a 30.40.50.60:9342\n');
    await writeFile(paths[1]!, 'b 130.40.50.60:93421\n');
    await writeFile(clean, 'nothing\n');
    const run = new Run('--once', ...paths);
    expect(await run.ended, run.stderr).toBe(0);
    expect(run.stderr).toBe('');
    expect(run.stdout).not.toContain('\u001b');
    expect(Math.max(...run.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(run.stdout).toMatch(/one\/same\.conf\s+19 B\s+match\s/);
    expect(run.stdout).toMatch(/two\/same\.conf\s+21 B\s+clean\s/);
    expect(run.stdout).toMatch(/long-name-long-name-\S*…\s+8 B\s+clean\s/);
    expect(run.stdout).toMatch(/EQGRP_callbacks\s+Medium\s.*\$s1 at 2, 16 bytes: 30\.40\.50\.60:9342/);
    expect(run.stdout).toContain('1. Medium: YARA rule EQGRP_callbacks matches an object in uploads\n   File ');
    expect(run.stdout).not.toContain('2. ');
  });

  it('names every file that is not there, and starts nothing', async () => {
    const run = new Run('--once', join(folder, 'nowhere'), folder);
    expect(await run.ended).toBe(2);
    expect(run.stdout).toBe('');
    expect(run.stderr).toBe(`no such file: ${join(folder, 'nowhere')}\nnot a file: ${folder}\n`);
  });

  it('refuses an option it does not know with status 2', async () => {
    const run = new Run('--onec');
    expect(await run.ended).toBe(2);
    expect(run.stderr).toContain("unknown option '--onec'");
  });

  it('watches for uploads by any tool until Ctrl-C, and leaves nothing behind', async () => {
    const run = new Run();
    const [, connectionFile] = await run.wrote(/\$\(cat (.*)\)/);
    const connectionString = readFileSync(connectionFile!, 'utf8');
    const children = readFileSync(`/proc/${run.child.pid!}/task/${run.child.pid!}/children`, 'utf8').trim().split(' ');
    expect(children).toHaveLength(1);
    const uploads = BlobServiceClient.fromConnectionString(connectionString).getContainerClient('uploads');
    await uploads.getBlockBlobClient('by hand/Größe.txt').uploadData(Buffer.from('30.40.50.60:9342'));
    await run.wrote(/^by hand\/Größe\.txt\s+16 B\s+match\s/m);
    await run.wrote(/^5\. Medium: YARA rule EQGRP_callbacks matches an object in uploads\n\s+File\s+Größe\.txt/m);
    // As `sluice rescan` orders one, and as it is watched.
    const id = randomUUID();
    const order = JSON.stringify({ rescan: 'begin', id, account: uploads.accountName, container: 'uploads' });
    const orders = QueueServiceClient.fromConnectionString(connectionString).getQueueClient('sluice-scan-rescan');
    await orders.sendMessage(Buffer.from(order).toString('base64'));
    const walks = BlobServiceClient.fromConnectionString(connectionString).getContainerClient('sluice-walks');
    const progress = walks.getBlobClient(`progress/${id}/${uploads.accountName}/uploads.json`);
    const isDone = async () =>
      (await progress.exists()) && String(await progress.downloadToBuffer()).includes('"isDone":true');
    await expect.poll(isDone, { timeout: 20_000 }).toBe(true);
    expect(JSON.parse(String(await progress.downloadToBuffer()))).toMatchObject({ listed: 7, sent: 0 });
    run.child.kill('SIGINT');
    expect(await run.ended, run.stderr).toBe(0);
    expect(run.stderr).toBe('');
    expect(children.filter((id) => isAlive(Number(id)))).toEqual([]);
    expect(existsSync(connectionFile!)).toBe(false);
  });

  it('ends in good order when its reader has seen enough', async () => {
    const run = new Run('--json');
    run.child.stdout?.destroy();
    expect(await run.ended).toBe(0);
    // The fault of the output is told a moment later than it happens; nothing of it must be seen.
    expect(run.stderr).toMatch(/^Sluice, [^\n]*\n(\nWatching [^\n]*\n[^\n]*\n)?$/);
  });
});
