/**
 * Measures how soon the app can take its first message: from the start of the process until every function is loaded, and until
 * the first message has the rules, the clients and the sinks it needs. The packaged app (dist/scanner.zip, unpacked) and the
 * unbundled one (dist/ as the compiler leaves it, over node_modules) start in turn, in one run, with the settings of a deployment;
 * no request is made. Fails when the packaged one takes more than 0.6 of the other's time.
 *
 *   npm run build && npm run package && npm run bench:start [-- --rounds 15]
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { unzipSync } from 'fflate';
import { deployedSettings } from '../azure/package/deployed-settings.ts';
import { WorkerProcess } from '../azure/package/worker-process.ts';

const root = join(import.meta.dirname, '..', '..');
const AT_MOST = 0.6;

interface Times {
  readonly loadedInMs: number;
  readonly readyInMs: number;
}

/** Times since the process started, which Node itself takes about 30 ms of. */
async function start(folder: string): Promise<Times> {
  const worker = new WorkerProcess(folder, deployedSettings);
  try {
    const loaded = await worker.answer('loaded');
    worker.invoke('scan-on-upload', {});
    const ready = await worker.answer('ready');
    return { loadedInMs: loaded.atInMs, readyInMs: ready.atInMs };
  } finally {
    worker.kill();
  }
}

function unpack(zip: string, folder: string): string {
  for (const [file, bytes] of Object.entries(unzipSync(readFileSync(zip)))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), bytes);
  }
  return folder;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const rounds = Number(values.rounds);
const temporary = mkdtempSync(join(tmpdir(), 'sluice-start-'));
try {
  const layouts = { unbundled: root, packaged: unpack(join(root, 'dist/scanner.zip'), join(temporary, 'app')) };
  const times: Record<keyof typeof layouts, Times[]> = { unbundled: [], packaged: [] };
  // One round more, not counted: the first reads every file from the disk.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, folder] of Object.entries(layouts) as [keyof typeof layouts, string][]) {
      const taken = await start(folder);
      if (round > 0) times[name].push(taken);
    }
  }
  const medians = Object.fromEntries(
    Object.entries(times).map(([name, taken]) => [
      name,
      {
        'loaded (ms)': Math.round(median(taken.map((t) => t.loadedInMs))),
        'ready (ms)': Math.round(median(taken.map((t) => t.readyInMs))),
      },
    ]),
  );
  console.table(medians);
  const ratio = medians.packaged!['ready (ms)'] / medians.unbundled!['ready (ms)'];
  console.log(
    `packaged / unbundled: ${ratio.toFixed(2)} of the time until ready; medians of ${rounds} rounds, at most ${AT_MOST}`,
  );
  if (ratio > AT_MOST) process.exitCode = 1;
} finally {
  rmSync(temporary, { recursive: true });
}
