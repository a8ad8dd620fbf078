/**
 * Binds KQL against declared tables with Microsoft's own language service: finds unknown tables, columns and functions and
 * wrong operand types, and says which columns of which types a query yields. Nothing is run.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** As far as it is used here; the service is JavaScript made from C#, with globals instead of exports. */
interface Service {
  readonly Kusto: {
    readonly Language: {
      readonly GlobalState: { readonly Default: { WithDatabase(database: unknown): unknown } };
      readonly KustoCode: { ParseAndAnalyze(query: string, globals: unknown): Code };
      readonly Symbols: {
        readonly TableSymbol: { From(schema: string): { WithName(name: string): unknown } };
        readonly DatabaseSymbol: { readonly ctor: new (name: string, members: unknown[]) => unknown };
      };
    };
  };
  readonly Bridge: { toArray<T>(list: List<T>): T[] };
}

interface List<T> {
  readonly items: T;
}

interface Code {
  GetDiagnostics(): List<{ Code: string; Message: string; Severity: string; Start: number }>;
  readonly ResultType: { readonly Columns?: List<{ Name: string; Type: { Name: string } }> } | null;
}

export interface KustoTable {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

export interface Binding {
  /** Each with the text it is about. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** Type by name, in the order of the result. */
  readonly columns: ReadonlyMap<string, string>;
}

let service: Service | undefined;

function loadService(): Service {
  require('@kusto/language-service-next/bridge.min.js');
  require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
  return globalThis as unknown as Service;
}

/** Types of Log Analytics tables by the names KQL gives them. */
const kustoTypes: Readonly<Record<string, string>> = { dateTime: 'datetime', boolean: 'bool' };

/** Binds the query against these tables and no others. The first call loads the service, which takes about a second. */
export function bindQuery(query: string, tables: readonly KustoTable[]): Binding {
  service ??= loadService();
  const { GlobalState, KustoCode, Symbols } = service.Kusto.Language;
  const symbols = tables.map(({ name, columns }) => {
    const schema = columns.map((column) => `${column.name}:${kustoTypes[column.type] ?? column.type}`);
    return Symbols.TableSymbol.From(`(${schema.join(', ')})`).WithName(name);
  });
  const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('workspace', symbols));
  const code = KustoCode.ParseAndAnalyze(query, globals);
  const diagnostics = service.Bridge.toArray(code.GetDiagnostics());
  const print = (severity: (word: string) => boolean): string[] =>
    diagnostics
      .filter((diagnostic) => severity(diagnostic.Severity))
      .map(({ Code, Message, Start }) => `${Code} ${Message} at: ${query.slice(Start, Start + 40).split('\n')[0]!}`);
  const columns = code.ResultType?.Columns === undefined ? [] : service.Bridge.toArray(code.ResultType.Columns);
  return {
    errors: print((word) => word === 'Error'),
    warnings: print((word) => word !== 'Error'),
    columns: new Map(columns.map(({ Name, Type }) => [Name, Type.Name])),
  };
}
