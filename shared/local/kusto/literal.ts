/** Literals of the query text as values: numbers, times, strings, and `dynamic(…)` with the JSON in it. */
import { part, unknown } from './scope.ts';
import type { Syntax } from './syntax.ts';
import type { Value } from './table.ts';
import { parseDateTime, parseTimeSpan } from './time.ts';
import { checkWhole } from './values.ts';

/** Throws `KustoError` for one that it does not know. */
export function readLiteral(node: Syntax): Value {
  const inside = /^\w+\s*\(\s*([\s\S]*?)\s*\)$/.exec(node.text)?.[1];
  const text = inside ?? node.text;
  if (inside === 'null' || node.kind === 'NullLiteralExpression') return null;
  switch (node.kind) {
    case 'StringLiteralExpression':
      return node.literal ?? unknown(node);
    case 'LongLiteralExpression':
    case 'IntLiteralExpression':
      return checkWhole(Number(text));
    case 'RealLiteralExpression':
      return Number(text);
    case 'BooleanLiteralExpression':
      return text.toLowerCase() === 'true';
    case 'DateTimeLiteralExpression':
      return parseDateTime(withoutQuotes(text)) ?? unknown(node);
    case 'TimespanLiteralExpression':
      return parseTimeSpan(withoutQuotes(text)) ?? unknown(node);
    case 'DynamicExpression':
      return readJson(part(node, 'Expression'));
    default:
      return unknown(node);
  }
}

function withoutQuotes(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, '$2');
}

function readJson(node: Syntax): Value {
  switch (node.kind) {
    case 'JsonObjectExpression':
      return Object.fromEntries(
        part(node, 'Pairs').items.map((pair) => [
          withoutQuotes(part(pair, 'Name').text),
          readJson(part(pair, 'Value')),
        ]),
      );
    case 'JsonArrayExpression':
      return part(node, 'Values').items.map(readJson);
    default:
      return readLiteral(node);
  }
}
