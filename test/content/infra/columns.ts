/**
 * Compares the three places where columns are: the table files, the DCR's streams as infra/modules/ingestion.bicep derives
 * them, and the rows that the sink writes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly description: string;
}

export interface Table {
  readonly name: string;
  readonly description: string;
  readonly columns: readonly Column[];
}

const tableTypes = ['string', 'int', 'long', 'real', 'boolean', 'dateTime', 'guid', 'dynamic'];
const streamTypes = ['string', 'int', 'long', 'real', 'boolean', 'datetime', 'dynamic'];
/** Azure keeps these for itself. */
const reservedNames = ['id', '_resourceid', '_subscriptionid', 'tenantid', 'type', 'uniqueid', 'title'];

export function readTables(folder: string): Table[] {
  const files = readdirSync(join(folder, 'tables')).sort();
  return files.map((file) => JSON.parse(readFileSync(join(folder, 'tables', file), 'utf8')) as Table);
}

/** What is wrong with the tables themselves. */
export function tableFaults(folder: string): string[] {
  return readTables(folder).flatMap((table) => {
    const names = table.columns.map(({ name }) => name);
    return [
      ...(/^[A-Za-z][A-Za-z0-9_]{3,59}_CL$/.test(table.name) ? [] : [`${table.name} is no name of a custom table`]),
      ...(names.includes('TimeGenerated') ? [] : [`${table.name} has no TimeGenerated`]),
      ...names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${table.name} has ${name} twice`),
      ...names
        .filter((name) => reservedNames.includes(name.toLowerCase()))
        .map((name) => `${table.name} may not have ${name}`),
      ...table.columns
        .filter(({ type }) => !tableTypes.includes(type))
        .map(({ name, type }) => `${table.name}.${name} has no type ${type}`),
      ...table.columns
        .filter(({ description }) => description === '')
        .map(({ name }) => `${table.name}.${name} is not described`),
    ];
  });
}

/** The only derivation of streams whose meaning is known here. */
const derivation = `streamDeclarations: toObject(
  tables,
  table => 'Custom-\${table.name}',
  table => { columns: map(table.columns, column => { name: column.name, type: toLower(column.type) }) }
)`;

const dataFlow = `dataFlows: [
  for table in tables: {
    streams: ['Custom-\${table.name}']
    destinations: ['workspace']
    transformKql: 'source'
    outputStream: 'Custom-\${table.name}'
  }
]`;

/** The streams that ingestion.bicep declares, as name → column → type. Throws when it derives them in another way. */
export function readStreams(folder: string): Record<string, Record<string, string>> {
  const text = withoutIndents(readFileSync(join(folder, 'modules/ingestion.bicep'), 'utf8'));
  for (const expression of [derivation, dataFlow]) {
    if (!text.includes(withoutIndents(expression))) throw new Error(`ingestion.bicep does not hold\n${expression}`);
  }
  const tables = loadedTables(folder, 'ingestion.bicep');
  return Object.fromEntries(
    tables.map((table) => [
      `Custom-${table.name}`,
      Object.fromEntries(table.columns.map((column) => [column.name, column.type.toLowerCase()])),
    ]),
  );
}

/** The tables that a module loads into its `tables`. */
export function loadedTables(folder: string, module: string): Table[] {
  const text = readFileSync(join(folder, 'modules', module), 'utf8');
  const list = /^var tables = \[\n((?: {2}loadJsonContent\('[^']+'\)\n)+)\]$/m.exec(text)?.[1];
  if (list === undefined) throw new Error(`${module} does not load its tables from files`);
  const files = [...list.matchAll(/'([^']+)'/g)].map((match) => join(folder, 'modules', match[1]!));
  return files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Table);
}

/** How the streams differ from the tables they lead to. */
export function streamFaults(folder: string): string[] {
  const streams = readStreams(folder);
  const tables = readTables(folder);
  const names = tables.map(({ name }) => name).sort();
  const faults: string[] = [];
  for (const module of ['ingestion.bicep', 'tables.bicep']) {
    const loaded = loadedTables(folder, module).map(({ name }) => name);
    if (loaded.sort().join() !== names.join())
      faults.push(`${module} has ${loaded.join(', ')}, not ${names.join(', ')}`);
  }
  for (const table of tables) {
    const stream = streams[`Custom-${table.name}`] ?? {};
    const expected = Object.fromEntries(
      table.columns.map(({ name, type }) => [name, { dateTime: 'datetime', guid: 'string' }[type] ?? type]),
    );
    if (JSON.stringify(stream) !== JSON.stringify(expected))
      faults.push(`stream Custom-${table.name} has other columns than the table`);
    const wrong = Object.entries(stream).filter(([, type]) => !streamTypes.includes(type));
    faults.push(...wrong.map(([name, type]) => `stream Custom-${table.name}: ${name} has no type ${type}`));
  }
  return faults;
}

/** How rows differ from the table they are for; `rows` as the sink sends them. */
export function rowFaults(table: Table, rows: readonly object[]): string[] {
  const types = new Map(table.columns.map(({ name, type }) => [name, type]));
  return rows.flatMap((row) => {
    const entries = Object.entries(row as Record<string, unknown>);
    const missing = [...types.keys()].filter((name) => !entries.some(([key]) => key === name));
    return [
      ...missing.map((name) => `no ${name} in a row of ${table.name}`),
      ...entries.flatMap(([name, value]) => {
        const type = types.get(name);
        if (type === undefined) return [`${table.name} has no column ${name}`];
        return fits(type, value) ? [] : [`${table.name}.${name} is ${type}, not ${JSON.stringify(value)}`];
      }),
    ];
  });
}

function fits(type: string, value: unknown): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'int':
      return Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;
    case 'long':
      return value === null || Number.isSafeInteger(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'dateTime':
      return value === null || (typeof value === 'string' && new Date(value).toISOString() === value);
    case 'dynamic':
      return typeof value === 'object' && value !== null;
    default:
      return false;
  }
}

function withoutIndents(text: string): string {
  return text.replaceAll(/^ +/gm, '');
}
