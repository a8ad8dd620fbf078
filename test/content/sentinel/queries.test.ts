import { describe, expect, it } from 'vitest';
import { infra, infraWith } from '../infra/copy-infra.ts';
import type { Fault } from '../infra/copy-infra.ts';
import {
  functionFaults,
  huntingQueryFaults,
  readSentinel,
  ruleQueryFaults,
  transformFaults,
  workbookFaults,
} from './queries.ts';

const ruleFile = 'sentinel/analytic-rules/malicious-upload.yaml';

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
      fault: /before the first row: KS142.*Canary/,
    },
    {
      what: 'the stand-in has another type than the table',
      from: 'SizeInBytes: long',
      to: 'SizeInBytes: string',
      fault: /stand-in has SizeInBytes: string, the table long/,
    },
    { what: 'the union is not fuzzy', from: 'union isfuzzy=true', to: 'union', fault: /before the first row: KS204/ },
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

describe('the hunting queries', () => {
  it('bind, and yield every column that they map, whichever tables are there', () => {
    expect(huntingQueryFaults(infra)).toEqual([]);
  });

  const file = 'sentinel/hunting-queries/callback-address.yaml';
  it.each([
    {
      what: 'a column is misspelt',
      file,
      from: 'RemoteIP == address',
      to: 'RemoteIp == address',
      fault: /KS142.*RemoteIp/,
    },
    {
      what: 'an entity is mapped to no column',
      file,
      from: 'columnName: Machine',
      to: 'columnName: Host',
      fault: /yields no Host/,
    },
    {
      what: 'an entity is mapped to a number',
      file,
      from: 'columnName: Machine',
      to: 'columnName: Count',
      fault: /Count is long/,
    },
    {
      what: 'a stand-in has a column that the table has not',
      file,
      from: 'DeviceName: string',
      to: 'DeviceName: string, DeviceOwner: string',
      fault: /stand-in has DeviceOwner: string, the table has it not/,
    },
    {
      what: 'the stand-in lacks what an exclusion asks for',
      file,
      from: 'InitiatingProcessFolderPath: string,',
      to: '',
      fault: /without Microsoft's tables: KS142.*InitiatingProcessFolderPath/,
    },
    {
      what: 'a table must be there',
      file,
      from: 'union isfuzzy=true\n      CommonSecurityLog,',
      to: 'union CommonSecurityLog,',
      fault: /KS204.*CommonSecurityLog/,
    },
    {
      what: 'a function is not deployed',
      file: 'sentinel/hunting-queries/rare-rules.yaml',
      from: 'SluiceFindings()',
      to: 'SluiceFinding()',
      fault: /KS211.*SluiceFinding/,
    },
  ])('are seen to be wrong when $what', ({ what: _, fault, ...planted }) => {
    expect(huntingQueryFaults(infraWith(planted)).some((line) => fault.test(line))).toBe(true);
  });
});

describe('the workbook', () => {
  it('has queries that bind and yield single values', () => {
    expect(workbookFaults(infra)).toEqual([]);
  });

  it.each([
    { what: 'a column is misspelt', from: 'by Verdict, Reason', to: 'by Verdict, Reasons', fault: /KS142.*Reasons/ },
    {
      what: 'a chart shows a set',
      from: 'strcat_array(make_set(Rule, 10), ", ")',
      to: 'make_set(Rule, 10)',
      fault: /Rules is no single value/,
    },
    {
      what: 'an aggregate does not exist',
      from: 'percentile(Seconds, 50)',
      to: 'median(Seconds)',
      fault: /KS211.*median/,
    },
  ])('is seen to be wrong when $what', ({ from, to, fault }) => {
    const folder = infraWith({ file: 'sentinel/workbooks/sluice.yaml', from, to });
    expect(workbookFaults(folder).some((line) => fault.test(line))).toBe(true);
  });
});

describe('the functions', () => {
  it('bind, and readers yield every column of their table', () => {
    expect(
      readSentinel(infra)
        .functions.map(({ FunctionAlias }) => FunctionAlias)
        .sort(),
    ).toEqual(['ASimAlertEventSluice', 'SluiceFindings', 'SluiceScans', 'vimAlertEventSluice']);
    expect(functionFaults(infra)).toEqual([]);
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
    {
      what: 'a parameter has another name',
      file: 'sentinel/parsers/vim-alert-event-sluice.yaml',
      from: 'Name: starttime',
      to: 'Name: start',
    },
    {
      what: 'a parameter has another type',
      file: 'sentinel/parsers/vim-alert-event-sluice.yaml',
      from: 'Default: datetime(null)',
      to: 'Default: 5m',
    },
    { what: 'a column is gone', file: 'tables/SluiceFindings_CL.json', from: '"Evidence"', to: '"Proof"' },
  ])('are seen to be wrong when $what', ({ what: _, ...fault }) => {
    expect(functionFaults(infraWith(fault))).not.toEqual([]);
  });
});

describe('the transformation on the way in', () => {
  it('yields every column of the tables', () => {
    expect(transformFaults(infra)).toEqual([]);
  });

  it.each([
    ['source | project TimeGenerated', /SluiceScans_CL: it loses ScanId/],
    ['source | where Verdict2 == 1', /KS142.*Verdict2/],
    ['sources', /KS\d+.*sources/],
  ])('is seen to be wrong as %s', (transform, fault) => {
    const from = "transformKql: 'source'";
    const folder = infraWith({ file: 'modules/ingestion.bicep', from, to: `transformKql: '${transform}'` });
    expect(transformFaults(folder).some((line) => fault.test(line))).toBe(true);
  });
});
