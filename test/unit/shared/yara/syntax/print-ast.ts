/** Trees as short text, so that a table can hold them: `(and $a (> #b 1))`, `61? (seq …)`. */
import type {
  Anchor,
  Expression,
  OfSet,
  PatternIdentifier,
  Quantifier,
  Range,
} from '../../../../../shared/yara/syntax/ast.ts';
import { hasByte } from '../../../../../shared/yara/syntax/byte-set.ts';
import type { HexNode } from '../../../../../shared/yara/syntax/hex-ast.ts';
import type { RegexNode } from '../../../../../shared/yara/syntax/regex-ast.ts';

export function printExpression(node: Expression): string {
  switch (node.kind) {
    case 'integer':
      return String(node.value);
    case 'float':
      return Number.isInteger(node.value) ? node.value.toFixed(1) : String(node.value);
    case 'boolean':
      return String(node.value);
    case 'text':
      return JSON.stringify(latin1(node.bytes));
    case 'regex':
      return `/${latin1(node.regex.source)}/${node.regex.ignoreCase ? 'i' : ''}${node.regex.dotAll ? 's' : ''}`;
    case 'identifier':
      return node.name;
    case 'field':
      return `${printExpression(node.object)}.${node.field.name}`;
    case 'index':
      return `${printExpression(node.object)}[${printExpression(node.index)}]`;
    case 'call':
      return `${printExpression(node.callee)}(${node.arguments.map(printExpression).join(', ')})`;
    case 'filesize':
    case 'entrypoint':
      return node.kind;
    case 'patternMatch':
      return `${node.identifier.name}${printAnchor(node.anchor)}`;
    case 'patternCount':
      return `${marked('#', node.identifier)}${node.range === undefined ? '' : ` in ${printRange(node.range)}`}`;
    case 'patternOffset':
    case 'patternLength': {
      const mark = node.kind === 'patternOffset' ? '@' : '!';
      return `${marked(mark, node.identifier)}${node.index === undefined ? '' : `[${printExpression(node.index)}]`}`;
    }
    case 'unary':
      return `(${node.operator} ${printExpression(node.operand)})`;
    case 'and':
    case 'or':
      return `(${node.kind} ${node.operands.map(printExpression).join(' ')})`;
    case 'arithmetic':
      return `(${node.operands.map((operand, index) => `${index === 0 ? '' : `${node.operators[index - 1] ?? '?'} `}${printExpression(operand)}`).join(' ')})`;
    case 'comparison':
    case 'textOperation':
      return `(${node.operator} ${printExpression(node.left)} ${printExpression(node.right)})`;
    case 'of':
      return `(of ${printQuantifier(node.quantifier)} ${printSet(node.set)}${printAnchor(node.anchor)})`;
    case 'forOf':
      return `(for ${printQuantifier(node.quantifier)} of ${printSet(node.set)} ${printExpression(node.body)})`;
    case 'forIn': {
      const { iterable } = node;
      const printed =
        iterable.kind === 'range'
          ? printRange(iterable)
          : iterable.kind === 'list'
            ? `[${iterable.items.map(printExpression).join(', ')}]`
            : printExpression(iterable);
      const names = node.variables.map((variable) => variable.name).join(',');
      return `(for ${printQuantifier(node.quantifier)} ${names} in ${printed} ${printExpression(node.body)})`;
    }
    case 'with': {
      const declarations = node.declarations.map(({ name, value }) => `${name.name}=${printExpression(value)}`);
      return `(with ${declarations.join(', ')} ${printExpression(node.body)})`;
    }
  }
}

function marked(mark: string, identifier: PatternIdentifier): string {
  return `${mark}${identifier.name.slice(1)}`;
}

function printAnchor(anchor: Anchor | undefined): string {
  if (anchor === undefined) return '';
  return anchor.kind === 'at' ? ` at ${printExpression(anchor.offset)}` : ` in ${printRange(anchor.range)}`;
}

function printRange({ lower, upper }: Range): string {
  return `(${printExpression(lower)}..${printExpression(upper)})`;
}

function printQuantifier(quantifier: Quantifier): string {
  if (quantifier.kind === 'number') return printExpression(quantifier.value);
  return quantifier.kind === 'percentage' ? `${printExpression(quantifier.value)}%` : quantifier.kind;
}

function printSet(set: OfSet): string {
  switch (set.kind) {
    case 'them':
      return 'them';
    case 'patternList':
    case 'ruleSet': {
      const items = set.items.map((item) => `${item.name}${item.isWildcard ? '*' : ''}`);
      return `${set.kind === 'ruleSet' ? 'rules' : ''}{${items.join(', ')}}`;
    }
    case 'expressionSet':
      return `[${set.items.map(printExpression).join(', ')}]`;
  }
}

export function printHex(node: HexNode): string {
  switch (node.kind) {
    case 'bytes':
      return Array.from(node.values, (value, index) => nibbles(value, node.masks[index] ?? 0)).join(' ');
    case 'negatedByte':
      return `~${nibbles(node.value, node.mask)}`;
    case 'jump':
      return node.max === undefined ? `[${node.min}-]` : `[${node.min}-${node.max}]`;
    case 'alternatives':
      return `(${node.alternatives.map(printHex).join(' | ')})`;
    case 'sequence':
      return `<${node.items.map(printHex).join(', ')}>`;
  }
}

function nibbles(value: number, mask: number): string {
  const high = mask >= 0xf0 ? (value >> 4).toString(16) : '?';
  const low = (mask & 0x0f) === 0x0f ? (value & 0x0f).toString(16) : '?';
  return `${high}${low}`;
}

export function printRegex(node: RegexNode): string {
  switch (node.kind) {
    case 'empty':
      return 'ε';
    case 'literal':
      return `${JSON.stringify(latin1(node.bytes))}${node.ignoreCase ? 'i' : ''}`;
    case 'dot':
      return node.includesNewline ? 'any' : 'dot';
    case 'class':
      return `[${printByteSet(node.set)}]`;
    case 'assertion':
      return node.assertion;
    case 'group':
      return `(${printRegex(node.node)})`;
    case 'sequence':
      return `<${node.items.map(printRegex).join(' ')}>`;
    case 'alternation':
      return `{${node.alternatives.map(printRegex).join(' | ')}}`;
    case 'repeat':
      return `${printRegex(node.node)}{${node.min},${node.max ?? ''}}${node.isGreedy ? '' : '?'}`;
  }
}

/** Ranges of bytes, printable ones as themselves. */
function printByteSet(set: Uint32Array): string {
  const ranges: string[] = [];
  for (let first = 0; first < 256; first++) {
    if (!hasByte(set, first)) continue;
    let last = first;
    while (last < 255 && hasByte(set, last + 1)) last++;
    ranges.push(first === last ? printByte(first) : `${printByte(first)}-${printByte(last)}`);
    first = last;
  }
  return ranges.join(' ');
}

function printByte(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : byte.toString(16).padStart(2, '0');
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
