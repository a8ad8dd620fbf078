/**
 * The five scenarios that the project began with: what the linter says about each filter as it was written, and that the one
 * which ships in its place does what the scenario wants.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { contextOf } from '../../../shared/exclusions/example-facts.ts';
import { excludes } from '../../../shared/exclusions/exclusion-set.ts';
import { lintExclusion } from '../../../shared/exclusions/lint.ts';
import { parseFilter } from '../../../shared/exclusions/parser.ts';
import { exclusionClauses } from '../../../shared/exclusions/print-kql.ts';
import { readExclusions } from '../../../shared/exclusions/read-folder.ts';
import { truthOf } from '../../../shared/exclusions/truth.ts';
import { compileRuleFiles, readRuleFiles } from '../../../shared/scanner/rule-files.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const files = readExclusions(join(root, 'rules/exclusions'), 'rules/exclusions');
const { rules } = compileRuleFiles(readRuleFiles(join(root, 'rules'), 'rules'));
const scenarios = files.filter(({ seedFilter }) => seedFilter !== undefined);

/** As the scenarios were written down, to the letter. */
const seeds = {
  'scheduled-system-maintenance':
    'process.name != "maintenance_script.exe" or process.parent_process.name != "task scheduler"',
  'remote-management-tool': 'process.name != "msmpeng.exe" or process.name != "intunewin.exe"',
  'log-collection': 'process.name != "splunkforwarder.exe" or process.name != "logstash.exe"',
  'software-update-distribution': 'process.name != "wuauserv.exe" or process.name != "wsusutil.exe"',
  'cloud-backup-service': 'process.name != "veeam.exe" or process.name != "cvbackup.exe"',
};

const remarksOf = (id: string) =>
  lintExclusion(
    files.find(({ exclusion }) => exclusion.id === id)!,
    { now: new Date('2026-11-24'), rules },
  );

describe('the seed filters', () => {
  it('are kept as they were written', () => {
    expect(Object.fromEntries(scenarios.map((file) => [file.exclusion.id, file.seedFilter]).sort())).toEqual(
      Object.fromEntries(Object.entries(seeds).sort()),
    );
  });

  it('can never exclude anything, but for one', () => {
    const truths = Object.fromEntries(
      scenarios.map((file) => [file.exclusion.id, truthOf(parseFilter(file.seedFilter!).filter!)]),
    );
    expect(truths).toEqual({
      'scheduled-system-maintenance': 'sometimes',
      'remote-management-tool': 'always',
      'log-collection': 'always',
      'software-update-distribution': 'always',
      'cloud-backup-service': 'always',
    });
  });

  it.each([
    ['remote-management-tool', 'msmpeng.exe', 'intunewin.exe', ['"intunewin.exe"']],
    ['log-collection', 'splunkforwarder.exe', 'logstash.exe', ['"splunkforwarder.exe"', '"logstash.exe"']],
    ['software-update-distribution', 'wuauserv.exe', 'wsusutil.exe', ['"wuauserv.exe"']],
    ['cloud-backup-service', 'veeam.exe', 'cvbackup.exe', ['"veeam.exe"', '"cvbackup.exe"']],
  ])('of %s is told with both readings, what was meant, and the names that nobody sees', (id, a, b, unseen) => {
    const [never, ...implausible] = remarksOf(id);
    expect(never).toMatchObject({ code: 'can-never-exclude', level: 'note', file: `rules/exclusions/${id}.yaml` });
    expect(never!.message).toBe(`this is true of every value: no process.name is "${a}" and "${b}" at once`);
    expect(never!.hint!.split('\n')).toEqual([
      'read as "keep when true" it keeps every finding, read as "exclude when true" it excludes every finding',
      `meant is most likely: keep when process.name != "${a}" and process.name != "${b}"`,
      `which is: exclude when process.name in ("${a}", "${b}")`,
    ]);
    expect(implausible.map(({ code, level, message }) => [code, level, message.split(':')[0]])).toEqual(
      unseen.map((name) => ['implausible-value', 'note', name]),
    );
  });

  it('of scheduled-system-maintenance works, and names a parent that nobody sees', () => {
    expect(remarksOf('scheduled-system-maintenance').map(({ code, level, message }) => [code, level, message])).toEqual(
      [['implausible-value', 'note', '"task scheduler": the name of a service, not of a process']],
    );
  });
});

describe('the exclusions that ship', () => {
  it('leave nothing to be said but notes on seed filters', () => {
    for (const { exclusion } of files) {
      expect(remarksOf(exclusion.id).filter(({ level }) => level !== 'note')).toEqual([]);
    }
  });

  it.each(files.map((file) => [file.exclusion.id, file] as const))(
    '%s keeps and excludes what its examples say',
    (_, file) => {
      const { kept, excluded } = file.examples;
      expect(Math.min(kept.length, excluded.length)).toBeGreaterThan(0);
      const answer = ({ context }: (typeof kept)[number]): boolean =>
        excludes(file.exclusion.decision, contextOf(context).values);
      expect(kept.map(answer)).toEqual(kept.map(() => false));
      expect(excluded.map(answer)).toEqual(excluded.map(() => true));
    },
  );

  it('have a note on what telemetry shows, for each scenario', () => {
    expect(scenarios.filter(({ telemetry }) => telemetry === undefined)).toEqual([]);
  });

  it('are all in the clauses for the rule of the seed', () => {
    const clauses = exclusionClauses(files, 'EQGRP_callbacks');
    for (const { exclusion } of scenarios)
      expect(clauses).toContain(`// Exclusion ${exclusion.id}: ${exclusion.title}\n| where `);
    expect(clauses.split('\n')).toHaveLength(2 * scenarios.length);
  });

  it('know the rule file that holds what it looks for', () => {
    const known = files.find(({ exclusion }) => exclusion.id === 'known-files')!.exclusion.decision;
    const bytes = readFileSync(join(root, 'rules/eqgrp/eqgrp-callbacks.yar'));
    expect(known).toEqual({ kind: 'sha256', hashes: new Set([createHash('sha256').update(bytes).digest('hex')]) });
  });
});
