/**
 * Hex patterns: from the opening brace to the closing one.
 *
 *     pattern      := `{` sequence `}`
 *     sequence     := unit ( jump* unit )*            neither begins nor ends with a jump
 *     unit         := `~`? nibble nibble | `(` sequence ( `|` sequence )* `)`
 *     jump         := `[` number `]` | `[` number? `-` number? `]`
 *
 * White space and comments may stand between any two of these, but not inside a byte. Reads each byte once; recursion is
 * bounded by `MAX_DEPTH`. Jumps side by side become one; a short alternative that stands alone is dissolved.
 */
import type { Span } from './diagnostic.ts';
import type { HexAlternatives, HexJump, HexNode } from './hex-ast.ts';
import { skipTrivia } from './lexer.ts';
import { MAX_DEPTH } from './limits.ts';
import type { ParseContext } from './parse-context.ts';
import { HEX_VALUE } from './tokens.ts';

const WILDCARD = 0x3f;
const TILDE = 0x7e;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const PAREN_OPEN = 0x28;
const PAREN_CLOSE = 0x29;
const PIPE = 0x7c;
const BRACE_CLOSE = 0x7d;
const MINUS = 0x2d;

/** A lone alternative of more bytes and items stays as it is: dissolving copies it at every level it is nested in. */
const MAX_DISSOLVED = 64;

/** Bounds of jumps are below 2^32. */
const MAX_JUMP = 0xffff_ffff;

export interface ParsedHex {
  readonly root: HexNode;
  /** From brace to brace. */
  readonly span: Span;
}

/** The lexer stands on the opening brace, and then on what follows the closing one. `identifier` is for messages. */
export function parseHex(context: ParseContext, identifier: string): ParsedHex {
  const { start, end } = context.lexer;
  const parser = new HexParser(context, identifier, end);
  const root = parser.sequence(0);
  if (parser.peek() !== BRACE_CLOSE) parser.unexpected('`[`, a byte, `(` or `}`');
  const close = parser.at + 1;
  context.lexer.jumpTo(close);
  return { root, span: { start, end: close } };
}

class HexParser {
  readonly #context: ParseContext;
  readonly #bytes: Uint8Array;
  readonly #identifier: string;
  at: number;

  constructor(context: ParseContext, identifier: string, at: number) {
    this.#context = context;
    this.#bytes = context.bytes;
    this.#identifier = identifier;
    this.at = at;
  }

  /** The next byte that is neither white space nor comment; `at` stands on it. 0 at the end of the source. */
  peek(): number {
    this.at = skipTrivia(this.#bytes, this.at);
    return this.#bytes[this.at] ?? 0;
  }

  unexpected(expected: string): never {
    // The lexer knows best what stands here, and recovery goes on from it.
    this.#context.lexer.jumpTo(this.at);
    this.#context.unexpected(expected, 'a byte is two characters, each a hexadecimal digit or ?');
  }

  sequence(depth: number): HexNode {
    if (depth > MAX_DEPTH) {
      this.#context.lexer.jumpTo(this.at);
      const span = { start: this.at, end: this.at + 1 };
      this.#context.fail('E901', span, `alternatives stand in each other more than ${MAX_DEPTH} deep`);
    }
    const items = new SequenceBuilder();
    this.#unit(items, depth, 'a byte or `(`');
    for (;;) {
      const byte = this.peek();
      if (byte === BRACKET_OPEN) {
        items.addNode(this.#jumps());
        this.#unit(items, depth, '`[`, a byte or `(`');
      } else if (byte === PAREN_OPEN || byte === TILDE || isNibble(byte)) {
        this.#unit(items, depth, '`[`, a byte, `(` or `}`');
      } else {
        return items.finish();
      }
    }
  }

  #unit(items: SequenceBuilder, depth: number, expected: string): void {
    const first = this.peek();
    if (first === PAREN_OPEN) {
      const node = this.#alternatives(depth);
      const only = node.alternatives.length === 1 ? node.alternatives[0]! : undefined;
      items.addNode(only !== undefined && isSmall(only) ? only : node);
      return;
    }
    const start = this.at;
    const isNegated = first === TILDE;
    const at = isNegated ? start + 1 : start;
    const high = this.#bytes[at] ?? 0;
    const low = this.#bytes[at + 1] ?? 0;
    if (!isNibble(high) || !isNibble(low)) this.unexpected(expected);
    const value = ((high === WILDCARD ? 0 : HEX_VALUE[high]!) << 4) | (low === WILDCARD ? 0 : HEX_VALUE[low]!);
    const mask = (high === WILDCARD ? 0 : 0xf0) | (low === WILDCARD ? 0 : 0x0f);
    this.at = at + 2;
    if (!isNegated) {
      items.addByte(value, mask, start, this.at);
      return;
    }
    const span = { start, end: this.at };
    if (mask === 0)
      this.#invalid(span, '~?? fits no byte at all', 'remove it, or write the byte that must not stand here');
    items.addNode({ kind: 'negatedByte', span, value, mask });
  }

  #alternatives(depth: number): HexAlternatives {
    const start = this.at;
    const alternatives: HexNode[] = [];
    do {
      this.at++;
      alternatives.push(this.sequence(depth + 1));
    } while (this.peek() === PIPE);
    if (this.peek() !== PAREN_CLOSE) this.unexpected('`[`, a byte, `(`, `|` or `)`');
    this.at++;
    return { kind: 'alternatives', span: { start, end: this.at }, alternatives };
  }

  /** One jump or several in a row, as one. */
  #jumps(): HexJump {
    const first = this.#jump();
    let { min, max } = first;
    let count = 1;
    let end = first.span.end;
    while (this.peek() === BRACKET_OPEN) {
      const next = this.#jump();
      min += next.min;
      max = max === undefined || next.max === undefined ? undefined : max + next.max;
      end = next.span.end;
      count++;
    }
    const span = { start: first.span.start, end };
    if (count > 1) {
      const merged = max === undefined ? `[${min}-]` : `[${min}-${max}]`;
      const message = `pattern ${this.#identifier}: ${count} jumps in a row are one of ${merged}`;
      this.#context.warning('consecutive_jumps', span, message, `write ${merged}`);
    }
    // Asked of all of them together, as the reference does: `[1] [0]` is `[1]`.
    if (max === 0) this.#invalid(span, 'a jump of length 0 does nothing', 'remove it');
    if (max !== undefined && min > max) {
      this.#invalid(span, `jump [${min}-${max}] ends before it starts`, `write [${max}-${min}]`);
    }
    return { kind: 'jump', span, min, max };
  }

  #jump(): HexJump {
    const start = this.at++;
    const min = this.#bound();
    let max = min;
    if (this.peek() === MINUS) {
      this.at++;
      max = this.#bound();
    } else if (min === undefined) {
      this.unexpected('an integer or `-`');
    }
    if (this.peek() !== BRACKET_CLOSE) this.unexpected(max === undefined ? 'an integer or `]`' : '`-` or `]`');
    this.at++;
    const span = { start, end: this.at };
    return { kind: 'jump', span, min: min ?? 0, max };
  }

  /** Decimal, `0x…` or `0o…`; undefined when no number stands here. */
  #bound(): number | undefined {
    let at = skipTrivia(this.#bytes, this.at);
    this.at = at;
    const start = at;
    let base = 10;
    if (this.#bytes[at] === 0x30 && (this.#bytes[at + 1] === 0x78 || this.#bytes[at + 1] === 0x6f)) {
      base = this.#bytes[at + 1] === 0x78 ? 16 : 8;
      at += 2;
    }
    const digits = at;
    let value = 0;
    while (at < this.#bytes.length && HEX_VALUE[this.#bytes[at]!]! < base) {
      // Beyond the bound the value only has to stay beyond it.
      value = Math.min(value * base + HEX_VALUE[this.#bytes[at]!]!, 2 * MAX_JUMP);
      at++;
    }
    if (at === digits) return undefined;
    this.at = at;
    if (value <= MAX_JUMP) return value;
    const span = { start, end: at };
    this.#context.error('E027', span, `${this.#context.source.excerpt(span)} is out of range: 0 to ${MAX_JUMP}`);
    return MAX_JUMP;
  }

  #invalid(span: Span, what: string, hint: string): void {
    this.#context.error('E024', span, `pattern ${this.#identifier}: ${what}`, hint);
  }
}

/** Gathers the items of a sequence and joins bytes that stand side by side. */
class SequenceBuilder {
  readonly #items: HexNode[] = [];
  #values: number[] = [];
  #masks: number[] = [];
  #start = 0;
  #end = 0;

  addByte(value: number, mask: number, start: number, end: number): void {
    if (this.#values.length === 0) this.#start = start;
    this.#values.push(value);
    this.#masks.push(mask);
    this.#end = end;
  }

  addNode(node: HexNode): void {
    if (node.kind === 'sequence') {
      for (const item of node.items) this.addNode(item);
    } else if (node.kind === 'bytes') {
      if (this.#values.length === 0) this.#start = node.span.start;
      for (const value of node.values) this.#values.push(value);
      for (const mask of node.masks) this.#masks.push(mask);
      this.#end = node.span.end;
    } else {
      this.#flush();
      this.#items.push(node);
    }
  }

  finish(): HexNode {
    this.#flush();
    const items = this.#items;
    if (items.length === 1) return items[0]!;
    const span = { start: items[0]!.span.start, end: items.at(-1)!.span.end };
    return { kind: 'sequence', span, items };
  }

  #flush(): void {
    if (this.#values.length === 0) return;
    const span = { start: this.#start, end: this.#end };
    this.#items.push({
      kind: 'bytes',
      span,
      values: new Uint8Array(this.#values),
      masks: new Uint8Array(this.#masks),
    });
    this.#values = [];
    this.#masks = [];
  }
}

function isSmall(node: HexNode): boolean {
  if (node.kind === 'bytes') return node.values.length <= MAX_DISSOLVED;
  if (node.kind !== 'sequence') return true;
  let size = node.items.length;
  for (let index = 0; index < node.items.length && size <= MAX_DISSOLVED; index++) {
    const item = node.items[index]!;
    if (item.kind === 'bytes') size += item.values.length;
  }
  return size <= MAX_DISSOLVED;
}

function isNibble(byte: number): boolean {
  return byte === WILDCARD || HEX_VALUE[byte]! < 16;
}
