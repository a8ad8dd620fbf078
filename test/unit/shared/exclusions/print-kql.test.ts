import { describe, expect, it } from 'vitest';
import type { ExclusionFile } from '../../../../shared/exclusions/exclusion-file.ts';
import { readExclusion } from '../../../../shared/exclusions/exclusion-file.ts';
import type { KqlTable } from '../../../../shared/exclusions/fields.ts';
import { excludedWhen, exclusionClauses, kqlText } from '../../../../shared/exclusions/print-kql.ts';
import { filterOf } from './filters.ts';

function conditionOf(text: string, table: KqlTable = 'SluiceFindings'): string | boolean {
  return excludedWhen({ kind: 'excludeWhen', text, filter: filterOf(text) }, table);
}

function fileOf(lines: readonly string[]): ExclusionFile {
  const text = ['title: A title', 'description: d', ...lines].join('\n');
  const { file, remarks } = readExclusion(text, 'x.yaml');
  if (file === undefined) throw new Error(remarks.map(({ rendered }) => rendered).join('\n'));
  return file;
}

describe('KQL', () => {
  it.each([
    ['blob.container == "a"', 'Container =~ "a"'],
    ['blob.container == cased:"a"', 'Container == "a"'],
    ['blob.container != "a"', 'Container !~ "a"'],
    ['blob.container in ("a", "b")', 'Container in~ ("a", "b")'],
    ['blob.container not in cased:("a", "b")', 'not(Container in ("a", "b"))'],
    ['not not blob.container == "a"', 'Container =~ "a"'],
    ['blob.name startswith "a"', 'ObjectName startswith "a"'],
    ['blob.name endswith cased:"a"', 'ObjectName endswith_cs "a"'],
    ['blob.name contains "a\\"\\\\b"', 'ObjectName contains "a\\"\\\\b"'],
    ['blob.name matches /\\.tmp$/', 'ObjectName matches regex "(?i)\\\\.tmp$"'],
    ['blob.name matches cased:/a*/s', '(isnotempty(ObjectName) and ObjectName matches regex "(?s)a*")'],
    ['object.size > 1KB', '(isnotnull(SizeInBytes) and SizeInBytes > 1024)'],
    ['object.size != 7', '(isnull(SizeInBytes) or SizeInBytes != 7)'],
    ['object.size in (7, 8)', '(isnotnull(SizeInBytes) and SizeInBytes in (7, 8))'],
    ['rule.tags == "test"', 'tostring(Tags) contains "\\"test\\""'],
    ['rule.tags in ("a", "b c")', 'tostring(Tags) contains "\\"a\\""'],
    ['rule.tags == "b c"', false],
    ['rule.tags != cased:"a"', 'not(tostring(Tags) contains_cs "\\"a\\"")'],
    [
      'rule.tags endswith "a" or rule.tags contains "b"',
      'tostring(Tags) contains "a\\"" or tostring(Tags) contains "b"',
    ],
    ['process.parent_process.name == "a"', 'tostring(Claims["process.parent_process.name"]) =~ "a"'],
    ['tags["cost center"] == "a"', 'tostring(Claims["tags.cost center"]) =~ "a"'],
    [
      'blob.container == "a" or blob.account == "b" and not (blob.name == "c" or blob.name == "d")',
      'Container =~ "a" or (Account =~ "b" and not(ObjectName =~ "c" or ObjectName =~ "d"))',
    ],
  ])('of %s is %s', (text, expected) => {
    expect(conditionOf(text)).toBe(expected);
  });

  it.each([
    ['blob.container == "a"', false],
    ['blob.container != "a"', true],
    ['not object.size > 5', true],
    ['blob.container == "a" or process.name == "b"', 'InitiatingProcessFileName =~ "b"'],
    ['blob.container == "a" and process.name == "b"', false],
    ['blob.container != "a" and process.name == "b"', 'InitiatingProcessFileName =~ "b"'],
    ['process.parent_process.name == "a"', 'InitiatingProcessParentFileName =~ "a"'],
  ])('of %s where the table has no such field is %s', (text, expected) => {
    expect(conditionOf(text, 'DeviceNetworkEvents')).toBe(expected);
  });

  it('keeps texts within their quotes', () => {
    expect(kqlText('a"\\\n\u2028// b')).toBe('"a\\"\\\\\\u000a\\u2028// b"');
  });
});

describe('exclusionClauses', () => {
  const files = [
    fileOf(['id: b', 'rules: [r]', 'filter: process.name != "b" and process.name != "c"']),
    fileOf([
      'id: a',
      'rules: ["ns:r"]',
      'excludeWhen: process.name == "a" or process.path == "x"',
      'expiry: 2027-06-30',
    ]),
    fileOf(['id: c', 'rules: [other]', 'excludeWhen: process.name == "no"']),
    fileOf(['id: d', 'rules: ["*"]', `sha256: [{ value: ${'AB'.repeat(32)}, note: n }]`]),
    fileOf(['id: e', 'rules: ["*"]', 'excludeWhen: rule.name == "r" and process.name == "e"']),
  ];

  it('prints those of a rule in the order of their ids, with the day on which each ends', () => {
    expect(exclusionClauses(files, 'r').split('\n')).toEqual([
      '// Exclusion a: A title',
      '| where not(now() < datetime(2027-07-01) and (InitiatingProcessFileName =~ "a" or InitiatingProcessFolderPath =~ "x"))',
      '// Exclusion b: A title',
      '| where InitiatingProcessFileName !~ "b" and InitiatingProcessFileName !~ "c"',
      '// Exclusion e: A title',
      '| where not(InitiatingProcessFileName =~ "e")',
    ]);
    expect(exclusionClauses(files, 'else:r')).not.toContain('Exclusion a');
    expect(exclusionClauses(files, 'ns:q')).toBe('');
  });

  it('compares hashes where the table has them', () => {
    expect(exclusionClauses(files, 'q', 'SluiceFindings')).toBe(
      `// Exclusion d: A title\n| where not(Sha256 in~ ("${'ab'.repeat(32)}"))`,
    );
  });
});
