/**
 * What goes wrong while an object is read, on the whole way from its event in the queue to its rows: what passes by itself costs
 * nothing but time, what does not is never called clean, and the ledger and the queue say the same as the rows.
 */
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../../shared/app.ts';
import type { Fault, SeenRequest } from '../objects/fault-proxy.ts';
import { shownOutcomes, shownRules, shownScans } from './analyst.ts';
import type { HostedApp } from './hosted-app.ts';
import { hostApp } from './hosted-app.ts';
import { harmless, malicious, startService } from './service.ts';
import type { Service, Upload } from './service.ts';

const RANGE = 64 * 1024;
const RANGES = 8;
const filler = Buffer.alloc(RANGE * (RANGES - 1), 'ab cd ');
/** Found only by who reads to the end. */
const foundLast = Buffer.concat([filler, malicious]);
const foundFirst = Buffer.concat([malicious, filler]);
const foundNowhere = Buffer.concat([filler, harmless]);

let service: Service;
let app: App;
let hosted: HostedApp;

beforeAll(async () => {
  service = await startService();
  app = await service.start(
    {},
    {
      openOptions: {
        retryDelayInMs: 1,
        attemptsPerRange: 2,
        rangeSizeInBytes: RANGE,
        rangesInFlight: 2,
        stallTimeoutInMs: 1_500,
      },
    },
  );
  hosted = hostApp(service, app);
});
afterEach(() => {
  service.proxy.reset();
});
afterAll(async () => {
  await hosted.stop();
  await service.close();
});

const isOf = ({ name }: Upload, { path }: SeenRequest): boolean => path.includes(`/uploads/${name}`);
const isProperties = (request: SeenRequest): boolean => request.method === 'HEAD';
const isRange = (k: number) => (request: SeenRequest) => request.range?.first === k * RANGE;

/** The first `times` requests of the object that are like this meet the fault. */
function breakRequests(
  object: Upload,
  isMet: (request: SeenRequest) => boolean,
  fault: Fault,
  times = Infinity,
): () => number {
  let met = 0;
  service.proxy.reset((request) => {
    if (!isOf(object, request) || !isMet(request) || met >= times) return undefined;
    met += 1;
    return fault;
  });
  return () => met;
}

const answer = (status: number, code: string, headers: Record<string, string> = {}): Fault => ({
  kind: 'answer',
  status,
  headers: { 'x-ms-error-code': code, ...headers },
});

/** Has the object's event handled until nothing is left to do for it; how often that failed on the way. */
async function handle(...objects: readonly Upload[]): Promise<number> {
  const before = hosted.failures;
  await hosted.send(...objects.map((object) => service.event(object)));
  await hosted.untilEmpty();
  return hosted.failures - before;
}

const upload = (bytes: Uint8Array): Promise<Upload> => service.upload(bytes, `faults-${randomUUID()}`);
const outcomes = ({ name }: Upload): readonly string[] => shownOutcomes(service.endpoint, name);

/** Rows, ledger and queue agree that this is the one outcome there is. */
async function expectMatch(object: Upload, bytes: Uint8Array): Promise<void> {
  expect(outcomes(object)).toEqual(['match']);
  expect(shownRules(service.endpoint, object.name)).toEqual(['callback']);
  expect(service.scansOf(object.name)).toHaveLength(1);
  expect(shownScans(service.endpoint, object.name)[0]).toMatchObject({
    ETag: object.eTag.replaceAll('"', ''),
    Sha256: createHash('sha256').update(bytes).digest('hex'),
    SizeInBytes: bytes.length,
  });
  expect(await service.entriesOf(object.name)).toMatchObject([{ state: 'done', verdict: 'match' }]);
}

/** Does something before range `k` is passed on, once. */
function before(object: Upload, k: number, act: () => Promise<unknown>): void {
  let acted: Promise<unknown> | undefined;
  service.proxy.reset((request) => {
    if (!isOf(object, request) || !isRange(k)(request) || acted !== undefined) return undefined;
    acted = act();
    return { kind: 'holdRequest', until: acted.then(() => undefined) };
  });
}

describe('what passes by itself while an object is read', () => {
  const statuses = [
    [429, 'ServerBusy'],
    [500, 'InternalError'],
    [503, 'ServerBusy'],
  ] as const;
  const answers = statuses.flatMap(([status, code]) =>
    [{}, { 'retry-after': '1' }].map((headers): [string, Fault] => [
      `${status} ${'retry-after' in headers ? 'with' : 'without'} Retry-After`,
      answer(status, code, headers),
    ]),
  );
  // Of 500 and 503 the storage client itself asks three times: one more time is the app's.
  const busy = answers.flatMap(([what, fault]) =>
    (
      [
        ['its properties', isProperties],
        ['a range', isRange(3)],
      ] as const
    ).map(([where, isMet]) => [`${what}, of ${where}`, isMet, fault, what.startsWith('429') ? 1 : 3] as const),
  );
  const broken = [
    ['a connection that is reset before any byte', isRange(2), { kind: 'refuse' }, 3],
    ['a connection that is reset within a body', isRange(2), { kind: 'reset', after: 1_000 }, 1],
    ['a body that ends early', isRange(4), { kind: 'short', length: 777 }, 1],
    ['a body that never goes on', isRange(5), { kind: 'silent', after: 1_000 }, 1],
    ['a body that comes slowly', isRange(1), { kind: 'slow', pieceLength: 4_096, pauseInMs: 25 }, 1],
    ['properties that never come', isProperties, { kind: 'hold', until: new Promise<void>(() => undefined) }, 1],
    ['an answer of another place', isRange(3), { kind: 'headers', replace: { 'content-range': 'bytes 0-1/2' } }, 1],
  ] as const;

  it.each([...busy, ...broken])('%s: costs time, and nothing else', async (_, isMet, fault, times) => {
    const object = await upload(foundLast);
    const met = breakRequests(object, isMet, fault, times);
    expect(await handle(object)).toBe(0);
    expect(met()).toBe(times);
    await expectMatch(object, foundLast);
  });
});

describe('what does not pass while an object is read', () => {
  const lasting: readonly [string, Fault][] = [
    ['429', answer(429, 'ServerBusy')],
    ['503', answer(503, 'ServerBusy')],
    ['resets within bodies', { kind: 'reset', after: 0 }],
    ['bodies that end early', { kind: 'short', length: 0 }],
  ];
  const forbidden = answer(403, 'AuthorizationPermissionMismatch');
  /** Ranges from the fourth on, of every object. */
  const breakBehind = (fault: Fault): void => {
    service.proxy.reset((request) =>
      request.range !== undefined && request.range.first >= 4 * RANGE ? fault : undefined,
    );
  };
  const expectPartialMatch = async (object: Upload): Promise<void> => {
    expect(outcomes(object)).toEqual(['match']);
    expect(shownRules(service.endpoint, object.name)).toEqual(['callback']);
    expect(shownScans(service.endpoint, object.name)[0]).toMatchObject({
      Detail: expect.stringContaining('not wholly scanned (sourceError)'),
      Sha256: '',
    });
    expect(await service.entriesOf(object.name)).toMatchObject([{ state: 'done', verdict: 'match' }]);
  };

  it.each(lasting)('%s from some range on: incomplete before the host gives up, never clean', async (_, fault) => {
    const [last, nowhere, first] = [await upload(foundLast), await upload(foundNowhere), await upload(foundFirst)];
    breakBehind(fault);
    expect(await handle(last, nowhere, first)).toBe(9);
    for (const object of [last, nowhere]) {
      expect(outcomes(object)).toEqual(['incomplete: sourceError']);
      expect(shownRules(service.endpoint, object.name)).toEqual([]);
      expect(await service.entriesOf(object.name)).toMatchObject([{ state: 'done', verdict: 'incomplete' }]);
    }
    // What was found in the part that could be read is found.
    await expectPartialMatch(first);
    expect(hosted.events.filter(({ kind }) => kind === 'poisoned')).toEqual([]);
  });

  it('a role that is taken away in the middle of a scan: failed, and what was found before is found', async () => {
    const [last, first] = [await upload(foundLast), await upload(foundFirst)];
    breakBehind(forbidden);
    expect(await handle(last, first)).toBe(5 + 3);
    expect(outcomes(last)).toEqual(['failed: poison']);
    expect(shownRules(service.endpoint, last.name)).toEqual([]);
    await expectPartialMatch(first);
  });

  it('an object that is deleted in the middle of its scan: gone, and what was found before is found', async () => {
    for (const [bytes, isFound] of [
      [foundNowhere, false],
      [foundFirst, true],
    ] as const) {
      const object = await upload(bytes);
      before(object, 5, () => service.container.deleteBlob(object.name));
      expect(await handle(object)).toBe(0);
      if (isFound) await expectPartialMatch(object);
      else expect(outcomes(object)).toEqual(['skipped: gone']);
    }
  });

  it('a role that is missing: failed, its message kept, and scanned once it is there', async () => {
    const object = await upload(foundLast);
    breakRequests(object, () => true, forbidden);
    expect(await handle(object)).toBe(5);
    expect(outcomes(object)).toEqual(['failed: poison']);
    expect(await service.entriesOf(object.name)).toMatchObject([{ state: 'done', verdict: 'failed' }]);
    const [scan] = shownScans(service.endpoint, object.name);
    expect(await service.blobsIn('sluice-poison')).toContain(`${scan!.ScanId}.json`);
    service.proxy.reset();
    expect(await handle(object)).toBe(0);
    expect(outcomes(object)).toEqual(['match']);
  });

  it('a role that is taken away in the middle of a scan and given back: scanned when its message comes again', async () => {
    const object = await upload(foundLast);
    const met = breakRequests(object, isRange(3), forbidden, 2);
    expect(await handle(object)).toBe(2);
    expect(met()).toBe(2);
    await expectMatch(object, foundLast);
  });
});

describe('an object that is replaced while it is read', () => {
  const eTagsOf = ({ name }: Upload): Record<string, string> =>
    Object.fromEntries(shownScans(service.endpoint, name).map(({ ETag, Verdict }) => [String(Verdict), String(ETag)]));

  it.each([0, 1, 4, 7])('answers 412 to range %i: the new content is what is scanned, and once', async (k) => {
    const object = await upload(foundNowhere);
    let current: Upload | undefined;
    before(object, k, async () => (current = await service.upload(foundLast, object.name)));
    expect(await handle(object)).toBe(0);
    expect(eTagsOf(object)).toEqual({
      match: current!.eTag.replaceAll('"', ''),
      superseded: object.eTag.replaceAll('"', ''),
    });
    // The event of what replaced it finds all of it done.
    expect(await handle(current!)).toBe(0);
    expect(service.scansOf(object.name)).toHaveLength(2);
  });

  it.each([
    ['metadata', (name: string) => service.container.getBlobClient(name).setMetadata({ reviewed: 'yes' })],
    [
      'headers',
      (name: string) => service.container.getBlobClient(name).setHTTPHeaders({ blobContentType: 'text/plain' }),
    ],
  ])('by other %s alone, for which no event comes: scanned under its new eTag', async (_, change) => {
    const object = await upload(foundLast);
    before(object, 3, () => change(object.name));
    expect(await handle(object)).toBe(0);
    const { etag } = await service.container.getBlobClient(object.name).getProperties();
    expect(etag).not.toBe(object.eTag);
    expect(eTagsOf(object)).toEqual({
      match: etag!.replaceAll('"', ''),
      superseded: object.eTag.replaceAll('"', ''),
    });
    expect(shownRules(service.endpoint, object.name)).toEqual(['callback']);
  });

  it('and is what it was after all: a 412 that was none costs a second look', async () => {
    const object = await upload(foundLast);
    breakRequests(object, isRange(4), answer(412, 'ConditionNotMet'), 1);
    expect(await handle(object)).toBe(0);
    await expectMatch(object, foundLast);
  });
});
