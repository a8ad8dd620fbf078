/**
 * What goes wrong during a soak, at random: requests to storage (objects, the app's own blobs, ledger, queue) and calls of the
 * ingestion endpoint. An object meets only so many faults of the kind that costs a delivery, because its message may fail five
 * times in all. Counts what it did.
 */
import type { IngestionEndpoint } from '../../shared/local/ingestion-endpoint.ts';
import type { IngestionFault } from '../../shared/local/ingestion-faults.ts';
import type { Fault, SeenRequest } from '../azure/objects/fault-proxy.ts';
import { Random } from '../differential/random.ts';

/** Objects that nobody may read: their messages end among the poisoned. */
export const POISON_PREFIX = 'poison-';

const STORAGE_FAULT_PERCENT = 6;
/** A call of many rows is one request: few of them make a scan wait. */
const INGESTION_FAULT_PERCENT = 15;
const MAX_COSTLY_FAULTS = 1;

export class RandomFaults {
  readonly counts = new Map<string, number>();
  isOn = true;
  readonly #random: Random;
  readonly #costly = new Map<string, number>();

  constructor(seed: number) {
    this.#random = new Random(seed, 'faults');
  }

  /** For the proxy before the blob service. */
  readonly blob = (request: SeenRequest): Fault | undefined => {
    if (request.path.includes(`/uploads/${POISON_PREFIX}`) && request.method === 'HEAD') return forbidden;
    if (!this.#isDue()) return undefined;
    const [path = ''] = request.path.split('?');
    if (!path.includes('/uploads/')) return this.#count('state', this.#ofState());
    const fault = request.range === undefined ? this.#ofProperties(path) : this.#ofRange(path);
    if (fault === forbidden || fault === changed) this.#costly.set(path, (this.#costly.get(path) ?? 0) + 1);
    return this.#count('objects', fault);
  };

  /** For the proxies before the table and queue services. */
  readonly ledger = (): Fault | undefined => (this.#isDue() ? this.#count('ledger', this.#ofState()) : undefined);
  readonly queue = (): Fault | undefined => (this.#isDue() ? this.#count('queue', this.#ofState()) : undefined);

  /** One round of trouble for the endpoint, after `requests` more have arrived; resolves when it is over. */
  async breakIngestion(
    endpoint: IngestionEndpoint,
    requests: number,
    wait: (inMs: number) => Promise<void>,
  ): Promise<void> {
    const random = this.#random;
    for (let request = 0; request < requests; request++) {
      if (random.chance(INGESTION_FAULT_PERCENT)) endpoint.failNext([this.#ofIngestion()]);
    }
    const choice = random.below(200);
    if (choice === 0) {
      this.#add('ingestion: down');
      endpoint.failNext(Array.from({ length: 5_000 }, () => ({ status: 503 })));
      await wait(random.between(5_000, 30_000));
      endpoint.clearFaults();
    } else if (choice < 3) {
      this.#add('ingestion: silent');
      endpoint.pause();
      await wait(random.between(1_000, 8_000));
      endpoint.resume();
    }
  }

  #ofIngestion(): IngestionFault {
    const fault = this.#random.pick<IngestionFault>([
      { status: 429, retryAfterInSeconds: 1 },
      { status: 429 },
      { status: 500 },
      { status: 503, retryAfterInSeconds: 2 },
      { status: 503 },
      { status: 403, code: 'OperationFailed' },
      { resetConnection: 'beforeBody' },
      { resetConnection: 'midBody' },
      { resetConnection: 'afterStoring' },
    ]);
    this.#add(`ingestion: ${'status' in fault ? fault.status : fault.resetConnection}`);
    return fault;
  }

  #ofRange(path: string): Fault {
    const random = this.#random;
    const costly: Fault[] = this.#mayCost(path) ? [forbidden, changed] : [];
    return random.pick<Fault>([
      this.#busy(),
      { kind: 'reset', after: random.below(100_000) },
      { kind: 'short', length: random.below(100) },
      { kind: 'silent', after: random.below(100_000) },
      { kind: 'slow', pieceLength: 64 * 1024, pauseInMs: 20 },
      { kind: 'refuse' },
      ...costly,
    ]);
  }

  #ofProperties(path: string): Fault {
    const costly = this.#random.below(4) === 0 && this.#mayCost(path);
    return costly ? forbidden : this.#ofState();
  }

  /** A reset behind the answer's headers: the request was served, and its sender cannot know. */
  #ofState(): Fault {
    return this.#random.pick<Fault>([this.#busy(), { kind: 'refuse' }, { kind: 'reset', after: 0 }]);
  }

  #busy(): Fault {
    const status = this.#random.pick([429, 500, 503]);
    const headers = this.#random.chance(50) ? { 'retry-after': '1' } : {};
    return { kind: 'answer', status, headers };
  }

  #isDue(): boolean {
    return this.isOn && this.#random.chance(STORAGE_FAULT_PERCENT);
  }

  #mayCost(path: string): boolean {
    return (this.#costly.get(path) ?? 0) < MAX_COSTLY_FAULTS;
  }

  #count(place: string, fault: Fault | undefined): Fault | undefined {
    if (fault !== undefined) this.#add(`${place}: ${fault.kind === 'answer' ? fault.status : fault.kind}`);
    return fault;
  }

  #add(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}

const forbidden: Fault = {
  kind: 'answer',
  status: 403,
  headers: { 'x-ms-error-code': 'AuthorizationPermissionMismatch' },
};
const changed: Fault = { kind: 'answer', status: 412, headers: { 'x-ms-error-code': 'ConditionNotMet' } };
