/** What the README's chapters on the deployment say is what is deployed: roles, alerts, costs, the settings for a local host. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../shared/base/config.ts';
import { toRows } from '../../../shared/sinks/rows.ts';
import { makeReport } from '../../unit/shared/sinks/report-fixture.ts';
import { infra, infraWith, root } from './copy-infra.ts';
import { readRoleAssignments } from './roles.ts';

/** The cells of each row of the first table under a heading, without the row of titles. */
function tableUnder(file: string, heading: string): string[][] {
  const chapter = readFileSync(file, 'utf8').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = chapter.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const readme = join(root, 'README.md');

/** What roles.bicep calls the targets of roles, in the README's words. */
const places: Readonly<Record<string, string>> = {
  'watchedAccount (watchedAccountName)': 'each watched account',
  'ownStorage (scanner)': "the scanner's storage account",
  'ownQueues[index] (scanner)': 'the queues of events and of orders to rescan, and their poison queues',
  'rulesContainer (rules)': 'the container that rules are published to, if any',
  'rule (scanner)': 'the data collection rule',
  'component (scanner)': 'Application Insights',
  'eventQueue (delivery)': 'the queue',
  'deadLetters (delivery)': 'the dead-letter container',
  'reactedAccount (reacting)': 'each watched account, with the reactions tags or quarantine',
  'notificationQueue (notifications)': 'the queue of notifications, with the reaction notify',
};

/** `storageBlobDataReader on x (y)` as `Storage Blob Data Reader on …`. */
function inWords(assignment: string): string {
  const [role, target] = assignment.split(' on ') as [string, string];
  const words = role.replaceAll(/[A-Z]/g, (letter) => ` ${letter}`);
  return `${words.charAt(0).toUpperCase()}${words.slice(1)} on ${places[target] ?? target}`;
}

const assigned = (folder: string): string[] => readRoleAssignments(folder).map(inWords).sort();

describe('the chapter Permissions', () => {
  const listed = tableUnder(readme, 'Permissions').map(([role, on]) => `${role!} on ${on!}`);

  it('lists every role, and what it is on', () => {
    expect([...listed].sort()).toEqual(assigned(infra));
  });

  it('differs from a deployment with another role', () => {
    const fault = { file: 'modules/roles.bicep', from: 'role.storageBlobDataReader', to: 'role.storageBlobDataOwner' };
    expect(assigned(infraWith(fault))).not.toEqual([...listed].sort());
  });
});

/** Dollars a month for the alerts that run queries: 1.50 for one that looks every five minutes, 0.50 from a quarter of an hour on. */
function queryAlerts(): number {
  const text = readFileSync(join(infra, 'modules/alerts.bicep'), 'utf8');
  const frequencies = [...text.matchAll(/^ {4}frequency: '(\w+)'/gm)].map((match) => match[1]!);
  return frequencies.reduce((sum, frequency) => sum + (frequency === 'PT5M' ? 1.5 : 0.5), 0);
}

describe('the chapter Cost', () => {
  const rows = tableUnder(readme, 'Cost');
  const [objects, megabytes, speed, memory, perGigabyte, accounts] = [1e6, 1, 50, 2, 4.3, 1];

  it('has an example that follows from its formulas', () => {
    const amounts = [
      ((objects * 1.1) / 1e6) * perGigabyte,
      ((objects * 4) / 1e6) * perGigabyte,
      objects * (0.15 + megabytes / speed) * memory * 0.000026 + (objects * 0.2) / 1e6,
      (objects * (1 + Math.ceil(megabytes / 4)) * 0.004) / 10_000,
      (objects * 2 * 0.6) / 1e6,
      (objects * 8 * 0.004) / 10_000,
      queryAlerts() + accounts * 0.2,
    ].map((amount) => amount.toFixed(2));
    expect(rows.find(([what]) => what === 'alerts')![1]).toBe(`${queryAlerts().toFixed(2)} + A × 0.20`);
    const stated = rows.map((cells) => cells[2]!);
    expect(stated.slice(0, -1)).toEqual(amounts);
    expect(stated.at(-1)).toBe(amounts.reduce((sum, amount) => sum + Number(amount), 0).toFixed(2));
  });

  it('takes rows for about as large as they are', () => {
    const { scans, findings } = toRows(makeReport(), new Date());
    const [scan, finding] = [scans[0], findings[0]].map((row) => JSON.stringify(row).length / 1_000) as [
      number,
      number,
    ];
    const [, formula] = rows[0]!;
    expect(formula).toContain('N × 1.1 KB + F × 1.6 KB');
    expect(scan).toBeGreaterThan(0.7);
    expect(scan).toBeLessThan(1.4);
    expect(finding).toBeGreaterThan(1);
    expect(finding).toBeLessThan(2.2);
  });
});

describe('the chapter Alerts', () => {
  it('lists every alert there is, with how often it looks', () => {
    const text = readFileSync(join(infra, 'modules/alerts.bicep'), 'utf8');
    const queries = [...text.matchAll(/^ {4}name: '([\w-]+)'[\s\S]*?^ {4}frequency: 'PT(\d+)([MH])'/gm)].map(
      ([, name, count, unit]) => `${name!} ${count!} ${unit === 'M' ? 'min' : 'h'}`,
    );
    const metrics = /for metric in \[(.*)\]/.exec(
      readFileSync(join(infra, 'modules/delivery-alert.bicep'), 'utf8'),
    )![1]!;
    const names = [...metrics.matchAll(/'(\w+)'/g)].map((match) => `${match[1]!} 5 min`);
    const listed = tableUnder(join(infra, 'README.md'), 'Alerts').map(([name, every]) => `${name!} ${every!}`);
    expect(listed).toEqual([...queries, ...names]);
  });
});

describe('the example of settings for the Functions host on one machine', () => {
  const example = JSON.parse(readFileSync(join(root, 'functions/local.settings.example.json'), 'utf8')) as {
    Values: Record<string, string>;
  };

  it('is what the app starts with, without a warning', () => {
    expect(readConfig(example.Values)).toMatchObject({ sinks: ['console'], state: { kind: 'local' }, warnings: [] });
  });

  it('gives the host the queue’s connection, and no secret', () => {
    // The host looks for a connection under this prefix first.
    expect(example.Values).toMatchObject({
      AzureWebJobsSLUICE_STATE: 'UseDevelopmentStorage=true',
      FUNCTIONS_WORKER_RUNTIME: 'node',
    });
    expect(JSON.stringify(example)).not.toMatch(/AccountKey|sig=|https?:/i);
  });
});
