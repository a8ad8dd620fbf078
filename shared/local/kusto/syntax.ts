/**
 * Reads KQL with Microsoft's own language service: text and the tables and functions it may use go in, out come the tree
 * as plain objects, the types that the service found, and its complaints. Nothing is run here.
 *
 * The service is JavaScript made from C#, with globals instead of exports. It is a development dependency: the local
 * stack and the tests run from a checkout; no part of the deployed app loads it.
 */
import { createRequire } from 'node:module';
import type { Column, ScalarType } from './table.ts';

/** A node or a token of the tree. */
export interface Syntax {
  /** The service's own word, such as `FilterOperator` or `LongLiteralExpression`. */
  readonly kind: string;
  /** By the service's own names; optional parts that are not there are left out. */
  readonly parts: Readonly<Record<string, Syntax>>;
  /** Elements of a list, without separators. */
  readonly items: readonly Syntax[];
  /** As written, without what stands around it. */
  readonly text: string;
  /** Of a string literal: its value, escapes resolved. */
  readonly literal: string | undefined;
  /** Of an expression with one value. */
  readonly type: ScalarType | undefined;
  /** Of an expression or operator that yields a table. */
  readonly columns: readonly Column[] | undefined;
}

export interface KustoTable {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** A function that the workspace holds. */
export interface KustoFunction {
  readonly name: string;
  /** Such as `starttime:datetime=datetime(null)`; empty without parameters. */
  readonly parameters: string;
  readonly body: string;
}

export interface Reading {
  /** Not to be run where there are errors. */
  readonly tree: Syntax;
  /** Each with the text it is about. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** Types of the result's columns by name, in order. */
  readonly columns: ReadonlyMap<string, string>;
}

interface List<T> {
  readonly items: T;
}

interface Node {
  readonly Kind: number;
  readonly IsToken?: boolean;
  readonly Text?: string;
  readonly ChildCount: number;
  readonly TextStart: number;
  readonly End: number;
  readonly LiteralValue?: unknown;
  readonly ResultType?: { readonly Name: string; readonly Columns?: List<ColumnSymbol[]> } | null;
  GetChild(index: number): Node | null;
  GetName(index: number): string | null;
}

interface Code {
  readonly Syntax: Node;
  readonly ResultType: Node['ResultType'];
  GetDiagnostics(): List<{ Code: string; Message: string; Severity: string; Start: number }[]>;
}

interface ColumnSymbol {
  readonly Name: string;
  readonly Type: { readonly Name: string };
}

interface Service {
  readonly Kusto: {
    readonly Language: {
      readonly GlobalState: { readonly Default: { WithDatabase(database: unknown): unknown } };
      readonly KustoCode: {
        ParseAndAnalyze(query: string, globals: unknown): Code;
      };
      readonly Symbols: {
        readonly TableSymbol: { From(schema: string): { WithName(name: string): unknown } };
        readonly DatabaseSymbol: { readonly ctor: new (name: string, members: unknown[]) => unknown };
      };
      readonly Syntax: { readonly SyntaxKind: Readonly<Record<string, number>> };
    };
  };
  readonly Bridge: { toArray<T>(list: List<T>): T };
}

interface Loaded extends Service {
  readonly kinds: ReadonlyMap<number, string>;
}

let loaded: Loaded | undefined;

function loadService(): Loaded {
  const require = createRequire(import.meta.url);
  require('@kusto/language-service-next/bridge.min.js');
  require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
  const { Kusto, Bridge } = globalThis as unknown as Service;
  const kinds = Object.entries(Kusto.Language.Syntax.SyntaxKind).filter(([, value]) => typeof value === 'number');
  return { Kusto, Bridge, kinds: new Map(kinds.map(([name, value]) => [value, name])) };
}

/** Types of Log Analytics tables by the names KQL gives them. */
const kustoTypes: Readonly<Record<string, string>> = { dateTime: 'datetime', boolean: 'bool' };

/**
 * Reads a query against these tables and functions and no others. Never throws over a faulty query. The first call loads
 * the service, which takes about a second.
 */
export function readQuery(
  query: string,
  tables: readonly KustoTable[],
  functions: readonly KustoFunction[] = [],
): Reading {
  loaded ??= loadService();
  const { Bridge } = loaded;
  const { GlobalState, KustoCode, Symbols } = loaded.Kusto.Language;
  const symbols = tables.map(({ name, columns }) => {
    const schema = columns.map((column) => `${column.name}:${kustoTypes[column.type] ?? column.type}`);
    return Symbols.TableSymbol.From(`(${schema.join(', ')})`).WithName(name);
  });
  const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('workspace', symbols));
  // As let statements in front, functions are part of the tree like all else.
  let text = `${calledFirst(functions).map(declare).join('')}${query}`;
  let code = KustoCode.ParseAndAnalyze(text, globals);
  for (let round = 0; round < maximumUnionDepth; round++) {
    const shorter = withoutMissingLegs(code, text, loaded);
    if (shorter === text) break;
    text = shorter;
    code = KustoCode.ParseAndAnalyze(text, globals);
  }
  const diagnostics = Bridge.toArray(code.GetDiagnostics());
  const print = (isWanted: (severity: string) => boolean): string[] =>
    diagnostics
      .filter(({ Severity }) => isWanted(Severity))
      .map(({ Code, Message, Start }) => `${Code} ${Message} at: ${text.slice(Start, Start + 40).split('\n')[0]!}`);
  return {
    tree: convert(code.Syntax, text, loaded),
    errors: print((severity) => severity === 'Error'),
    warnings: print((severity) => severity !== 'Error'),
    columns: new Map((columnsOf(code.ResultType, loaded) ?? []).map(({ name, type }) => [name, type])),
  };
}

/** Fuzzy unions within fuzzy unions. */
const maximumUnionDepth = 20;
/** What the service says of a name in a fuzzy union that means nothing. */
const missingName = 'KS205';

/**
 * The text without the first leg of a fuzzy union that names a table or function that is not there, as the service runs
 * it. Left in place, the leg would give the union columns that nobody has. The last leg of a union stays.
 */
function withoutMissingLegs(code: Code, text: string, { kinds, Bridge }: Loaded): string {
  const missing = Bridge.toArray(code.GetDiagnostics()).filter(({ Code }) => Code === missingName);
  const open = new Set(missing.map(({ Start }) => Start));
  const holes: [number, number][] = [];
  const isMissing = (leg: Node): boolean => [...open].some((start) => start >= leg.TextStart && start < leg.End);
  const visit = (node: Node): void => {
    for (let index = 0; index < node.ChildCount; index++) {
      const child = node.GetChild(index);
      if (child === null) continue;
      // Unions inside come first: one that keeps a leg is not missing in its own union.
      visit(child);
      if (kinds.get(node.Kind) !== 'UnionOperator' || node.GetName(index) !== 'Expressions') continue;
      const legs = Array.from({ length: child.ChildCount }, (_, leg) => child.GetChild(leg)!);
      const gone = legs.filter(isMissing);
      const last = legs.findLast((leg) => !gone.includes(leg));
      if (last === undefined) continue;
      for (const leg of gone) {
        holes.push([leg.TextStart, leg.End]);
        for (const start of open) if (start >= leg.TextStart && start < leg.End) open.delete(start);
      }
      // The comma that now stands last.
      if (gone.includes(legs.at(-1)!)) holes.push([last.GetChild(1)!.TextStart, last.End]);
    }
  };
  if (open.size === 0) return text;
  visit(code.Syntax);
  return holes
    .sort(([one], [other]) => other - one)
    .reduce((shorter, [start, end]) => shorter.slice(0, start) + shorter.slice(end), text);
}

/** Functions whose bodies name others come behind those. Throws nothing: what calls itself binds to nothing. */
function calledFirst(functions: readonly KustoFunction[]): KustoFunction[] {
  const sorted: KustoFunction[] = [];
  const visited = new Set<KustoFunction>();
  const visit = (each: KustoFunction): void => {
    if (visited.has(each)) return;
    visited.add(each);
    functions.filter(({ name }) => new RegExp(`\\b${name}\\b`).test(each.body)).forEach(visit);
    sorted.push(each);
  };
  functions.forEach(visit);
  return sorted;
}

function declare({ name, parameters, body }: KustoFunction): string {
  return `let ${name} = (${parameters}) {\n${body}\n};\n`;
}

function convert(node: Node, text: string, service: Loaded): Syntax {
  const kind = service.kinds.get(node.Kind) ?? `kind ${node.Kind}`;
  // An element of a list, with its comma.
  if (kind === 'SeparatedElement') return convert(node.GetChild(0)!, text, service);
  const children: [string, Syntax][] = [];
  for (let index = 0; index < node.ChildCount; index++) {
    const child = node.GetChild(index);
    if (child !== null) children.push([node.GetName(index) ?? '', convert(child, text, service)]);
  }
  const result = node.ResultType ?? undefined;
  return {
    kind,
    parts: Object.fromEntries(children.filter(([name]) => name !== '')),
    items: kind === 'List' ? children.map(([, child]) => child) : [],
    text: node.IsToken === true ? (node.Text ?? '') : text.slice(node.TextStart, node.End),
    literal:
      kind === 'StringLiteralExpression' && typeof node.LiteralValue === 'string' ? node.LiteralValue : undefined,
    type: result === undefined || result.Columns !== undefined ? undefined : toScalarType(result.Name),
    columns: columnsOf(result, service),
  };
}

function columnsOf(result: Node['ResultType'], { Bridge }: Service): Column[] | undefined {
  if (result?.Columns === undefined) return undefined;
  return Bridge.toArray(result.Columns).map(({ Name, Type }) => ({
    name: Name,
    type: toScalarType(Type.Name) ?? 'dynamic',
  }));
}

const scalarTypes: readonly ScalarType[] = [
  'bool',
  'datetime',
  'dynamic',
  'guid',
  'int',
  'long',
  'real',
  'string',
  'timespan',
];

function toScalarType(name: string): ScalarType | undefined {
  return scalarTypes.find((type) => type === name);
}
