/**
 * Conditions. There are two sorts of expressions: *terms* (numbers, texts, what can be computed with) and *booleans*, which
 * only `and`, `or` and `not` may combine. A term may stand for a boolean, never the other way round: `(a == b) == c` and
 * `1 + true` are syntax errors, as in the reference.
 *
 *     boolean  := prefix* unit ( (`and`|`or`) prefix* unit )*           prefix: `not`, `defined`
 *     unit     := term ( comparison term )* | pattern anchor? | `(` boolean `)` | of | for | with | `true` | `false`
 *     term     := sign* atom ( operator sign* atom )*                     sign: `-`, `~`
 *     of       := quantifier `of` set anchor?
 *     for      := `for` quantifier ( `of` patterns | names `in` iterable ) `:` `(` boolean `)`
 *     quantifier := `all` | `any` | `none` | atom `%` | term
 *
 * Operators, loosest first: `or` · `and` · `not defined` · `== != contains … matches` · `< <= > >=` · `|` · `^` · `&` ·
 * `<< >>` · `+ -` · `* \ %` · `- ~`; all that have two operands group to the left. Operands and operators wait on stacks, so
 * parentheses, prefixes and long chains cost no recursion; what recurses (arguments, loops, sets) is bounded by `MAX_NESTING`.
 */
import type {
  Anchor,
  Arithmetic,
  ArithmeticOperator,
  Comparison,
  Expression,
  ForIn,
  List,
  Logical,
  Name,
  OfSet,
  PatternIdentifier,
  PatternListItem,
  PatternSet,
  Quantifier,
  Range,
  RuleSetItem,
  TextOperation,
  TextOperator,
  Unary,
  WithDeclaration,
} from './ast.ts';
import type { Span } from './diagnostic.ts';
import type { Lexer } from './lexer.ts';
import { MAX_DEPTH, MAX_NESTING, MAX_PARENTHESES } from './limits.ts';
import { takeFloat, takeInteger, takeText } from './literals.ts';
import type { ParseContext } from './parse-context.ts';
import { parseRegex } from './regex-parser.ts';
import { describe, T, type TokenKind } from './tokens.ts';

/** What to write instead, for an operator of another language that stands behind or before a whole expression. */
export function operatorHint(kind: TokenKind): string | undefined {
  return HINTS.get(kind);
}

/** The lexer stands on the first token of a condition, and then on the one behind it. */
export function parseCondition(context: ParseContext): Expression {
  return new ConditionParser(context).whole();
}

type BinaryOperator =
  | { readonly type: 'logical'; readonly level: number; readonly operator: 'and' | 'or' }
  | { readonly type: 'comparison'; readonly level: number; readonly operator: Comparison['operator'] }
  | { readonly type: 'text'; readonly level: number; readonly operator: TextOperator }
  | { readonly type: 'arithmetic'; readonly level: number; readonly operator: ArithmeticOperator };

const NOT_LEVEL = 3;
const FIRST_ARITHMETIC_LEVEL = 6;
const SIGN_LEVEL = 12;

const ARITHMETIC = [
  [T.pipe, '|', 6],
  [T.caret, '^', 7],
  [T.ampersand, '&', 8],
  [T.shiftLeft, '<<', 9],
  [T.shiftRight, '>>', 9],
  [T.plus, '+', 10],
  [T.minus, '-', 10],
  [T.star, '*', 11],
  [T.backslash, '\\', 11],
  [T.percent, '%', 11],
] as const;

const ARITHMETIC_LEVELS: ReadonlyMap<ArithmeticOperator, number> = new Map(
  ARITHMETIC.map(([, operator, level]) => [operator, level]),
);

const BINARY_OPERATORS: readonly (BinaryOperator | undefined)[] = makeBinaryOperators();

/** What waits for its right operand. */
type Pending =
  | { readonly kind: 'group'; readonly span: Span; readonly isTermLevel: boolean }
  | { readonly kind: 'prefix'; readonly span: Span; readonly level: number; readonly operator: Unary['operator'] }
  | { readonly kind: 'binary'; readonly span: Span; readonly level: number; readonly binary: BinaryOperator };

interface Operand {
  readonly expression: Expression;
  /** Whether arithmetic and comparisons may take it. */
  readonly isTerm: boolean;
  /** Whether it stands in parentheses, and so does not join a chain. */
  readonly isGrouped: boolean;
  /** Nodes in each other, itself included. */
  readonly depth: number;
  /** With its parentheses. */
  readonly start: number;
  readonly end: number;
}

class ConditionParser {
  readonly #context: ParseContext;
  readonly #lexer: Lexer;
  readonly #operands: Operand[] = [];
  readonly #pending: Pending[] = [];
  /** Calls of `#expression` in each other. */
  #nesting = 0;
  #parentheses = 0;
  /** Loops over patterns around this place: `$` alone means something only there. */
  #patternLoops = 0;

  constructor(context: ParseContext) {
    this.#context = context;
    this.#lexer = context.lexer;
  }

  whole(): Expression {
    return this.#expression('boolean').expression;
  }

  #expression(sort: 'boolean' | 'term' | 'quantifier'): Operand {
    if (++this.#nesting > MAX_NESTING) this.#tooDeep(this.#context.span(), MAX_NESTING);
    const base = this.#pending.length;
    // Inside of parentheses: whether only terms may stand there. Elsewhere: whether the next operand must be one.
    let isTermLevel = sort !== 'boolean';
    let wantsTerm = isTermLevel;
    let groups = 0;
    const lexer = this.#lexer;
    for (;;) {
      const { kind } = lexer;
      if (kind === T.parenOpen) {
        this.#open(isTermLevel);
        isTermLevel = wantsTerm;
        groups++;
        continue;
      }
      const prefix = PREFIXES.get(kind);
      if (prefix !== undefined && (prefix.level === SIGN_LEVEL || !wantsTerm)) {
        this.#pending.push({ kind: 'prefix', span: this.#context.span(), ...prefix });
        if (prefix.level === SIGN_LEVEL) wantsTerm = true;
        lexer.next();
        continue;
      }
      this.#operand(wantsTerm);
      for (;;) {
        this.#reduce(base, SIGN_LEVEL);
        if (lexer.is(T.parenClose) && groups > 0) {
          isTermLevel = this.#close(base);
          groups--;
        } else if (isTermLevel || !this.#isOf(base)) {
          break;
        }
      }
      // A quantifier's percent sign is the one directly behind its first atom.
      if (sort === 'quantifier' && lexer.is(T.percent) && this.#pending.length === base) break;
      const binary = this.#binaryOperator(isTermLevel);
      if (binary === undefined) break;
      this.#reduce(base, binary.level);
      this.#pending.push({ kind: 'binary', span: this.#context.span(), level: binary.level, binary });
      wantsTerm = binary.type !== 'logical';
      lexer.next();
    }
    if (groups > 0) this.#unexpected('an operator or `)`');
    this.#reduce(base, 0);
    this.#nesting--;
    return this.#operands.pop()!;
  }

  #open(isTermLevel: boolean): void {
    if (++this.#parentheses > MAX_PARENTHESES) {
      this.#context.fail('E901', this.#context.span(), `more than ${MAX_PARENTHESES} parentheses stand in each other`);
    }
    this.#pending.push({ kind: 'group', span: this.#context.span(), isTermLevel });
    this.#lexer.next();
  }

  /** Steps over the closing parenthesis. Returns what holds outside of it. */
  #close(base: number): boolean {
    this.#reduce(base, 0);
    const group = this.#pending.pop()!;
    this.#parentheses--;
    const operand = this.#operands.pop()!;
    const end = this.#lexer.end;
    this.#operands.push({ ...operand, isGrouped: true, start: group.span.start, end });
    this.#lexer.next();
    return group.kind === 'group' && group.isTermLevel;
  }

  /** The operator that stands here, if what is left of it may be its operand. */
  #binaryOperator(isTermLevel: boolean): BinaryOperator | undefined {
    const binary = BINARY_OPERATORS[this.#lexer.kind];
    if (binary === undefined) return undefined;
    if (binary.type === 'logical') return isTermLevel ? undefined : binary;
    if (!this.#operands.at(-1)!.isTerm) return undefined;
    return binary.type !== 'arithmetic' && isTermLevel ? undefined : binary;
  }

  /** Applies what waits above `base` and binds at least as tightly as `level`, up to an open parenthesis. */
  #reduce(base: number, level: number): void {
    while (this.#pending.length > base) {
      const top = this.#pending.at(-1)!;
      if (top.kind === 'group' || top.level < level) return;
      this.#pending.pop();
      if (top.kind === 'prefix') this.#applyPrefix(top.operator, top.span);
      else this.#applyBinary(top.binary, top.span);
    }
  }

  #applyPrefix(operator: Unary['operator'], operatorSpan: Span): Operand {
    const { expression, depth, end } = this.#operands.pop()!;
    const span = { start: operatorSpan.start, end };
    const isTerm = operator === '-' || operator === '~';
    return this.#push({ kind: 'unary', span, operator, operatorSpan, operand: expression }, isTerm, depth + 1);
  }

  #applyBinary(binary: BinaryOperator, operatorSpan: Span): Operand {
    const right = this.#operands.pop()!;
    const left = this.#operands.pop()!;
    const span = { start: left.start, end: right.end };
    switch (binary.type) {
      case 'logical':
        return this.#applyLogical(binary.operator, left, right, span);
      case 'arithmetic':
        return this.#applyArithmetic(binary.operator, left, right, span);
      case 'comparison': {
        const { operator } = binary;
        const node: Comparison = {
          kind: 'comparison',
          span,
          operator,
          operatorSpan,
          left: left.expression,
          right: right.expression,
        };
        return this.#push(node, false, 1 + Math.max(left.depth, right.depth));
      }
      case 'text': {
        const { operator } = binary;
        const node: TextOperation = {
          kind: 'textOperation',
          span,
          operator,
          operatorSpan,
          left: left.expression,
          right: right.expression,
        };
        return this.#push(node, false, 1 + Math.max(left.depth, right.depth));
      }
    }
  }

  #applyLogical(kind: 'and' | 'or', left: Operand, right: Operand, span: Span): Operand {
    const chain = left.expression;
    // `(a or b) or c` is `a or b or c`: generated rules nest by the hundred.
    if (chain.kind === kind) {
      (chain.operands as Expression[]).push(right.expression);
      (chain as Mutable<Logical>).span = span;
      return this.#push(chain, false, Math.max(left.depth, right.depth + 1));
    }
    const node: Logical = { kind, span, operands: [left.expression, right.expression] };
    return this.#push(node, false, 1 + Math.max(left.depth, right.depth));
  }

  #applyArithmetic(operator: ArithmeticOperator, left: Operand, right: Operand, span: Span): Operand {
    const chain = left.expression;
    const joins = chain.kind === 'arithmetic' && !left.isGrouped;
    if (joins && ARITHMETIC_LEVELS.get(chain.operators[0]!) === ARITHMETIC_LEVELS.get(operator)) {
      (chain.operands as Expression[]).push(right.expression);
      (chain.operators as ArithmeticOperator[]).push(operator);
      (chain as Mutable<Arithmetic>).span = span;
      return this.#push(chain, true, Math.max(left.depth, right.depth + 1));
    }
    const operands = [left.expression, right.expression];
    const node: Arithmetic = { kind: 'arithmetic', span, operands, operators: [operator] };
    return this.#push(node, true, 1 + Math.max(left.depth, right.depth));
  }

  #push(expression: Expression, isTerm: boolean, depth: number): Operand {
    const { span } = expression;
    if (depth > MAX_DEPTH) this.#tooDeep(span);
    const operand = { expression, isTerm, isGrouped: false, depth, start: span.start, end: span.end };
    this.#operands.push(operand);
    return operand;
  }

  #tooDeep(span: Span, limit = MAX_DEPTH): never {
    const hint = 'split the condition into several rules';
    this.#context.fail('E901', span, `expressions stand in each other more than ${limit} deep`, hint);
  }

  #unexpected(expected: string): never {
    this.#context.unexpected(expected, operatorHint(this.#lexer.kind));
  }

  // Operands ----------------------------------------------------------------------------------------------------------

  #operand(wantsTerm: boolean): Operand {
    const context = this.#context;
    const lexer = this.#lexer;
    const span = context.span();
    switch (lexer.kind) {
      case T.integer:
        return this.#push(takeInteger(context), true, 1);
      case T.float:
        return this.#push(takeFloat(context), true, 1);
      case T.text:
        return this.#push(takeText(context), true, 1);
      case T.regex: {
        const regex = parseRegex(context, span, { isPattern: false, nocase: false });
        lexer.next();
        return this.#push({ kind: 'regex', span, regex }, true, 1);
      }
      case T.filesize:
      case T.entrypoint: {
        const kind = lexer.is(T.filesize) ? 'filesize' : 'entrypoint';
        lexer.next();
        return this.#push({ kind, span }, true, 1);
      }
      case T.identifier:
        return this.#path();
      case T.count:
        return this.#count(span);
      case T.offset:
      case T.length:
        return this.#offsetOrLength(span, lexer.is(T.offset) ? 'patternOffset' : 'patternLength');
      default:
        if (wantsTerm) this.#unexpected('an expression');
        return this.#booleanOperand(span);
    }
  }

  #booleanOperand(span: Span): Operand {
    const lexer = this.#lexer;
    switch (lexer.kind) {
      case T.true:
      case T.false: {
        const value = lexer.is(T.true);
        lexer.next();
        return this.#push({ kind: 'boolean', span, value }, false, 1);
      }
      case T.pattern: {
        const identifier = this.#patternIdentifier(span);
        const { anchor, depth, end } = this.#anchor(span.end);
        return this.#push(
          { kind: 'patternMatch', span: { start: span.start, end }, identifier, anchor },
          false,
          depth + 1,
        );
      }
      case T.all:
      case T.any:
      case T.none: {
        const quantifier = this.#word(lexer.kind);
        if (!this.#lexer.is(T.of)) this.#unexpected('`of`');
        return this.#of(quantifier, span.start, 1);
      }
      case T.for:
        return this.#for(span.start);
      case T.with:
        return this.#with(span.start);
      default:
        return this.#unexpected('an expression');
    }
  }

  /** `a.b[1].c(2)`: names with dots between them, each with an index or arguments at most. */
  #path(): Operand {
    const lexer = this.#lexer;
    const name = this.#name();
    const { start } = name.span;
    let node: Expression = { kind: 'identifier', span: name.span, name: name.name };
    let depth = 1;
    for (;;) {
      if (lexer.is(T.parenOpen)) {
        const list = this.#arguments();
        node = { kind: 'call', span: { start, end: list.end }, callee: node, arguments: list.items };
        depth = 1 + Math.max(depth, list.depth);
      } else if (lexer.is(T.bracketOpen)) {
        const index = this.#index();
        node = { kind: 'index', span: { start, end: index.end }, object: node, index: index.expression };
        depth = 1 + Math.max(depth, index.depth);
      }
      if (depth > MAX_DEPTH) this.#tooDeep({ start, end: lexer.start });
      // Two dots belong to a range around this: `(a..b)`.
      if (!lexer.is(T.dot) || this.#context.bytes[lexer.end] === 0x2e) break;
      const dot = lexer.save();
      lexer.next();
      if (lexer.is(T.dot)) {
        lexer.restore(dot);
        break;
      }
      const field = this.#name();
      node = { kind: 'field', span: { start, end: field.span.end }, object: node, field };
      depth++;
    }
    return this.#push(node, true, depth);
  }

  #arguments(): { readonly items: readonly Expression[]; readonly depth: number; readonly end: number } {
    const lexer = this.#lexer;
    lexer.next();
    if (lexer.is(T.parenClose)) {
      const { end } = lexer;
      lexer.next();
      return { items: [], depth: 0, end };
    }
    return this.#tuple('boolean', []);
  }

  /** The rest of `(a, b)` behind the parenthesis, after the items read so far. */
  #tuple(
    sort: 'boolean' | 'term',
    read: readonly Operand[],
  ): { readonly items: readonly Expression[]; readonly depth: number; readonly end: number } {
    const lexer = this.#lexer;
    const items = read.map((operand) => operand.expression);
    let depth = Math.max(0, ...read.map((operand) => operand.depth));
    let isFirst = read.length === 0;
    while (isFirst || this.#context.accept(T.comma)) {
      isFirst = false;
      const item = this.#expression(sort);
      items.push(item.expression);
      depth = Math.max(depth, item.depth);
    }
    if (!lexer.is(T.parenClose)) this.#unexpected('an operator, `,` or `)`');
    const { end } = lexer;
    lexer.next();
    return { items, depth, end };
  }

  /** `[i]` */
  #index(): { readonly expression: Expression; readonly depth: number; readonly end: number } {
    this.#lexer.next();
    const { expression, depth } = this.#expression('term');
    if (!this.#lexer.is(T.bracketClose)) this.#unexpected('an operator or `]`');
    const { end } = this.#lexer;
    this.#lexer.next();
    return { expression, depth, end };
  }

  #count(start: Span): Operand {
    const identifier = this.#patternIdentifier(start);
    if (!this.#context.accept(T.in)) {
      return this.#push({ kind: 'patternCount', span: start, identifier, range: undefined }, true, 1);
    }
    const { range, depth } = this.#range();
    const span = { start: start.start, end: range.span.end };
    return this.#push({ kind: 'patternCount', span, identifier, range }, true, depth + 1);
  }

  #offsetOrLength(start: Span, kind: 'patternOffset' | 'patternLength'): Operand {
    const identifier = this.#patternIdentifier(start);
    if (!this.#lexer.is(T.bracketOpen)) {
      return this.#push({ kind, span: start, identifier, index: undefined }, true, 1);
    }
    const index = this.#index();
    const span = { start: start.start, end: index.end };
    return this.#push({ kind, span, identifier, index: index.expression }, true, index.depth + 1);
  }

  /** `$a`, `#a`, `@a`, `!a`, all of them as `$a`. Alone they need a loop over patterns around them. */
  #patternIdentifier(span: Span): PatternIdentifier {
    const text = this.#lexer.name();
    if (text.length === 1 && this.#patternLoops === 0) {
      const hint = 'name the pattern, or use a loop such as for any of them : ( $ at 0 )';
      this.#context.error('E001', span, `\`${text}\` stands for the current pattern of a loop, and here is none`, hint);
    }
    this.#lexer.next();
    return { span, name: text.startsWith('$') ? text : `$${text.slice(1)}` };
  }

  #name(): Name {
    const span = this.#context.span();
    if (!this.#lexer.is(T.identifier)) this.#unexpected('an identifier');
    const name = this.#lexer.name();
    this.#lexer.next();
    return { span, name };
  }

  #range(): { readonly range: Range; readonly depth: number } {
    const { start } = this.#lexer;
    this.#context.expect(T.parenOpen);
    return this.#restOfRange(start, this.#expression('term'));
  }

  #restOfRange(start: number, lower: Operand): { readonly range: Range; readonly depth: number } {
    if (!this.#lexer.is(T.dot)) this.#unexpected('an operator or `..`');
    this.#lexer.next();
    this.#context.expect(T.dot);
    const upper = this.#expression('term');
    if (!this.#lexer.is(T.parenClose)) this.#unexpected('an operator or `)`');
    const span = { start, end: this.#lexer.end };
    this.#lexer.next();
    const range: Range = { kind: 'range', span, lower: lower.expression, upper: upper.expression };
    return { range, depth: 1 + Math.max(lower.depth, upper.depth) };
  }

  /** `at x` or `in (x..y)`, if one stands here; `end` is that of what stands before it otherwise. */
  #anchor(endBefore: number): { readonly anchor: Anchor | undefined; readonly depth: number; readonly end: number } {
    const { start, kind } = this.#lexer;
    if (kind === T.at) {
      this.#lexer.next();
      const { expression: offset, depth, end } = this.#expression('term');
      return { anchor: { kind: 'at', span: { start, end }, offset }, depth, end };
    }
    if (kind === T.in) {
      this.#lexer.next();
      const { range, depth } = this.#range();
      const { end } = range.span;
      return { anchor: { kind: 'in', span: { start, end }, range }, depth, end };
    }
    return { anchor: undefined, depth: 0, end: endBefore };
  }

  // Quantifiers and sets ------------------------------------------------------------------------------------------------

  #word(kind: typeof T.all | typeof T.any | typeof T.none): Quantifier {
    const span = this.#context.span();
    this.#lexer.next();
    return { kind: kind === T.all ? 'all' : kind === T.any ? 'any' : 'none', span };
  }

  /**
   * Behind an operand: whether it is the quantifier of an `of`, which is then read. That takes a term from the beginning of
   * a unit on, or a single atom with `%`. (`25 + 25% of them` and `7 % 2 of them` are errors in the reference too.)
   */
  #isOf(base: number): boolean {
    const { kind } = this.#lexer;
    const top = this.#operands.at(-1)!;
    if ((kind !== T.of && kind !== T.percent) || !top.isTerm) return false;
    if (kind === T.percent) {
      if (!this.#isAtUnit(base) || !this.#isPercentOf()) return false;
      const end = this.#lexer.end;
      this.#lexer.next();
      const { expression: value, depth, start } = this.#operands.pop()!;
      this.#of({ kind: 'percentage', span: { start, end }, value }, start, depth);
      return true;
    }
    this.#reduce(base, FIRST_ARITHMETIC_LEVEL);
    const whole = this.#operands.at(-1)!;
    if (!this.#isAtUnit(base) || beginsWithPercent(whole)) return false;
    this.#operands.pop();
    const span = { start: whole.start, end: whole.end };
    this.#of({ kind: 'number', span, value: whole.expression }, whole.start, whole.depth);
    return true;
  }

  /** Whether nothing but `and`, `or`, `not` and parentheses waits for the operand on top. */
  #isAtUnit(base: number): boolean {
    if (this.#pending.length === base) return true;
    const waiting = this.#pending.at(-1)!;
    return waiting.kind === 'group' || waiting.level <= NOT_LEVEL;
  }

  #isPercentOf(): boolean {
    const percent = this.#lexer.save();
    this.#lexer.next();
    const isOf = this.#lexer.is(T.of);
    this.#lexer.restore(percent);
    return isOf;
  }

  /** Stands on `of`. */
  #of(quantifier: Quantifier, start: number, depth: number): Operand {
    this.#lexer.next();
    const parsed = this.#ofSet();
    const mayHaveAnchor = parsed.set.kind !== 'expressionSet';
    const { anchor, depth: anchorDepth, end } = mayHaveAnchor ? this.#anchor(parsed.set.span.end) : NO_ANCHOR;
    const span = { start, end: anchor === undefined ? parsed.set.span.end : end };
    const deepest = Math.max(depth, parsed.depth, anchorDepth);
    return this.#push({ kind: 'of', span, quantifier, set: parsed.set, anchor }, false, deepest + 1);
  }

  #ofSet(): { readonly set: OfSet; readonly depth: number } {
    const lexer = this.#lexer;
    const { start } = lexer;
    const before = lexer.save();
    if (lexer.is(T.parenOpen)) {
      lexer.next();
      if (lexer.is(T.identifier)) {
        const set = this.#tryRuleSet(start);
        if (set !== undefined) return { set, depth: 1 };
      } else if (lexer.is(T.pattern)) {
        const set = this.#tryPatternList(start);
        if (set !== undefined) return { set, depth: 1 };
      }
      lexer.restore(before);
      lexer.next();
      const { items, depth, end } = this.#tuple('boolean', []);
      return { set: { kind: 'expressionSet', span: { start, end }, items }, depth: depth + 1 };
    }
    return { set: this.#patternSet(), depth: 1 };
  }

  /** `them` or a list of patterns. */
  #patternSet(): PatternSet {
    const lexer = this.#lexer;
    const span = this.#context.span();
    if (this.#context.accept(T.them)) return { kind: 'them', span };
    if (!lexer.is(T.parenOpen)) this.#unexpected('`them` or `(`');
    lexer.next();
    const set = this.#tryPatternList(span.start);
    if (set !== undefined) return set;
    return lexer.is(T.pattern) ? this.#unexpected('`,` or `)`') : this.#unexpected('a pattern identifier');
  }

  /** The rest of `($a, $b*)`; undefined, and the lexer anywhere, when something else stands among them. */
  #tryPatternList(start: number): PatternSet | undefined {
    const items = this.#tryItems(T.pattern);
    if (items === undefined) return undefined;
    return { kind: 'patternList', span: { start, end: items.end }, items: items.items };
  }

  /** The rest of `(a, b*)`; undefined, and the lexer anywhere, when there is no wildcard or something else among them. */
  #tryRuleSet(start: number): OfSet | undefined {
    const items = this.#tryItems(T.identifier);
    if (!items?.items.some((item) => item.isWildcard)) return undefined;
    return { kind: 'ruleSet', span: { start, end: items.end }, items: items.items };
  }

  #tryItems(
    kind: TokenKind,
  ): { readonly items: readonly (PatternListItem & RuleSetItem)[]; readonly end: number } | undefined {
    const lexer = this.#lexer;
    const items: (PatternListItem & RuleSetItem)[] = [];
    do {
      if (lexer.kind !== kind) return undefined;
      const { start } = lexer;
      let { end } = lexer;
      const name = lexer.name();
      lexer.next();
      const isWildcard = lexer.is(T.star);
      if (isWildcard) {
        end = lexer.end;
        lexer.next();
      }
      items.push({ span: { start, end }, name, isWildcard });
    } while (this.#context.accept(T.comma));
    if (!lexer.is(T.parenClose)) return undefined;
    const { end } = lexer;
    lexer.next();
    return { items, end };
  }

  // Loops -----------------------------------------------------------------------------------------------------------------

  #for(start: number): Operand {
    const lexer = this.#lexer;
    lexer.next();
    const { quantifier, depth } = this.#quantifier();
    if (lexer.is(T.of)) {
      lexer.next();
      const set = this.#patternSet();
      this.#patternLoops++;
      const body = this.#body();
      this.#patternLoops--;
      const span = { start, end: body.end };
      const deepest = Math.max(depth, body.depth, 1);
      return this.#push({ kind: 'forOf', span, quantifier, set, body: body.expression }, false, deepest + 1);
    }
    if (!lexer.is(T.identifier)) this.#unexpected('`of` or an identifier');
    const variables: Name[] = [];
    do variables.push(this.#name());
    while (this.#context.accept(T.comma));
    if (!lexer.is(T.in)) this.#unexpected('`,` or `in`');
    lexer.next();
    const iterable = this.#iterable();
    const body = this.#body();
    const span = { start, end: body.end };
    const deepest = Math.max(depth, iterable.depth, body.depth);
    const node: ForIn = {
      kind: 'forIn',
      span,
      quantifier,
      variables,
      iterable: iterable.iterable,
      body: body.expression,
    };
    return this.#push(node, false, deepest + 1);
  }

  #quantifier(): { readonly quantifier: Quantifier; readonly depth: number } {
    const lexer = this.#lexer;
    const { kind } = lexer;
    if (kind === T.all || kind === T.any || kind === T.none) return { quantifier: this.#word(kind), depth: 1 };
    const { expression: value, depth, start, end } = this.#expression('quantifier');
    if (!lexer.is(T.percent)) return { quantifier: { kind: 'number', span: { start, end }, value }, depth };
    const span = { start, end: lexer.end };
    lexer.next();
    return { quantifier: { kind: 'percentage', span, value }, depth };
  }

  #iterable(): { readonly iterable: Range | List | Expression; readonly depth: number } {
    const lexer = this.#lexer;
    const { start } = lexer;
    if (!lexer.is(T.parenOpen)) {
      const { expression, depth } = this.#expression('term');
      return { iterable: expression, depth };
    }
    lexer.next();
    const first = this.#expression('term');
    if (lexer.is(T.dot)) {
      const { range, depth } = this.#restOfRange(start, first);
      return { iterable: range, depth };
    }
    const { items, depth, end } = this.#tuple('term', [first]);
    return { iterable: { kind: 'list', span: { start, end }, items }, depth: depth + 1 };
  }

  /** `: ( … )` */
  #body(): { readonly expression: Expression; readonly depth: number; readonly end: number } {
    this.#context.expect(T.colon);
    this.#context.expect(T.parenOpen);
    const { expression, depth } = this.#expression('boolean');
    if (!this.#lexer.is(T.parenClose)) this.#unexpected('an operator or `)`');
    const { end } = this.#lexer;
    this.#lexer.next();
    return { expression, depth, end };
  }

  #with(start: number): Operand {
    const declarations: WithDeclaration[] = [];
    let deepest = 0;
    this.#lexer.next();
    do {
      const name = this.#name();
      this.#context.expect(T.assign);
      const { expression: value, depth, end } = this.#expression('term');
      declarations.push({ span: { start: name.span.start, end }, name, value });
      deepest = Math.max(deepest, depth);
    } while (this.#context.accept(T.comma));
    if (!this.#lexer.is(T.colon)) this.#unexpected('an operator, `,` or `:`');
    const body = this.#body();
    const span = { start, end: body.end };
    const node: Expression = { kind: 'with', span, declarations, body: body.expression };
    return this.#push(node, false, 1 + Math.max(deepest, body.depth));
  }
}

type Mutable<Node> = { -readonly [Key in keyof Node]: Node[Key] };

const NO_ANCHOR = { anchor: undefined, depth: 0, end: 0 } as const;

const PREFIXES: ReadonlyMap<TokenKind, { readonly level: number; readonly operator: Unary['operator'] }> = new Map([
  [T.not, { level: NOT_LEVEL, operator: 'not' }],
  [T.defined, { level: NOT_LEVEL, operator: 'defined' }],
  [T.minus, { level: SIGN_LEVEL, operator: '-' }],
  [T.tilde, { level: SIGN_LEVEL, operator: '~' }],
] as const);

/** What people write in other languages. */
const HINTS: ReadonlyMap<TokenKind, string> = new Map([
  [T.ampersand, 'write `and`'],
  [T.pipe, 'write `or`'],
  [T.assign, 'write == to compare'],
  [T.length, 'write `not` to negate; !a is the length of a match of $a'],
  [T.equal, 'booleans cannot be compared; combine them with `and`, `or` and `not`'],
  [T.notEqual, 'booleans cannot be compared; combine them with `and`, `or` and `not`'],
]);

/** `7 % 2 …`: the reference takes the percent sign for that of a quantifier. */
function beginsWithPercent({ expression, start }: Operand): boolean {
  let node = expression;
  while (node.kind === 'arithmetic' && node.span.start === start) {
    const first = node.operands[0]!;
    const isFirst = first.kind !== 'arithmetic' || first.span.start !== start;
    if (node.operators[0] === '%' && isFirst) return true;
    node = first;
  }
  return false;
}

function makeBinaryOperators(): (BinaryOperator | undefined)[] {
  const table: (BinaryOperator | undefined)[] = new Array<BinaryOperator | undefined>(T.xor + 1).fill(undefined);
  table[T.or] = { type: 'logical', level: 1, operator: 'or' };
  table[T.and] = { type: 'logical', level: 2, operator: 'and' };
  const comparisons = [
    [T.equal, '==', 4],
    [T.notEqual, '!=', 4],
    [T.less, '<', 5],
    [T.lessEqual, '<=', 5],
    [T.greater, '>', 5],
    [T.greaterEqual, '>=', 5],
  ] as const;
  for (const [token, operator, level] of comparisons) table[token] = { type: 'comparison', level, operator };
  const words = [
    T.contains,
    T.icontains,
    T.startswith,
    T.istartswith,
    T.endswith,
    T.iendswith,
    T.iequals,
    T.matches,
  ] as const;
  for (const token of words) {
    const operator = describe(token).replaceAll('`', '') as TextOperator;
    table[token] = { type: 'text', level: 4, operator };
  }
  for (const [token, operator, level] of ARITHMETIC) table[token] = { type: 'arithmetic', level, operator };
  return table;
}
