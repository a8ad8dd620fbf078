import { describe, expect, it } from 'vitest';
import { infra, infraWith } from '../infra/copy-infra.ts';
import type { Fault } from '../infra/copy-infra.ts';
import { readerFaults, readReaders, readRules, ruleQueryFaults } from './queries.ts';

const ruleFile = 'sentinel/analytic-rules/malicious-upload.yaml';
const [rule] = readRules(infra);

describe('the queries of the analytics rules', () => {
  it('bind, and yield every column that the rules map, whichever tables are there', () => {
    expect(ruleQueryFaults(infra)).toEqual([]);
  });

  const faults: (Omit<Fault, 'file'> & { what: string; fault: RegExp; file?: string })[] = [
    {
      what: 'a column is misspelt',
      from: 'tostring(Meta.description)',
      to: 'tostring(Metadata.description)',
      fault: /KS142.*Metadata/,
    },
    { what: 'an operand has the wrong type', from: 'extract(@"(?s)^', to: '1 + extract(@"(?s)^', fault: /KS/ },
    { what: 'a function does not exist', from: 'strcat("/"', to: 'strconcat("/"', fault: /KS211/ },
    {
      what: 'an entity is mapped to no column',
      from: 'columnName: FileName',
      to: 'columnName: File',
      fault: /yields no File$/,
    },
    {
      what: 'an entity is mapped to a number',
      from: 'columnName: FileName',
      to: 'columnName: SizeInBytes',
      fault: /SizeInBytes is long/,
    },
    {
      what: 'a detail is a bag',
      from: 'Description = tostring(Meta.description)',
      to: 'Description = Meta',
      fault: /Description is dynamic/,
    },
    {
      what: 'the alert’s name holds no column',
      from: '{{Rule}} matches an',
      to: '{{RuleName}} matches an',
      fault: /yields no RuleName/,
    },
    {
      what: 'the severity comes from no column',
      from: 'alertSeverityColumnName: AlertSeverity',
      to: 'alertSeverityColumnName: Sev',
      fault: /yields no Sev$/,
    },
    {
      what: 'the stand-in for a table lacks a column',
      from: 'Canary: bool, ',
      to: '',
      fault: /^before the first row: KS142.*Canary/,
    },
    {
      what: 'the stand-in has another type than the table',
      from: 'SizeInBytes: long',
      to: 'SizeInBytes: string',
      fault: /stand-in has SizeInBytes: string, the table long/,
    },
    { what: 'the union is not fuzzy', from: 'union isfuzzy=true', to: 'union', fault: /^before the first row: KS204/ },
    {
      what: 'the window is shorter than the time between runs',
      from: 'let window = 5m',
      to: 'let window = 4m',
      fault: /window is 4m, queryFrequency PT5M/,
    },
    {
      what: 'the query looks back further than the rule',
      from: 'ago(1d)',
      to: 'ago(2d)',
      fault: /looks back 2d, queryPeriod P1D/,
    },
    {
      what: 'a table has lost a column',
      file: 'tables/SluiceFindings_CL.json',
      from: '"BlobUrl"',
      to: '"ObjectUrl"',
      fault: /stand-in has BlobUrl: string, the table has it not/,
    },
  ];
  it.each(faults)('are seen to be wrong when $what', ({ file = ruleFile, from, to, fault }) => {
    expect(ruleQueryFaults(infraWith({ file, from, to })).some((line) => fault.test(line))).toBe(true);
  });
});

describe('the reader functions', () => {
  it('bind, and yield every column of their table', () => {
    expect(readReaders(infra).map(({ FunctionAlias }) => FunctionAlias)).toEqual(['SluiceFindings', 'SluiceScans']);
    expect(readerFaults(infra)).toEqual([]);
  });

  it.each([
    { what: 'a key is misspelt', file: 'sentinel/parsers/sluice-scans.yaml', from: 'by ScanId', to: 'by ScanID' },
    {
      what: 'columns are lost',
      file: 'sentinel/parsers/sluice-findings.yaml',
      from: 'arg_max(TimeGenerated, *)',
      to: 'arg_max(TimeGenerated, Rule)',
    },
    {
      what: 'the table is another',
      file: 'sentinel/parsers/sluice-findings.yaml',
      from: 'SluiceFindings_CL',
      to: 'SluiceFinding_CL',
    },
  ])('are seen to be wrong when $what', ({ what: _, ...fault }) => {
    expect(readerFaults(infraWith(fault))).not.toEqual([]);
  });
});

/** The regular expressions of the query, which mean the same in RE2 and in JavaScript. */
const patterns = [...rule!.query.matchAll(/extract\(@"([^"]+)", 1, (\w+)\)/g)].map(([, pattern, column]) => ({
  column: column!,
  // RE2 takes flags inside the pattern, JavaScript outside.
  expression: pattern!.startsWith('(?s)') ? new RegExp(pattern!.slice(4), 's') : new RegExp(pattern!),
}));

function firstMatch(column: string, index: number, text: string): string {
  const { expression } = patterns.filter((pattern) => pattern.column === column)[index]!;
  return expression.exec(text)?.[1] ?? '';
}

describe('the malicious upload rule', () => {
  it.each([
    ['203.0.113.7:50123', '203.0.113.7'],
    ['203.0.113.7', '203.0.113.7'],
    ['[2001:db8::7]:50123', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['2001:db8::7', '2001:db8::7'],
    ['', ''],
  ])('takes the address out of %j', (text, address) => {
    const found = [firstMatch('CallerIpAddress', 0, text), firstMatch('CallerIpAddress', 1, text), text].find(
      (part) => part !== '',
    );
    expect(found ?? '').toBe(address);
  });

  it.each([
    ['a.bin', 'a.bin', ''],
    ['in/deep/a.bin', 'a.bin', 'in/deep/'],
    ['in/folder/', 'folder', 'in/'],
    ['in/line\nfeed/a.bin', 'a.bin', 'in/line\nfeed/'],
    ['//', '//', ''],
  ])('splits the name %j into file and folder', (name, file, folder) => {
    expect(firstMatch('ObjectName', 0, name) || name).toBe(file);
    expect(firstMatch('ObjectName', 1, name)).toBe(folder);
  });

  it('raises File, FileHash and AzureResource entities, and groups by the hash within five hours', () => {
    const types = rule!.entityMappings.map(({ entityType }) => entityType);
    expect(types).toEqual(expect.arrayContaining(['File', 'FileHash', 'AzureResource']));
    expect(rule!.incidentConfiguration).toMatchObject({
      createIncident: true,
      groupingConfiguration: {
        enabled: true,
        matchingMethod: 'Selected',
        groupByEntities: ['FileHash'],
        lookbackDuration: 5 * 3_600,
      },
    });
  });
});
