/** The thread that asks: alone in its memory, so that a scan without an end can be noticed and ended from outside. */
import { parentPort, workerData } from 'node:worker_threads';
import { askBatch, prepare, Tally, type Listener } from './campaign.ts';
import { readCorpus } from './corpus.ts';
import { Findings } from './findings.ts';
import { Random } from './random.ts';

export interface WorkerTask {
  readonly corpus: string;
  readonly collection: string;
  readonly seed: number;
  readonly milliseconds: number;
  /** Batches to leave out, in the order of the seed. */
  readonly from: number;
  /** Batches after which the worker ends: what the reference takes for each is given back to the system only then. */
  readonly most: number;
}

export type WorkerMessage =
  | { readonly kind: 'at'; readonly what: string; readonly batch: number }
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'tally'; readonly tally: TallySnapshot; readonly isLast: boolean };

/** Sets and maps pass between threads as they are. */
export interface TallySnapshot {
  readonly tally: Tally;
  readonly explained: ReadonlyMap<string, number>;
  readonly unexplained: number;
  readonly rulesWithDifference: number;
  readonly batches: number;
  readonly batchesDone: number;
  /** Where the next worker goes on. */
  readonly next: number;
  readonly files: number;
  readonly rules: number;
  readonly leftOut: ReadonlyMap<string, number>;
}

const TELL_EVERY = 5000;

async function work(
  { corpus, collection, seed, milliseconds, from, most }: WorkerTask,
  send: (message: WorkerMessage) => void,
): Promise<void> {
  const deadline = performance.now() + milliseconds;
  const { batches, files, rules, leftOut } = prepare(readCorpus(corpus, collection));
  const order = new Random(seed, 'order').shuffle(batches);
  const tally = new Tally();
  const findings = new Findings((text) => {
    send({ kind: 'print', text });
  });
  let done = 0;
  let told = 0;
  const tell = (isLast: boolean): void => {
    told = performance.now();
    const { explained, unexplained } = findings;
    const counts = { batches: batches.length, batchesDone: done, next: from + done, files, rules, leftOut };
    send({
      kind: 'tally',
      tally: { tally, explained, unexplained, rulesWithDifference: findings.rules.size, ...counts },
      isLast,
    });
  };
  for (let index = from; index < from + most && performance.now() < deadline; index++) {
    const listener: Listener = {
      at: (what) => {
        send({ kind: 'at', what, batch: index });
      },
      found: (found) => findings.add(found),
    };
    const pass = Math.floor(index / order.length);
    await askBatch(order[index % order.length]!, seed, pass, tally, listener);
    done++;
    if (performance.now() - told > TELL_EVERY) tell(false);
  }
  tell(true);
}

if (parentPort !== null) {
  const port = parentPort;
  await work(workerData as WorkerTask, (message) => {
    port.postMessage(message);
  });
}
