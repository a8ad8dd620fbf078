/**
 * The syntax tree of one source text, as the parser makes it and the checker reads it. Nothing here is typed or resolved:
 * names are names, sets are not expanded, constants are not folded. Every node carries the bytes it was written in.
 *
 * How to read it:
 * - Every union is told apart by `kind`. Parentheses leave no node; a node's span is without those around it.
 * - Identifiers of patterns keep their `$`, also below `#`, `@` and `!`: `#a` has the identifier `$a`. A bare `$` is an
 *   anonymous pattern where patterns are declared, and the loop's current pattern in a condition.
 * - Left-associative chains are flat (`and`, `or`, `arithmetic`), so depth comes only from what is nested in the text and
 *   never exceeds `MAX_DEPTH` of `limits.ts`. A recursive walk is safe.
 * - Text is bytes, often a view into the source: read it, never change it. Names (identifiers, modules, paths of includes) are strings.
 * - A rule with `isBroken` had an error that was reported. Its parts are what could be read: a pattern that could
 *   not be is a text without bytes under its name, and `condition` is undefined when it could not be read. Nothing else is ever half a node.
 */
import type { Span } from './diagnostic.ts';
import type { HexNode } from './hex-ast.ts';
import type { Regex } from './regex-ast.ts';
import type { SourceText } from './source-text.ts';

/** One parsed source. `items` is everything in the order of the text; the other lists are the same nodes by kind. */
export interface SourceAst {
  /** What spans point into; diagnostics about a node are reported with it. */
  readonly source: SourceText;
  readonly items: readonly (Import | Include | Rule)[];
  readonly imports: readonly Import[];
  readonly includes: readonly Include[];
  readonly rules: readonly Rule[];
}

export interface Import {
  readonly kind: 'import';
  readonly span: Span;
  readonly module: string;
  /** Of the quoted name alone. */
  readonly moduleSpan: Span;
}

export interface Include {
  readonly kind: 'include';
  readonly span: Span;
  readonly path: string;
  /** Of the quoted path alone. */
  readonly pathSpan: Span;
}

/** A name where it is declared or where it is only a name: of a rule, a tag, a meta entry, a variable, a field. */
export interface Name {
  readonly span: Span;
  readonly name: string;
}

export interface Rule {
  readonly kind: 'rule';
  /** From the first modifier or `rule` to the closing brace. */
  readonly span: Span;
  readonly name: Name;
  readonly isPrivate: boolean;
  readonly isGlobal: boolean;
  readonly tags: readonly Name[];
  readonly meta: readonly MetaEntry[];
  readonly patterns: readonly Pattern[];
  /** Undefined only in a broken rule. */
  readonly condition: Expression | undefined;
  /** An error inside this rule has been reported; it must not be compiled. */
  readonly isBroken: boolean;
}

export interface MetaEntry {
  readonly span: Span;
  readonly name: Name;
  readonly value: IntegerLiteral | FloatLiteral | BooleanLiteral | TextLiteral;
}

// Patterns ------------------------------------------------------------------------------------------------------------

export type Pattern = TextPattern | HexPattern | RegexPattern;

export interface TextPattern {
  readonly kind: 'text';
  readonly span: Span;
  readonly identifier: PatternIdentifier;
  /** After escapes; never empty unless the rule is broken. */
  readonly bytes: Uint8Array;
  /** Of the quoted text alone. */
  readonly valueSpan: Span;
  readonly modifiers: PatternModifiers;
}

export interface HexPattern {
  readonly kind: 'hex';
  readonly span: Span;
  readonly identifier: PatternIdentifier;
  readonly root: HexNode;
  /** From brace to brace. */
  readonly valueSpan: Span;
  /** At most `private`. */
  readonly modifiers: PatternModifiers;
}

export interface RegexPattern {
  readonly kind: 'regex';
  readonly span: Span;
  readonly identifier: PatternIdentifier;
  readonly regex: Regex;
  /** From slash to flags. */
  readonly valueSpan: Span;
  readonly modifiers: PatternModifiers;
}

export interface PatternIdentifier {
  readonly span: Span;
  /** With its `$`; anonymous: `$`. */
  readonly name: string;
}

/** As written: nothing is implied, so neither `ascii` nor `wide` means ascii. Absent modifiers are undefined. */
export interface PatternModifiers {
  readonly ascii?: Modifier;
  readonly wide?: Modifier;
  readonly nocase?: Modifier;
  readonly fullword?: Modifier;
  readonly private?: Modifier;
  readonly xor?: XorModifier;
  readonly base64?: Base64Modifier;
  readonly base64wide?: Base64Modifier;
}

export interface Modifier {
  readonly span: Span;
}

export interface XorModifier extends Modifier {
  /** 0 … 255, both inclusive, `min ≤ max`; plain `xor` is 0 … 255. */
  readonly min: number;
  readonly max: number;
}

export interface Base64Modifier extends Modifier {
  /** 64 distinct bytes; undefined is the standard alphabet. */
  readonly alphabet: Uint8Array | undefined;
}

// Conditions ----------------------------------------------------------------------------------------------------------

export type Expression =
  | IntegerLiteral
  | FloatLiteral
  | BooleanLiteral
  | TextLiteral
  | RegexLiteral
  | Identifier
  | Field
  | Index
  | Call
  | Filesize
  | Entrypoint
  | PatternMatch
  | PatternCount
  | PatternOffset
  | PatternLength
  | Unary
  | Logical
  | Arithmetic
  | Comparison
  | TextOperation
  | Of
  | ForOf
  | ForIn
  | With;

export interface IntegerLiteral {
  readonly kind: 'integer';
  readonly span: Span;
  /** `KB` and `MB` applied; 0 … 2^63−1 in a condition, a sign only in meta. */
  readonly value: bigint;
}

export interface FloatLiteral {
  readonly kind: 'float';
  readonly span: Span;
  readonly value: number;
}

export interface BooleanLiteral {
  readonly kind: 'boolean';
  readonly span: Span;
  readonly value: boolean;
}

export interface TextLiteral {
  readonly kind: 'text';
  readonly span: Span;
  /** After escapes; may be empty. */
  readonly bytes: Uint8Array;
}

/** Stands only at the right of `matches` and as an argument of a call. */
export interface RegexLiteral {
  readonly kind: 'regex';
  readonly span: Span;
  readonly regex: Regex;
}

/** A rule, an external, a module or a variable: the checker knows which. */
export interface Identifier {
  readonly kind: 'identifier';
  readonly span: Span;
  readonly name: string;
}

/** `object.field` */
export interface Field {
  readonly kind: 'field';
  readonly span: Span;
  readonly object: Expression;
  readonly field: Name;
}

/** `object[index]` */
export interface Index {
  readonly kind: 'index';
  readonly span: Span;
  readonly object: Expression;
  readonly index: Expression;
}

/** `callee(arguments)`; `uint16(0)` is a call of the identifier `uint16`. */
export interface Call {
  readonly kind: 'call';
  readonly span: Span;
  readonly callee: Expression;
  readonly arguments: readonly Expression[];
}

export interface Filesize {
  readonly kind: 'filesize';
  readonly span: Span;
}

export interface Entrypoint {
  readonly kind: 'entrypoint';
  readonly span: Span;
}

/** `$a`, `$a at x`, `$a in (x..y)`; identifier `$` is the loop's current pattern. */
export interface PatternMatch {
  readonly kind: 'patternMatch';
  readonly span: Span;
  readonly identifier: PatternIdentifier;
  readonly anchor: Anchor | undefined;
}

/** `#a`, `#a in (x..y)` */
export interface PatternCount {
  readonly kind: 'patternCount';
  readonly span: Span;
  readonly identifier: PatternIdentifier;
  readonly range: Range | undefined;
}

/** `@a`, `@a[i]` */
export interface PatternOffset {
  readonly kind: 'patternOffset';
  readonly span: Span;
  readonly identifier: PatternIdentifier;
  readonly index: Expression | undefined;
}

/** `!a`, `!a[i]` */
export interface PatternLength {
  readonly kind: 'patternLength';
  readonly span: Span;
  readonly identifier: PatternIdentifier;
  readonly index: Expression | undefined;
}

export type Anchor = AtAnchor | InAnchor;

export interface AtAnchor {
  readonly kind: 'at';
  readonly span: Span;
  readonly offset: Expression;
}

export interface InAnchor {
  readonly kind: 'in';
  readonly span: Span;
  readonly range: Range;
}

/** `(lower..upper)`, both inclusive. Not an expression. */
export interface Range {
  readonly kind: 'range';
  readonly span: Span;
  readonly lower: Expression;
  readonly upper: Expression;
}

export interface Unary {
  readonly kind: 'unary';
  readonly span: Span;
  readonly operator: 'not' | 'defined' | '-' | '~';
  /** Of the operator alone. */
  readonly operatorSpan: Span;
  readonly operand: Expression;
}

/** `a and b and c`, also with the first ones in parentheses: at least two operands. */
export interface Logical {
  readonly kind: 'and' | 'or';
  readonly span: Span;
  readonly operands: readonly Expression[];
}

export type ArithmeticOperator = '+' | '-' | '*' | '\\' | '%' | '&' | '|' | '^' | '<<' | '>>';

/**
 * A chain of one precedence level, done from left to right: `((o0 p0 o1) p1 o2) …`, so there is one operand more than
 * there are operators. `a + b - c` is one node, `a + b * c` is two.
 */
export interface Arithmetic {
  readonly kind: 'arithmetic';
  readonly span: Span;
  readonly operands: readonly Expression[];
  readonly operators: readonly ArithmeticOperator[];
}

export interface Comparison {
  readonly kind: 'comparison';
  readonly span: Span;
  readonly operator: '==' | '!=' | '<' | '<=' | '>' | '>=';
  readonly operatorSpan: Span;
  readonly left: Expression;
  readonly right: Expression;
}

export type TextOperator =
  'contains' | 'icontains' | 'startswith' | 'istartswith' | 'endswith' | 'iendswith' | 'iequals' | 'matches';

/** At the right of `matches` stands a regex literal, or another expression that the checker refuses. */
export interface TextOperation {
  readonly kind: 'textOperation';
  readonly span: Span;
  readonly operator: TextOperator;
  readonly operatorSpan: Span;
  readonly left: Expression;
  readonly right: Expression;
}

/** `quantifier of set`, `quantifier of set at x`, `quantifier of set in (x..y)` */
export interface Of {
  readonly kind: 'of';
  readonly span: Span;
  readonly quantifier: Quantifier;
  readonly set: OfSet;
  readonly anchor: Anchor | undefined;
}

/** `for quantifier of set : (body)` */
export interface ForOf {
  readonly kind: 'forOf';
  readonly span: Span;
  readonly quantifier: Quantifier;
  readonly set: PatternSet;
  readonly body: Expression;
}

/** `for quantifier variables in iterable : (body)` */
export interface ForIn {
  readonly kind: 'forIn';
  readonly span: Span;
  readonly quantifier: Quantifier;
  readonly variables: readonly Name[];
  readonly iterable: Range | List | Expression;
  readonly body: Expression;
}

/** `(a, b, c)` after `in`; at least one item. */
export interface List {
  readonly kind: 'list';
  readonly span: Span;
  readonly items: readonly Expression[];
}

/** `with a = x, b = y : (body)`; a later value may use an earlier name. */
export interface With {
  readonly kind: 'with';
  readonly span: Span;
  readonly declarations: readonly WithDeclaration[];
  readonly body: Expression;
}

export interface WithDeclaration {
  readonly span: Span;
  readonly name: Name;
  readonly value: Expression;
}

export type Quantifier =
  | { readonly kind: 'all' | 'any' | 'none'; readonly span: Span }
  | { readonly kind: 'number'; readonly span: Span; readonly value: Expression }
  /** `value%` of the set. */
  | { readonly kind: 'percentage'; readonly span: Span; readonly value: Expression };

export type OfSet = PatternSet | RuleSet | ExpressionSet;
export type PatternSet = Them | PatternList;

export interface Them {
  readonly kind: 'them';
  readonly span: Span;
}

/** `($a, $b*)`: only patterns and their wildcards. */
export interface PatternList {
  readonly kind: 'patternList';
  readonly span: Span;
  readonly items: readonly PatternListItem[];
}

export interface PatternListItem {
  readonly span: Span;
  /** With `$`, without `*`: `$a*` has `$a`, `$*` has `$`. */
  readonly name: string;
  readonly isWildcard: boolean;
}

/** `(a, b*)` with at least one wildcard. Without one it is an `ExpressionSet` of identifiers. */
export interface RuleSet {
  readonly kind: 'ruleSet';
  readonly span: Span;
  readonly items: readonly RuleSetItem[];
}

export interface RuleSetItem {
  readonly span: Span;
  /** Without `*`. */
  readonly name: string;
  readonly isWildcard: boolean;
}

/** `(expression, expression)` of booleans; patterns and rules may stand among them. */
export interface ExpressionSet {
  readonly kind: 'expressionSet';
  readonly span: Span;
  readonly items: readonly Expression[];
}
