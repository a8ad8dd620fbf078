/** One text for patterns that match the same in the same way: their values and modifiers, without places and names. */
import type { Pattern, PatternModifiers } from '../syntax/ast.ts';
import type { HexNode } from '../syntax/hex-ast.ts';
import type { RegexNode } from '../syntax/regex-ast.ts';
import { foldCase } from '../scan/text-operators.ts';

export function patternKey(pattern: Pattern): string {
  // In a regex, letters of both cases are part of the tree, whether a flag or the modifier says so.
  const modifiers = modifierKey(pattern.modifiers, pattern.kind === 'regex');
  switch (pattern.kind) {
    case 'text':
      return `text ${hex(pattern.bytes)} ${modifiers}`;
    case 'hex':
      return `hex ${hexKey(pattern.root)} ${modifiers}`;
    case 'regex':
      return `regex ${regexKey(pattern.regex.root)} ${modifiers}`;
  }
}

/** `ascii` alone is what no modifier means. */
function modifierKey(modifiers: PatternModifiers, isFolded: boolean): string {
  const { ascii, wide, nocase, fullword, private: hidden, xor, base64, base64wide } = modifiers;
  const words: string[] = [];
  if (ascii !== undefined || wide === undefined) words.push('ascii');
  if (wide !== undefined) words.push('wide');
  if (nocase !== undefined && !isFolded) words.push('nocase');
  if (fullword !== undefined) words.push('fullword');
  if (hidden !== undefined) words.push('private');
  if (xor !== undefined) words.push(`xor ${xor.min}-${xor.max}`);
  if (base64 !== undefined) words.push(`base64 ${hex(base64.alphabet ?? new Uint8Array(0))}`);
  if (base64wide !== undefined) words.push(`base64wide ${hex(base64wide.alphabet ?? new Uint8Array(0))}`);
  return words.join(' ');
}

function hexKey(node: HexNode): string {
  switch (node.kind) {
    case 'bytes':
      return `${hex(node.values)}/${hex(node.masks)}`;
    case 'negatedByte':
      return `~${node.value}/${node.mask}`;
    case 'jump':
      return `[${node.min}-${node.max ?? ''}]`;
    case 'alternatives':
      return `(${node.alternatives.map(hexKey).join('|')})`;
    case 'sequence':
      return node.items.map(hexKey).join(' ');
  }
}

function regexKey(node: RegexNode): string {
  switch (node.kind) {
    case 'empty':
      return '';
    case 'literal':
      return node.ignoreCase ? `'${hex(foldCase(node.bytes))}'i` : `'${hex(node.bytes)}'`;
    case 'dot':
      return node.includesNewline ? '.s' : '.';
    case 'class':
      return `[${node.set.join(',')}]`;
    case 'assertion':
      return node.assertion;
    case 'group':
      return `(${regexKey(node.node)})`;
    case 'sequence':
      return node.items.map(regexKey).join(' ');
    case 'alternation':
      return node.alternatives.map(regexKey).join('|');
    case 'repeat':
      return `${regexKey(node.node)}{${node.min},${node.max ?? ''}}${node.isGreedy ? '' : '?'}`;
  }
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
