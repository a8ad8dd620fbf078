/** The alerts about the scanner itself: which there are, that their queries bind, and what they fire on and what not. */
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { QueryTable } from '../../../shared/local/kusto/run-query.ts';
import { runQuery } from '../../../shared/local/kusto/run-query.ts';
import type { KustoFunction, KustoTable } from '../../../shared/local/kusto/syntax.ts';
import { readQuery } from '../../../shared/local/kusto/syntax.ts';
import { tables, toRows } from '../../../shared/sinks/rows.ts';
import { waitProblem } from '../../../shared/scanner/queue-wait.ts';
import { makeReport } from '../../unit/shared/sinks/report-fixture.ts';
import { functionsOf, readSentinel } from '../sentinel/queries.ts';
import { readTables } from './columns.ts';
import { infra, infraWith, root } from './copy-infra.ts';

/** As much of Azure's own tables as queries here use. Source: Azure Monitor reference. */
const azureTables: KustoTable[] = [
  {
    name: 'AppTraces',
    columns: [
      { name: 'TimeGenerated', type: 'datetime' },
      { name: 'AppRoleName', type: 'string' },
      { name: 'Message', type: 'string' },
    ],
  },
  {
    name: 'DCRLogErrors',
    columns: [
      { name: 'TimeGenerated', type: 'datetime' },
      { name: '_ResourceId', type: 'string' },
      { name: 'Message', type: 'string' },
    ],
  },
];

const readers: KustoFunction[] = functionsOf(readSentinel(infra));

const alertFiles = (folder: string): string[] => readdirSync(join(folder, 'alerts')).sort();
const readAlert = (folder: string, file: string): string => readFileSync(join(folder, 'alerts', file), 'utf8');

function queryFaults(folder: string): string[] {
  return alertFiles(folder).flatMap((file) => {
    const functions = readers.filter(({ name }) => readAlert(folder, file).includes(`${name}()`));
    const { errors, warnings } = readQuery(readAlert(folder, file), [...readTables(folder), ...azureTables], functions);
    return [...errors, ...warnings].map((fault) => `${file}: ${fault}`);
  });
}

const module = readFileSync(join(infra, 'modules/alerts.bicep'), 'utf8');

describe('the alerts about the scanner', () => {
  it('have a query each, and no query is left over', () => {
    const loaded = [...module.matchAll(/loadTextContent\('\.\.\/alerts\/([\w-]+\.kql)'\)/g)].map((match) => match[1]!);
    expect(loaded.sort()).toEqual(alertFiles(infra));
  });

  it('bind to the tables that there are', () => {
    expect(queryFaults(infra)).toEqual([]);
  });

  it('have every place filled that a query leaves open', () => {
    const places = alertFiles(infra).flatMap((file) =>
      [...readAlert(infra, file).matchAll(/\{\w+\}/g)].map(([place]) => place),
    );
    expect(new Set(places)).toEqual(new Set(['{dataCollectionRuleId}', '{appName}', '{queue}']));
    expect(places.filter((place) => !module.includes(`'${place}'`))).toEqual([]);
  });

  it('look for words that the app writes', () => {
    const written = globSync('shared/**/*.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'));
    const sought = ['rows-lost.kql', 'outbox.kql', 'reactions.kql'].flatMap((file) =>
      [...readAlert(infra, file).matchAll(/Message has "([^"]+)"/g)].map((match) => match[1]!),
    );
    expect(sought).toHaveLength(6);
    expect(sought.filter((words) => !written.some((text) => text.includes(`'${words}`)))).toEqual([]);
  });

  it.each([
    { file: 'alerts/not-scanned.kql', from: 'Verdict in', to: 'Outcome in' },
    { file: 'alerts/fewer-rules.kql', from: 'SluiceScans()', to: 'SluiceScan()' },
    { file: 'tables/SluiceScans_CL.json', from: '"RuleCount"', to: '"Rules"' },
  ])('are seen to be wrong with $to for $from', (fault) => {
    expect(queryFaults(infraWith(fault))).not.toEqual([]);
  });
});

const now = new Date('2026-11-24T12:00:00Z');
const minutesAgo = (minutes: number): string => new Date(now.getTime() - minutes * 60_000).toISOString();

type Rows = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

/** What a query yields over these rows, the places filled as alerts.bicep does it. A rule with more than nothing fires. */
function fire(file: string, rows: Rows): readonly Readonly<Record<string, unknown>>[] {
  const query = readAlert(infra, file)
    .replaceAll(
      '{dataCollectionRuleId}',
      '/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/dataCollectionRules/sluice-a',
    )
    .replaceAll('{appName}', 'sluice-a')
    .replaceAll('{queue}', 'sluice-scan');
  const all: QueryTable[] = [...readTables(infra), ...azureTables].map((table) => ({
    name: table.name,
    columns: table.columns,
    rows: rows[table.name] ?? [],
  }));
  const functions = readers.filter(({ name }) => query.includes(`${name}()`));
  return runQuery(query, { tables: all, functions }, now).rows;
}

/** A row as the sink writes it, for scan `number`, sent so many minutes ago. */
function scanRow(number: number, minutes: number, changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const [row] = toRows(
    makeReport(number, 0, { scanFinishedAt: minutesAgo(minutes) }),
    new Date(minutesAgo(minutes)),
  ).scans;
  return { ...row, ...changes };
}

/** A line of the app's log as Application Insights has it, so many minutes old. */
function line(message: string, minutes: number): Record<string, unknown> {
  const text = JSON.stringify({ time: minutesAgo(minutes), level: 'warn', message, error: 'INGESTION_FAILED' });
  return { TimeGenerated: minutesAgo(minutes), AppRoleName: 'sluice-a', Message: text };
}

const failed = { Verdict: 'failed', VerdictRank: 1, Reason: 'poison' };
const incomplete = { Verdict: 'incomplete', VerdictRank: 2, Reason: 'deadline' };

const refused = 'the published rules are refused: its signature is not of the key that is trusted';

describe('rules-refused', () => {
  it('fires while a canary says so, and on nothing else that does', () => {
    const told = (number: number, isCanary: boolean, detail: string) =>
      scanRow(number, 5, { Canary: isCanary, Verdict: 'match', VerdictRank: 4, Detail: detail });
    expect(fire('rules-refused.kql', { [tables.scans]: [told(1, true, refused)] })).toMatchObject([{ Canaries: 1 }]);
    expect(fire('rules-refused.kql', { [tables.scans]: [told(1, true, ''), told(2, false, refused)] })).toEqual([]);
    const words = readFileSync(join(root, 'shared/scanner/watch-itself.ts'), 'utf8');
    expect(words).toContain('`the published rules are refused: ${');
  });
});

describe('canary-silent', () => {
  const canary = (number: number, minutes: number): Record<string, unknown> =>
    scanRow(number, minutes, { Canary: true });

  it('fires where no canary has arrived, whatever else has', () => {
    expect(fire('canary-silent.kql', {})).toMatchObject([{ Canaries: 0 }]);
    expect(fire('canary-silent.kql', { [tables.scans]: [scanRow(1, 5, {})] })).toHaveLength(1);
  });

  it('does not fire where one has', () => {
    expect(fire('canary-silent.kql', { [tables.scans]: [canary(1, 30), canary(1, 15)] })).toEqual([]);
  });
});

describe('not-scanned', () => {
  it('fires on scans that say nothing about their object, by reason', () => {
    const scans = [scanRow(1, 5, incomplete), scanRow(2, 5, incomplete), scanRow(3, 5, failed), scanRow(4, 5, {})];
    const found = fire('not-scanned.kql', { [tables.scans]: scans });
    expect(found.map(({ Verdict, Reason, Objects }) => [Verdict, Reason, Objects])).toEqual([
      ['incomplete', 'deadline', 2],
      ['failed', 'poison', 1],
    ]);
  });

  it('counts an attempt that was sent twice once', () => {
    const scans = [scanRow(1, 5, failed), scanRow(1, 4, failed)];
    expect(fire('not-scanned.kql', { [tables.scans]: scans })).toMatchObject([{ Objects: 1 }]);
  });

  it.each(['clean', 'match', 'excluded', 'skipped'])('does not fire on %s', (Verdict) => {
    expect(fire('not-scanned.kql', { [tables.scans]: [scanRow(1, 5, { Verdict, VerdictRank: 4 })] })).toEqual([]);
  });

  it('does not fire where a later scan of the same object made it good', () => {
    const scans = [scanRow(1, 9, failed), scanRow(1, 2, {}), scanRow(2, 2, {}), scanRow(2, 1, failed)];
    expect(fire('not-scanned.kql', { [tables.scans]: scans })).toEqual([]);
  });
});

describe('late', () => {
  /** Scans of one account that ended five minutes ago, so many minutes after the uploads. */
  const scans = (count: number, lag: number, changes: Readonly<Record<string, unknown>> = {}) =>
    Array.from({ length: count }, (_, index) => scanRow(index, 5, { EventTime: minutesAgo(5 + lag), ...changes }));
  const waiting = waitProblem(43 * 60_000 + 1)!;
  const canary = (Detail: string, minutes = 5) => scanRow(999, minutes, { Canary: true, Origin: 'canary', Detail });

  it('fires where ten uploads of an account are known late', () => {
    expect(fire('late.kql', { [tables.scans]: scans(10, 16) })).toMatchObject([
      { Account: 'uploads', Problem: 'scans end late', Objects: 10 },
    ]);
  });

  it('fires on what the canary says of the queue, and no longer once it says nothing', () => {
    expect(fire('late.kql', { [tables.scans]: [canary(waiting)] })).toMatchObject([
      { Problem: 'uploads wait in the queue: the oldest for 43 minutes' },
    ]);
    expect(fire('late.kql', { [tables.scans]: [scanRow(1, 5, { Detail: waiting })] })).toEqual([]);
  });

  it.each<[string, object[]]>([
    ['nine', scans(9, 600)],
    ['uploads that were known soon', scans(50, 14)],
    ['objects that somebody had scanned again', scans(50, 99_999, { Origin: 'rescan' })],
    ['objects that the sweep found', scans(50, 3_000, { Origin: 'sweep' })],
    ['canaries', scans(50, 3_000, { Canary: true, Origin: 'canary' })],
    ['scans without a time of upload', scans(50, 0, { EventTime: null })],
    ['nothing', []],
  ])('does not fire on %s', (_, rows) => {
    expect(fire('late.kql', { [tables.scans]: rows as Record<string, unknown>[] })).toEqual([]);
  });
});

describe('rows-lost', () => {
  const id = '/subscriptions/S/resourceGroups/g/providers/Microsoft.Insights/dataCollectionRules/sluice-a';
  const refusal = { TimeGenerated: minutesAgo(3), _ResourceId: id, Message: 'The stream was not configured' };
  const expired = line('a report was not accepted for a week; `sluice replay` has it tried again', 400);

  it('fires on what the rule refused and on what could not be delivered in time', () => {
    const found = fire('rows-lost.kql', { DCRLogErrors: [refusal, refusal], AppTraces: [expired] });
    expect(found.map(({ Problem, Times }) => [Problem, Times])).toEqual([
      [refusal.Message, 2],
      ['a report was not accepted for a week; `sluice replay` has it tried again', 1],
    ]);
  });

  it('does not fire on the troubles of others', () => {
    const DCRLogErrors = [{ ...refusal, _ResourceId: `${id}-of-others` }];
    const AppTraces = [{ ...expired, AppRoleName: 'another' }, line('a report waits in the outbox', 2)];
    expect(fire('rows-lost.kql', { DCRLogErrors, AppTraces })).toEqual([]);
  });
});

describe('outbox', () => {
  it('fires on reports that wait on, and on scans that are held back', () => {
    const AppTraces = [
      line('a report waits on in the outbox', 9),
      line('a report waits on in the outbox', 3),
      line('many reports wait in the outbox; scans begin later', 2),
    ];
    expect(fire('outbox.kql', { AppTraces })).toMatchObject([
      { Problem: 'a report waits on in the outbox', Times: 2, Error: 'INGESTION_FAILED' },
      { Problem: 'many reports wait in the outbox; scans begin later', Times: 1 },
    ]);
  });

  it('does not fire on a first try that failed, on a delivery, and on other apps', () => {
    const AppTraces = [
      line('a report waits in the outbox', 9),
      line('a report was delivered from the outbox', 3),
      { ...line('a report waits on in the outbox', 9), AppRoleName: 'another' },
    ];
    expect(fire('outbox.kql', { AppTraces })).toEqual([]);
  });
});

describe('reactions', () => {
  it('fires on those that were given up or refused, by which it was', () => {
    const refusal = { ...line('a reaction was refused', 3) };
    const about = { reaction: 'quarantine', scanId: 'abc', detail: 'a legal hold keeps the object' };
    refusal.Message = JSON.stringify({ ...(JSON.parse(String(refusal.Message)) as object), ...about });
    const AppTraces = [line('a reaction was given up after a day; `sluice replay` has it tried again', 9), refusal];
    expect(fire('reactions.kql', { AppTraces })).toMatchObject([
      { Problem: 'a reaction was given up after a day; `sluice replay` has it tried again', Reaction: '', Times: 1 },
      { Problem: 'a reaction was refused', Reaction: 'quarantine', Detail: about.detail, ScanId: 'abc' },
    ]);
  });

  it('does not fire on one that is done, waits, or found another version, and on other apps', () => {
    const AppTraces = [
      line('reacted', 3),
      line('a reaction is tried again later', 3),
      line('what is to be done about a verdict waits on', 3),
      line('a reaction changed nothing: it was not the version that was scanned', 3),
      { ...line('a reaction was refused', 9), AppRoleName: 'another' },
    ];
    expect(fire('reactions.kql', { AppTraces })).toEqual([]);
  });
});

describe('poison', () => {
  const words = "Message has reached MaxDequeueCount of 5. Moving message to queue 'sluice-scan-poison'.";
  const trace = { TimeGenerated: minutesAgo(3), AppRoleName: 'sluice-a', Message: words };

  it('fires on the host’s own words', () => {
    const order = { ...trace, Message: words.replace('sluice-scan-poison', 'sluice-scan-rescan-poison') };
    expect(fire('poison.kql', { AppTraces: [trace, trace, order] })).toMatchObject([{ Messages: 3 }]);
  });

  it('does not fire on other words, other queues and other apps', () => {
    const AppTraces = [
      { ...trace, Message: 'Executed Functions.scan-on-upload (Succeeded)' },
      { ...trace, Message: words.replace('sluice-scan', 'other') },
      { ...trace, Message: words.replace('sluice-scan', 'sluice-scanner') },
      { ...trace, AppRoleName: 'another' },
    ];
    expect(fire('poison.kql', { AppTraces })).toEqual([]);
  });
});

describe('fewer-rules', () => {
  const withRules = (
    number: number,
    minutes: number,
    RuleCount: number,
    SkippedRuleCount = 0,
  ): Record<string, unknown> => scanRow(number, minutes, { RuleCount, SkippedRuleCount });

  it.each([
    ['a tenth of the rules is gone', [withRules(1, 900, 5_000), withRules(2, 5, 4_400)], 1],
    ['more rules are left out', [withRules(1, 900, 5_000), withRules(2, 5, 4_990, 10)], 1],
    ['a few rules are gone', [withRules(1, 900, 5_000), withRules(2, 5, 4_600)], 0],
    ['rules came back', [withRules(1, 900, 5_000), withRules(2, 60, 100, 9), withRules(3, 5, 5_000)], 0],
    ['the last scan never began', [withRules(1, 900, 5_000), withRules(2, 5, 0)], 0],
    ['there was no scan', [], 0],
  ])('when %s', (_what, scans, times) => {
    expect(fire('fewer-rules.kql', { [tables.scans]: scans })).toHaveLength(times);
  });
});
