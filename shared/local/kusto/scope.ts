/** What a name can mean where an expression stands: columns of the row, let statements, tables of the workspace. */
import type { Syntax } from './syntax.ts';
import { KustoError } from './table.ts';
import type { DateTime, Row, Table, Value } from './table.ts';

export type Binding =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'function'; readonly declaration: Syntax; readonly scope: Scope };

export interface Scope {
  /** What `now()` gives. */
  readonly now: DateTime;
  readonly tables: ReadonlyMap<string, Table>;
  /** Let statements and parameters; computed when first asked for, and then kept. */
  readonly names: ReadonlyMap<string, () => Binding>;
  /** The row that column names refer to. */
  readonly row?: Row | undefined;
  /** Inside `summarize`: the rows that an aggregate takes in. */
  readonly group?: readonly Row[] | undefined;
  /** Runs what yields a table: operators and expressions need one another. */
  readonly runTable: (node: Syntax, scope: Scope) => Table;
}

export function withRow(scope: Scope, row: Row): Scope {
  return { ...scope, row, group: undefined };
}

/** The scope with one name more, which hides others of that name. */
export function withName(scope: Scope, name: string, compute: () => Binding): Scope {
  let known: Binding | undefined;
  return { ...scope, names: new Map([...scope.names, [name, () => (known ??= compute())]]) };
}

/** The text of a name: of a reference, a declaration, or the name of either. */
export function nameOf(node: Syntax): string {
  switch (node.kind) {
    case 'NameReference':
    case 'NameDeclaration':
    case 'TokenName':
      return nameOf(part(node, 'Name'));
    case 'BracketedName':
    case 'BracketedExpression':
      return part(node, 'Name' in node.parts ? 'Name' : 'Expression').literal ?? unknown(node);
    default:
      return 'Name' in node.parts ? nameOf(node.parts['Name']) : node.text;
  }
}

/** A part that must be there. */
export function part(node: Syntax, name: string): Syntax {
  return node.parts[name] ?? unknown(node);
}

/** The parameters of an operator, such as `kind=leftanti`, as written. */
export function parametersOf(node: Syntax): Map<string, string> {
  const parameters = node.parts['Parameters']?.items ?? [];
  return new Map(parameters.map((parameter) => [nameOf(part(parameter, 'Name')), part(parameter, 'Expression').text]));
}

/** For what this evaluator does not know. */
export function unknown(node: Syntax): never {
  throw new KustoError(`the evaluator does not know ${node.kind}`, { where: node.text.slice(0, 80) });
}
