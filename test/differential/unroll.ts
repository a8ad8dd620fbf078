/**
 * Rules written so that a defect of the reference is not met: it runs `x{n,m}` with more than ten repeats by a counter, of
 * which it keeps one where two are needed, and so misses matches or gets their lengths wrong. Written out as `x{10}x{2}` and
 * `x{0,10}x{0,5}` the regex means the same, and is run without a counter.
 */
import type { RegexNode, RegexRepeat } from '../../shared/yara/syntax/regex-ast.ts';
import type { Span } from '../../shared/yara/syntax/diagnostic.ts';
import { Diagnostics } from '../../shared/yara/syntax/diagnostics.ts';
import { parseSource } from '../../shared/yara/syntax/parser.ts';
import { SourceText } from '../../shared/yara/syntax/source-text.ts';

/** The reference writes out what it repeats at most this often. */
const MOST_WRITTEN_OUT = 10;
/** Longer regexes than this are left as they are. */
const LONGEST_TEXT = 200_000;

/** Undefined where no regex has such a repeat. */
export function withoutCountedLoops(text: string): string | undefined {
  const { bytes } = new SourceText(text);
  const { rules } = parseSource(new SourceText(text), new Diagnostics());
  const textOf = ({ start, end }: Span): string => new TextDecoder().decode(bytes.subarray(start, end));
  let out = '';
  let at = 0;
  let isChanged = false;
  for (const pattern of rules.flatMap(({ patterns }) => patterns)) {
    if (pattern.kind !== 'regex' || !hasCountedLoop(pattern.regex.root)) continue;
    const { root } = pattern.regex;
    const written = write(root, textOf);
    if (written.length > LONGEST_TEXT) continue;
    out += textOf({ start: at, end: root.span.start }) + written;
    at = root.span.end;
    isChanged = true;
  }
  return isChanged ? out + textOf({ start: at, end: bytes.length }) : undefined;
}

function isCounted({ max }: RegexRepeat): boolean {
  return max !== undefined && max > MOST_WRITTEN_OUT;
}

function hasCountedLoop(node: RegexNode): boolean {
  return (node.kind === 'repeat' && isCounted(node)) || childrenOf(node).some(hasCountedLoop);
}

function childrenOf(node: RegexNode): readonly RegexNode[] {
  switch (node.kind) {
    case 'group':
    case 'repeat':
      return [node.node];
    case 'sequence':
      return node.items;
    case 'alternation':
      return node.alternatives;
    default:
      return [];
  }
}

/** The node as it was written, but for counted repeats. */
function write(node: RegexNode, textOf: (span: Span) => string): string {
  if (node.kind === 'repeat' && isCounted(node)) {
    const operand = write(node.node, textOf);
    const lazy = node.isGreedy ? '' : '?';
    const times = (count: number, quantifier: (some: number) => string): string => {
      const whole = (operand + quantifier(MOST_WRITTEN_OUT)).repeat(Math.floor(count / MOST_WRITTEN_OUT));
      const rest = count % MOST_WRITTEN_OUT;
      return rest === 0 ? whole : whole + operand + quantifier(rest);
    };
    return times(node.min, (some) => `{${some}}${lazy}`) + times(node.max! - node.min, (some) => `{0,${some}}${lazy}`);
  }
  let out = '';
  let at = node.span.start;
  for (const child of childrenOf(node)) {
    out += textOf({ start: at, end: child.span.start }) + write(child, textOf);
    at = child.span.end;
  }
  return out + textOf({ start: at, end: node.span.end });
}
