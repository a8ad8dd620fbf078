/**
 * Random filters over random findings: printed and read again they say the same; what they come to follows from what their
 * comparisons come to; and the KQL printed for our own table takes just the rows out that they set aside.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare, evaluate, type FieldValue } from '../../../../shared/exclusions/evaluate.ts';
import type { Filter } from '../../../../shared/exclusions/filter-ast.ts';
import { columnOf, kqlTables, type KqlTable } from '../../../../shared/exclusions/fields.ts';
import { printFilter } from '../../../../shared/exclusions/print-filter.ts';
import { excludedWhen } from '../../../../shared/exclusions/print-kql.ts';
import { runQuery } from '../../../../shared/local/kusto/run-query.ts';
import { filterOf } from '../../../unit/shared/exclusions/filters.ts';
import { runs } from '../../../conformance/seed.ts';

// fast-check prints the seed and the path of a failing run.

const textFields = ['process.name', 'process.parent_process.name', 'blob.container', 'blob.name', 'rule.severity'];
/** Few words, so that comparisons come out both ways. */
const word = fc.constantFrom('a', 'A', 'ab', 'Ab', 'backup.exe', 'BACKUP.EXE', 'exe', 'a b', 'x"y', 'x\\y', 'é', 'É');
const written = fc
  .tuple(word, fc.boolean())
  .map(([text, isCased]) => `${isCased ? 'cased:' : ''}${JSON.stringify(text)}`);

const comparison = fc.oneof(
  fc
    .tuple(fc.constantFrom(...textFields), fc.constantFrom('==', '!=', 'startswith', 'endswith', 'contains'), written)
    .map((parts) => parts.join(' ')),
  fc
    .tuple(
      fc.constantFrom(...textFields),
      fc.constantFrom('in', 'not in'),
      fc.array(word, { minLength: 1, maxLength: 3 }),
    )
    .map(
      ([field, operator, words]) => `${field} ${operator} (${words.map((text) => JSON.stringify(text)).join(', ')})`,
    ),
  fc
    .tuple(fc.constantFrom('==', '!=', '<', '<=', '>', '>='), fc.integer({ min: 0, max: 3 }))
    .map(([operator, number]) => `object.size ${operator} ${number}`),
);

const { filter: filterText } = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    { weight: 3, arbitrary: comparison },
    { weight: 1, arbitrary: tie('filter').map((inner) => `not (${inner})`) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(tie('filter'), fc.constantFrom('and', 'or'), tie('filter'))
        .map(([left, joint, right]) => `(${left}) ${joint} (${right})`),
    },
  ),
}));

type Finding = Readonly<Record<string, FieldValue>>;

const finding = fc.record(
  {
    ...Object.fromEntries(textFields.map((field) => [field, word])),
    'object.size': fc.integer({ min: 0, max: 3 }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Finding>;

/** By the meaning of the words alone. */
function meaning(filter: Filter, values: ReadonlyMap<string, FieldValue>): boolean {
  switch (filter.kind) {
    case 'comparison':
      return compare(filter, values.get(filter.field));
    case 'not':
      return !meaning(filter.operand, values);
    case 'and':
      return !filter.operands.map((operand) => meaning(operand, values)).includes(false);
    case 'or':
      return filter.operands.map((operand) => meaning(operand, values)).includes(true);
  }
}

describe('filters', () => {
  it('say the same when they are printed and read again', () => {
    fc.assert(
      fc.property(filterText, finding, (text, found) => {
        const values = new Map(Object.entries(found));
        const filter = filterOf(text);
        const again = filterOf(printFilter(filter));
        expect(evaluate(again, values)).toBe(evaluate(filter, values));
        expect(printFilter(again)).toBe(printFilter(filter));
      }),
      { numRuns: runs(300) },
    );
  });

  it('come to what their comparisons come to', () => {
    fc.assert(
      fc.property(filterText, finding, (text, found) => {
        const values = new Map(Object.entries(found));
        expect(evaluate(filterOf(text), values)).toBe(meaning(filterOf(text), values));
      }),
      { numRuns: runs(300) },
    );
  });

  it.each(kqlTables)('set aside the rows that their KQL for %s takes out', (table) => {
    fc.assert(
      fc.property(filterText, fc.array(finding, { minLength: 1, maxLength: 8 }), (text, findings) => {
        const filter = filterOf(text);
        const condition = excludedWhen({ kind: 'excludeWhen', text, filter }, table);
        const query = `${table} | where ${condition} | project Id`;
        const { rows } = runQuery(query, { tables: [tableOf(table, findings)] }, new Date());
        const expected = findings.flatMap((found, Id) => (evaluate(filter, seenIn(table, found)) ? [{ Id }] : []));
        expect(rows, query).toEqual(expected);
      }),
      { numRuns: runs(150) },
    );
  });
});

/** What of a finding the table has a column for. */
function seenIn(table: KqlTable, found: Finding): Map<string, FieldValue> {
  return new Map(Object.entries(found).filter(([field]) => columnOf(field, table) !== undefined));
}

function tableOf(table: KqlTable, findings: readonly Finding[]): Parameters<typeof runQuery>[1]['tables'][number] {
  const columns = new Map<string, string>([['Id', 'int']]);
  const rows = findings.map((found, Id) => {
    const row: Record<string, unknown> = { Id };
    const claims: Record<string, unknown> = {};
    for (const [field, value] of seenIn(table, found)) {
      const column = columnOf(field, table)!;
      if (column.startsWith('tostring(Claims[')) claims[field] = value;
      else row[column] = value;
    }
    return table === 'SluiceFindings' ? { ...row, Claims: claims } : row;
  });
  for (const field of [...textFields, 'object.size']) {
    const column = columnOf(field, table);
    if (column !== undefined && /^\w+$/.test(column)) columns.set(column, field === 'object.size' ? 'long' : 'string');
  }
  if (table === 'SluiceFindings') columns.set('Claims', 'dynamic');
  return { name: table, columns: [...columns].map(([name, type]) => ({ name, type })), rows };
}
