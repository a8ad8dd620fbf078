/** What operators make of tables. Expected rows: the Kusto documentation of each operator. */
import { describe, expect, it } from 'vitest';
import { runQuery } from '../../../../../shared/local/kusto/run-query.ts';
import type { QueryContext, QueryResult } from '../../../../../shared/local/kusto/run-query.ts';

const now = new Date('2026-11-24T10:00:00Z');
const at = (minute: number): string => new Date(now.getTime() - minute * 60_000).toISOString();

const context: QueryContext = {
  tables: [
    {
      name: 'Scans',
      columns: [
        { name: 'TimeGenerated', type: 'dateTime' },
        { name: 'Name', type: 'string' },
        { name: 'Size', type: 'long' },
        { name: 'Meta', type: 'dynamic' },
      ],
      rows: [
        { TimeGenerated: at(1), Name: 'a', Size: 1, Meta: { k: ['x'] } },
        { TimeGenerated: at(2), Name: 'b', Size: null },
        { TimeGenerated: at(3), Name: 'a', Size: 5 },
        { TimeGenerated: at(90), Name: 'c', Size: 3 },
      ],
      ingestedAt: (index) => new Date(now.getTime() - index * 60_000),
    },
    {
      name: 'Owners',
      columns: [
        { name: 'Name', type: 'string' },
        { name: 'Owner', type: 'string' },
        { name: 'Size', type: 'int' },
      ],
      rows: [
        { Name: 'a', Owner: 'ann', Size: 10 },
        { Name: 'a', Owner: 'bob', Size: 20 },
        { Name: 'z', Owner: 'zoe' },
      ],
    },
  ],
  functions: [
    {
      name: 'Large',
      parameters: 'least:long=3, names:dynamic=dynamic([])',
      body: 'let all = Scans;\nall | where Size >= least and (array_length(names) == 0 or Name in (names))',
    },
    { name: 'Missing', parameters: '', body: 'union isfuzzy=true Nowhere_CL, (datatable(Name: string)[])' },
  ],
};

const run = (query: string): QueryResult => runQuery(query, context, now);
/** Rows as arrays, in the order of the columns. */
const rowsOf = (query: string): unknown[][] => {
  const { columns, rows } = run(query);
  return rows.map((row) => columns.map(({ name }) => row[name]));
};
const columnsOf = (query: string): string[] => run(query).columns.map(({ name, type }) => `${name}:${type}`);

describe('an operator', () => {
  it.each<[string, unknown[][]]>([
    ['Scans | where Size > 1 | project Name', [['a'], ['c']]],
    ['Scans | where TimeGenerated > ago(1h) | count', [[3]]],
    [
      'Scans | extend Size = coalesce(Size, 0), Twice = Size * 2 | project Size, Twice',
      [
        [1, 2],
        [0, null],
        [5, 10],
        [3, 6],
      ],
    ],
    ['Scans | project Key = tostring(Meta.k[0]) | take 2', [['x'], ['']]],
    ['Scans | project-away TimeGenerated, Meta | limit 1', [['a', 1]]],
    ['Scans | project-keep Na*, Size | limit 1', [['a', 1]]],
    ['Scans | project Size, Name | project-reorder Name | limit 1', [['a', 1]]],
    ['Scans | project Name, Size | project-rename Bytes = Size | limit 1', [['a', 1]]],
    ['Scans | distinct Name', [['a'], ['b'], ['c']]],
    [
      'Owners | distinct *',
      [
        ['a', 'ann', 10],
        ['a', 'bob', 20],
        ['z', 'zoe', null],
      ],
    ],
    // Down unless said otherwise; nulls count as the least.
    ['Scans | sort by Size | project Size', [[5], [3], [1], [null]]],
    ['Scans | order by Size asc | project Size', [[null], [1], [3], [5]]],
    ['Scans | order by Size asc nulls last | project Size', [[1], [3], [5], [null]]],
    [
      'Scans | order by Name asc, Size desc | project Name, Size',
      [
        ['a', 5],
        ['a', 1],
        ['b', null],
        ['c', 3],
      ],
    ],
    ['Scans | top 2 by Size asc nulls last | project Size', [[1], [3]]],
    [
      'Scans | summarize count() by Name',
      [
        ['a', 2],
        ['b', 1],
        ['c', 1],
      ],
    ],
    ['Scans | summarize by Name', [['a'], ['b'], ['c']]],
    ['Scans | where false | summarize Rows = count(), Most = max(Size)', [[0, null]]],
    ['Scans | where false | summarize count() by Name', []],
    ['Scans | summarize sum(Size), avg(Size), min(Size), max(Size), dcount(Name)', [[9, 3, 1, 5, 3]]],
    ['Scans | summarize countif(Size > 1), sumif(Size, Name == "a"), dcountif(Name, Size > 1)', [[2, 6, 2]]],
    ['Scans | summarize minif(Size, Size > 1), maxif(Size, Size < 5), percentile(Size, 50)', [[3, 3, 3]]],
    [
      'Scans | summarize make_set(Name), make_list(Size), make_set_if(Name, Size > 1), make_set(Name, 2)',
      [
        [
          ['a', 'b', 'c'],
          [1, 5, 3],
          ['a', 'c'],
          ['a', 'b'],
        ],
      ],
    ],
    ['Scans | summarize take_any(Size), take_anyif(Size, Name == "c")', [[1, 3]]],
    ['Scans | summarize take_any(*) by Name | project Name, Size | limit 1', [['a', 1]]],
    [
      'Scans | summarize Half = round(sum(Size) / 2.0, 1) by Hour = bin(TimeGenerated, 1h) | project Half',
      [[3], [1.5]],
    ],
    [
      'Scans | summarize arg_max(Size, *) by Name | project Name, Size',
      [
        ['a', 5],
        ['b', null],
        ['c', 3],
      ],
    ],
    ['Scans | summarize arg_min(TimeGenerated, Size) by Name | project Size', [[5], [null], [3]]],
    ['Scans | summarize (Latest, Bytes) = arg_max(TimeGenerated, Size) by Name | project Bytes', [[1], [null], [3]]],
    [
      'Scans | project Name, Size | join kind=inner Owners on Name | project Name, Size, Owner, Size1',
      [
        ['a', 1, 'ann', 10],
        ['a', 1, 'bob', 20],
        ['a', 5, 'ann', 10],
        ['a', 5, 'bob', 20],
      ],
    ],
    [
      'Scans | join Owners on Name | project Size, Owner',
      [
        [1, 'ann'],
        [1, 'bob'],
      ],
    ],
    [
      'Scans | join kind=leftouter (Owners | project Name, Owner) on Name | project Name, Owner | distinct *',
      [
        ['a', 'ann'],
        ['a', 'bob'],
        ['b', ''],
        ['c', ''],
      ],
    ],
    ['Scans | join kind=leftanti Owners on Name | project Name', [['b'], ['c']]],
    ['Scans | join kind=leftsemi Owners on Name | project Size', [[1], [5]]],
    ['Scans | join kind=inner (Owners | project Who = Name, Owner) on $left.Name == $right.Who | count', [[4]]],
    ['Scans | join kind=inner (Scans | project Size) on Size | count', [[3]]],
    [
      'Scans | project Name | lookup kind=leftouter (Owners | where Owner != "bob" | project Name, Owner) on Name',
      [
        ['a', 'ann'],
        ['b', ''],
        ['a', 'ann'],
        ['c', ''],
      ],
    ],
    ['Scans | project Name | lookup kind=inner (Owners | project Name, Owner) on Name | count', [[4]]],
    [
      'union (Scans | project Name), (Owners | project Name, Owner) | where Name in ("b", "z")',
      [
        ['b', ''],
        ['z', 'zoe'],
      ],
    ],
    ['Scans | project Name | union (Owners | project Name) | count', [[7]]],
    ['datatable(A: string, B: long)["x", 1, "y", long(null)] | where isnull(B)', [['y', null]]],
    ['print a = 1, b = "x"', [[1, 'x']]],
    ['Scans | project Name | render table', [['a'], ['b'], ['a'], ['c']]],
  ])('%s', (query, rows) => {
    expect(rowsOf(query)).toEqual(rows);
  });

  it('gives the columns that the service says it gives', () => {
    expect(columnsOf('Scans | summarize count(), arg_max(Size, *) by Day = bin(TimeGenerated, 1d)')).toEqual([
      'Day:datetime',
      'count_:long',
      'Size:long',
      'TimeGenerated:datetime',
      'Name:string',
      'Meta:dynamic',
    ]);
  });

  it.each([
    ['Scans | mv-expand Meta', 'MvExpandOperator'],
    ['Scans | evaluate bag_unpack(Meta)', 'EvaluateOperator'],
    ['Scans | join kind=fullouter Owners on Name', 'join kind=fullouter'],
    ['Scans | lookup kind=leftouter Owners on Name | summarize hll(Size)', 'hll'],
    ['union withsource=From Scans, Owners', 'union withsource'],
    ['union (Scans | project Size), (Owners | project Size)', 'do not agree about Size'],
    ['Scans | join kind=inner Owners on $left.Name != $right.Name', 'KS'],
  ])('that is not known is refused by name: %s', (query, word) => {
    expect(() => run(query)).toThrow(word);
  });
});

describe('a query', () => {
  it('keeps when a row came in until rows are merged', () => {
    const query = 'Scans | where Name != "c" | extend At = ingestion_time() | where At > ago(90s) | project Name, At';
    expect(rowsOf(query).map(([name]) => name)).toEqual(['a', 'b']);
    expect(rowsOf('Scans | project Name | where ingestion_time() <= ago(2m) | project Name')).toEqual([['a'], ['c']]);
    expect(rowsOf('Scans | summarize by Name | where isnotnull(ingestion_time())')).toEqual([]);
  });

  it('names values, tables and functions by let, and its own hide the workspace’s', () => {
    expect(rowsOf('let least = 2; let big = Scans | where Size > least; big | count')).toEqual([[2]]);
    expect(rowsOf('let Owners = Scans | take 1; Owners | count')).toEqual([[1]]);
    expect(rowsOf('let twice = (x: long) { let y = x * 2; y }; Scans | project D = twice(Size)')).toEqual([
      [2],
      [null],
      [10],
      [6],
    ]);
    expect(rowsOf('let named = (name: string) { Scans | where Name == name }; named("c") | project Size')).toEqual([
      [3],
    ]);
  });

  it('calls the workspace’s functions with and without arguments', () => {
    expect(rowsOf('Large() | project Size')).toEqual([[5], [3]]);
    expect(rowsOf('Large | project Size')).toEqual([[5], [3]]);
    expect(rowsOf('Large(1, dynamic(["a"])) | project Size')).toEqual([[1], [5]]);
    expect(rowsOf('Large(names = dynamic(["c"])) | project Size')).toEqual([[3]]);
  });

  it('takes values out of tables', () => {
    expect(
      rowsOf('let most = toscalar(Scans | summarize max(Size)); Scans | where Size == most | project Name'),
    ).toEqual([['a']]);
    expect(rowsOf('Scans | where Name in ((Owners | project Name)) | count')).toEqual([[2]]);
    expect(
      rowsOf('let names = materialize(Owners | distinct Name); Scans | where Name !in (names) | project Name'),
    ).toEqual([['b'], ['c']]);
  });

  it('leaves out the legs of a fuzzy union that are not there', () => {
    expect(
      rowsOf('union isfuzzy=true (Gone_CL | where X > 1 | extend Name = Y), (Owners | project Name)'),
    ).toHaveLength(3);
    expect(columnsOf('union isfuzzy=true (Owners | project Name), (Gone_CL | project Name = 1)')).toEqual([
      'Name:string',
    ]);
    expect(rowsOf('union isfuzzy=true (union isfuzzy=true Gone_CL, (Owners | project Name)), (Gone_CL)')).toHaveLength(
      3,
    );
    expect(rowsOf('Missing')).toEqual([]);
    expect(() => run('union isfuzzy=true Gone_CL, Lost_CL | count')).toThrow();
    expect(() => run('union Gone_CL, Owners | count')).toThrow(/KS204.*Gone_CL/);
  });

  it('takes only values that fit their columns', () => {
    const table = { name: 'T', columns: [{ name: 'N', type: 'long' }], rows: [{ N: 'x' }] };
    expect(() => runQuery('T', { tables: [table] }, now)).toThrow('"x" is no long, as N is');
    const odd = { ...table, columns: [{ name: 'N', type: 'text' }], rows: [] };
    expect(() => runQuery('T', { tables: [odd] }, now)).toThrow('T.N has no type text');
  });
});
