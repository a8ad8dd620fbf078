/**
 * Rules for an object that does not begin at offset 0: the same rules, with what they say of places changed by an external
 * integer, `BASE`. `$a at 4` becomes `$a at (4)+BASE`, `filesize` becomes `(filesize-BASE)`, `@a` becomes `(@a-BASE)`, a read
 * moves along. So the answer is the one of the unmoved rules on the unmoved object, with every match further back.
 */
import { Diagnostics } from '../../shared/yara/syntax/diagnostics.ts';
import type { Expression, Pattern, Rule } from '../../shared/yara/syntax/ast.ts';
import type { RegexNode } from '../../shared/yara/syntax/regex-ast.ts';
import { parseSource } from '../../shared/yara/syntax/parser.ts';
import { SourceText } from '../../shared/yara/syntax/source-text.ts';
import type { RuleSource } from '../../shared/yara/index.ts';
import { childrenOf, walk } from '../differential/expressions.ts';

/** The external that says where the object begins. */
export const BASE = 'base_of_the_object';

/**
 * The rules, or why they cannot be moved. `areAnchored`: a condition asks `at` an offset, and if that is a constant the
 * engine lists no match elsewhere.
 */
export type Shifted =
  { readonly sources: readonly RuleSource[]; readonly areAnchored: boolean } | { readonly reason: string };

/** `base` stands in the place of `BASE` where it is given. */
export function shiftRules(sources: readonly RuleSource[], base?: number): Shifted {
  let areAnchored = false;
  const shifted: RuleSource[] = [];
  for (const source of sources) {
    const text = new SourceText(source.text, source.name ?? '<rules>');
    const ast = parseSource(text, new Diagnostics());
    const { rules } = ast;
    if (ast.includes.length > 0) return { reason: 'includes other files' };
    for (const rule of rules) {
      const reason = reasonAgainst(rule);
      if (reason !== undefined) return { reason };
      areAnchored ||= hasAnchor(rule);
    }
    shifted.push({ ...source, text: new Shifter(text.bytes, base === undefined ? BASE : String(base)).shift(rules) });
  }
  return { sources: shifted, areAnchored };
}

class Shifter {
  readonly #text: string;
  readonly #base: string;

  constructor(bytes: Uint8Array, base: string) {
    this.#base = base;
    // A character a byte, so that spans are indices.
    this.#text = Buffer.from(bytes).toString('latin1');
  }

  shift(rules: readonly Rule[]): Uint8Array {
    const conditions = rules.flatMap(({ condition }) => (condition === undefined ? [] : [condition]));
    const text = this.#replaced(0, this.#text.length, conditions, (condition) => this.#expression(condition));
    return Uint8Array.from(Buffer.from(text, 'latin1'));
  }

  #expression(expression: Expression): string {
    const places = new Set(placesIn(expression));
    const { start, end } = expression.span;
    const text = this.#replaced(start, end, childrenOf(expression), (child) => {
      const inner = this.#expression(child);
      if (!places.has(child)) return inner;
      // A read before the object's start is undefined, and must not become one that is before `BASE`.
      return expression.kind === 'call'
        ? `(${inner})+${this.#base}*(1-2*((${inner})>>63&1))`
        : `(${inner})+${this.#base}`;
    });
    return expression.kind === 'filesize' || expression.kind === 'patternOffset' ? `(${text}-${this.#base})` : text;
  }

  #replaced(start: number, end: number, parts: readonly Expression[], write: (part: Expression) => string): string {
    let text = '';
    let at = start;
    for (const part of [...parts].sort((a, b) => a.span.start - b.span.start)) {
      text += this.#text.slice(at, part.span.start) + write(part);
      at = part.span.end;
    }
    return text + this.#text.slice(at, end);
  }
}

/** Those of its children that are offsets of the object. */
function placesIn(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'patternMatch':
    case 'patternCount':
      return childrenOf(expression);
    case 'of': {
      const { anchor } = expression;
      if (anchor === undefined) return [];
      return anchor.kind === 'at' ? [anchor.offset] : [anchor.range.lower, anchor.range.upper];
    }
    case 'call':
      return isReader(expression) ? expression.arguments : [];
    default:
      return [];
  }
}

function isReader({ callee }: Extract<Expression, { kind: 'call' }>): boolean {
  return callee.kind === 'identifier' && /^(u?int|float)\d+(be)?$/.test(callee.name);
}

function hasAnchor({ condition }: Rule): boolean {
  let found = false;
  if (condition !== undefined) {
    walk(condition, (expression) => {
      found ||= (expression.kind === 'patternMatch' || expression.kind === 'of') && expression.anchor?.kind === 'at';
    });
  }
  return found;
}

function reasonAgainst({ patterns, condition }: Rule): string | undefined {
  if (patterns.some(standsAtStart)) return 'looks for the start of the object';
  let reason: string | undefined;
  if (condition !== undefined) {
    walk(condition, (expression) => {
      if (placesIn(expression).some((place) => place.kind === 'integer' && place.value > 2n ** 62n))
        reason = 'names an offset that cannot be moved';
      if (expression.kind === 'entrypoint') reason = 'asks for the entry point';
      if (expression.kind === 'identifier' && expression.name === 'pe') reason = 'asks for what an object begins with';
      if (expression.kind === 'call' && !isReader(expression) && hasOffsets(expression))
        reason = 'computes something of a range';
    });
  }
  return reason;
}

const rangeFunctions: ReadonlySet<string> = new Set(
  'md5 sha1 sha256 crc32 checksum32 entropy mean deviation serial_correlation monte_carlo_pi count percentage mode'.split(
    ' ',
  ),
);

function hasOffsets({ callee }: Extract<Expression, { kind: 'call' }>): boolean {
  return callee.kind === 'field' && rangeFunctions.has(callee.field.name);
}

function standsAtStart(pattern: Pattern): boolean {
  return pattern.kind === 'regex' && hasStart(pattern.regex.root);
}

function hasStart(node: RegexNode): boolean {
  switch (node.kind) {
    case 'assertion':
      return node.assertion === 'start';
    case 'group':
    case 'repeat':
      return hasStart(node.node);
    case 'sequence':
      return node.items.some(hasStart);
    case 'alternation':
      return node.alternatives.some(hasStart);
    default:
      return false;
  }
}
