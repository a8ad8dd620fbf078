import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ContentError, generate, staleFiles } from '../../../infra/sentinel/build.ts';
import { formatDuration, parseDuration } from '../../../infra/sentinel/duration.ts';
import { infra, infraWith, root } from '../infra/copy-infra.ts';
import type { Fault } from '../infra/copy-infra.ts';

const ruleFile = 'sentinel/analytic-rules/malicious-upload.yaml';

/** The faults that the build reports of such a copy. */
function faultsOf(fault: Fault): readonly string[] {
  try {
    generate(join(infraWith(fault), 'sentinel'));
  } catch (error) {
    if (error instanceof ContentError) return error.faults;
    throw error;
  }
  return [];
}

describe('the Sentinel content', () => {
  it('was built since it was last edited', () => {
    expect(staleFiles(join(infra, 'sentinel'))).toEqual([]);
  });

  it('is found to be stale when a source or a result is edited, or a result is missing', () => {
    const edits: Fault[] = [
      { file: ruleFile, from: 'severity: Medium', to: 'severity: High' },
      { file: 'sentinel/generated/analytic-rules.json', from: '"PT5M"', to: '"PT15M"' },
    ];
    for (const edit of edits)
      expect(staleFiles(join(infraWith(edit), 'sentinel'))).toContain('generated/analytic-rules.json');
    const folder = join(infraWith(edits[0]!), 'sentinel');
    rmSync(join(folder, 'generated/parsers.json'));
    expect(staleFiles(folder)).toContain('generated/parsers.json');
  });

  it('is checked by the command that contributors run', () => {
    const run = (...options: string[]): number | null =>
      spawnSync(process.execPath, [join(infra, 'sentinel/build.ts'), ...options], { cwd: root }).status;
    expect(run('--check')).toBe(0);
    expect(run('--force')).toBe(2);
  });

  it('becomes bodies in the words of the ARM API', () => {
    const bodies = JSON.parse(generate(join(infra, 'sentinel')).get('generated/analytic-rules.json')!) as {
      properties: { displayName: string };
    }[];
    const body = bodies.find(({ properties }) => properties.displayName === 'Malicious object uploaded to storage');
    expect(body).toMatchObject({
      kind: 'Scheduled',
      properties: {
        enabled: true,
        queryFrequency: 'PT5M',
        queryPeriod: 'P1D',
        triggerOperator: 'GreaterThan',
        suppressionEnabled: false,
        tactics: ['ResourceDevelopment', 'CommandAndControl'],
        techniques: ['T1608', 'T1105'],
        eventGroupingSettings: { aggregationKind: 'AlertPerResult' },
        incidentConfiguration: { groupingConfiguration: { lookbackDuration: 'PT5H' } },
      },
    });
  });

  const faults: (Omit<Fault, 'file'> & { what: string; fault: string; file?: string })[] = [
    {
      what: 'a duration is none',
      from: 'queryFrequency: 5m',
      to: 'queryFrequency: 5x',
      fault: '"5x" is not a duration',
    },
    {
      what: 'a rule runs too often',
      from: 'queryFrequency: 5m',
      to: 'queryFrequency: 1m',
      fault: 'queryFrequency: must be from PT5M to P14D',
    },
    {
      what: 'it looks back for less than it waits',
      from: 'queryFrequency: 5m',
      to: 'queryFrequency: P1DT1H',
      fault: 'queryPeriod is shorter than queryFrequency',
    },
    {
      what: 'it looks back for long and runs often',
      from: 'queryPeriod: 1d',
      to: 'queryPeriod: 2d',
      fault: 'needs a queryFrequency of at least 1 hour',
    },
    {
      what: 'incidents are grouped for too long',
      from: 'PT5H',
      to: 'P8D',
      fault: 'lookbackDuration: must be from PT5M to P7D',
    },
    { what: 'a severity is unknown', from: 'severity: Medium', to: 'severity: Critical', fault: 'severity: ' },
    {
      what: 'an operator is that of the ARM API',
      from: 'triggerOperator: gt',
      to: 'triggerOperator: GreaterThan',
      fault: 'triggerOperator: ',
    },
    { what: 'a key is unknown', from: 'triggerThreshold:', to: 'treshold:', fault: 'treshold' },
    { what: 'an id is none', from: 'id: ', to: 'id: x', fault: 'id: ' },
    { what: 'a version is none', from: 'version: 1.1.0', to: 'version: one', fault: 'must look like 1.0.0' },
    {
      what: 'a tactic has no technique',
      from: '  - CommandAndControl\n',
      to: '  - CommandAndControl\n  - Impact\n',
      fault: 'tactic Impact has no technique',
    },
    {
      what: 'a technique belongs to another tactic',
      from: '- T1105',
      to: '- T1486',
      fault: 'technique T1486 belongs to Impact, not to the tactics given',
    },
    {
      what: 'a technique is unknown',
      from: '- T1105',
      to: '- T9999',
      fault: 'T9999 is not in infra/sentinel/attack.ts',
    },
    {
      what: 'a hash has no algorithm',
      from: 'identifier: Algorithm',
      to: 'identifier: Kind',
      fault: 'FileHash needs Algorithm and Value',
    },
    {
      what: 'an entity is unknown',
      from: 'entityType: URL',
      to: 'entityType: Link',
      fault: 'entityMappings.3.entityType: ',
    },
    {
      what: 'incidents are grouped by what is not mapped',
      from: '      - FileHash\n',
      to: '      - Host\n',
      fault: 'groupByEntities names Host',
    },
    {
      what: 'a detail’s name is too long',
      from: '  FindingId: FindingId',
      to: '  FindingIdOfTheFinding: FindingId',
      fault: 'must be a letter and up to 19',
    },
    {
      what: 'the alert’s text names too many columns',
      from: ': {{Description}}',
      to: ': {{Description}} {{Account}}',
      fault: 'at most 3 columns',
    },
    { what: 'the YAML is broken', from: 'tactics:\n', to: 'tactics: [\n', fault: ruleFile.slice('sentinel/'.length) },
    {
      what: 'a function has two names',
      file: 'sentinel/parsers/sluice-scans.yaml',
      from: 'Alias: SluiceScans',
      to: 'Alias: Scans',
      fault: 'FunctionName and FunctionAlias differ',
    },
  ];
  it.each(faults)('is refused when $what', ({ file = ruleFile, from, to, fault }) => {
    expect(faultsOf({ file, from, to }).join('\n')).toContain(fault);
  });

  it('is refused when two files share an id', () => {
    const idOf = (file: string): string => /^id: (.*)$/m.exec(readFileSync(join(infra, 'sentinel', file), 'utf8'))![1]!;
    const id = idOf('parsers/sluice-scans.yaml');
    const other = idOf('parsers/sluice-findings.yaml');
    const faults = faultsOf({ file: 'sentinel/parsers/sluice-scans.yaml', from: id, to: other.toUpperCase() });
    expect(faults).toEqual([`parsers/sluice-scans.yaml: id ${other} is that of parsers/sluice-findings.yaml too`]);
  });

  it('has all its faults listed at once', () => {
    expect(faultsOf({ file: ruleFile, from: ': ', to: ': 0 ' }).length).toBeGreaterThan(1);
  });
});

describe('a duration', () => {
  it.each([
    ['5m', 'PT5M'],
    ['12h', 'PT12H'],
    ['90m', 'PT1H30M'],
    ['1d', 'P1D'],
    ['36h', 'P1DT12H'],
    ['PT5H', 'PT5H'],
    ['P1DT12H30M', 'P1DT12H30M'],
  ])('is read in both forms: %s', (text, iso) => {
    expect(formatDuration(parseDuration(text)!)).toBe(iso);
  });

  it.each(['', '5', 'm', 'P', 'PT', 'P1DT', 'PT1S', '1w', '-5m', '5m ', 'P1M', 'PT5'])('is not %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
