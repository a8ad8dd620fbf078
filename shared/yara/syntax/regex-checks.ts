/** Two questions about a whole regex. Recursion is bounded by how deep the parser lets regexes nest. */
import type { Span } from './diagnostic.ts';
import type { Regex, RegexNode } from './regex-ast.ts';

/** Whether there is data in which this fits the empty text. */
export function canMatchEmpty(node: RegexNode): boolean {
  switch (node.kind) {
    case 'empty':
    case 'assertion':
      return true;
    case 'literal':
    case 'dot':
    case 'class':
      return false;
    case 'group':
      return canMatchEmpty(node.node);
    case 'sequence':
      return node.items.every(canMatchEmpty);
    case 'alternation':
      return node.alternatives.some(canMatchEmpty);
    case 'repeat':
      return node.min === 0 || canMatchEmpty(node.node);
  }
}

/**
 * The part at the front that fits any bytes of any number, when the reference refuses the regex for it: with `/s`, dots
 * that come first, of which exactly one is repeated without end. (With two the reference does not notice.) Only a sequence
 * is looked at, through the groups around it.
 */
export function hasArbitraryPrefix(regex: Regex): Span | undefined {
  if (!regex.dotAll) return undefined;
  let root = regex.root;
  while (root.kind === 'group') root = root.node;
  if (root.kind !== 'sequence') return undefined;
  let endless = 0;
  let end = root.span.start;
  for (const item of root.items) {
    const dots = endlessDots(item);
    if (dots === undefined) break;
    endless += dots;
    end = item.span.end;
  }
  return endless === 1 ? { start: root.span.start, end } : undefined;
}

/** How many parts of this are dots repeated without end; undefined when it is not made of dots alone. */
function endlessDots(node: RegexNode): number | undefined {
  switch (node.kind) {
    case 'dot':
      return 0;
    case 'group':
      return endlessDots(node.node);
    case 'repeat': {
      const inner = endlessDots(node.node);
      return inner === undefined ? undefined : Math.max(inner, node.max === undefined ? 1 : 0);
    }
    case 'sequence': {
      let endless = 0;
      for (const item of node.items) {
        const inner = endlessDots(item);
        if (inner === undefined) return undefined;
        endless += inner;
      }
      return endless;
    }
    case 'alternation': {
      const made = node.alternatives.map(endlessDots).filter((inner) => inner !== undefined);
      return made.length === 0 ? undefined : Math.max(...made);
    }
    case 'empty':
    case 'literal':
    case 'class':
    case 'assertion':
      return undefined;
  }
}
