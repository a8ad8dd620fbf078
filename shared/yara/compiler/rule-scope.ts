/**
 * What a rule's condition can name: its patterns, loop variables, earlier rules of its namespace, externals. It also
 * collects what the condition turns out to need of each pattern and of the object.
 */
import { PATTERN_FLAG, RULE_FLAG } from '../bundle/image.ts';
import type { Pattern, Rule } from '../syntax/ast.ts';
import type { Span } from '../syntax/diagnostic.ts';
import type { DiagnosticDetails, Diagnostics } from '../syntax/diagnostics.ts';
import type { ErrorCode, WarningCode } from '../syntax/codes.ts';
import type { SourceText } from '../syntax/source-text.ts';
import type { ValueType } from './checked.ts';

export interface DeclaredPattern {
  readonly ast: Pattern;
  /** Its number in the image. */
  readonly index: number;
}

export interface DeclaredRule {
  readonly name: string;
  /** Its number in the image; undefined for one that had errors. */
  readonly index: number | undefined;
  readonly isGlobal: boolean;
  readonly span: Span;
}

export interface DeclaredExternal {
  readonly index: number;
  readonly type: ValueType;
}

/** Names that are the same for all rules of a namespace. */
export interface Surroundings {
  readonly rules: ReadonlyMap<string, DeclaredRule>;
  readonly externals: ReadonlyMap<string, DeclaredExternal>;
  /** Modules imported by this source so far. */
  readonly modules: ReadonlySet<string>;
}

export interface Variable {
  readonly name: string;
  readonly type: ValueType;
  readonly slot: number;
}

export class RuleScope {
  readonly rule: Rule;
  readonly source: SourceText;
  readonly surroundings: Surroundings;
  readonly patterns: readonly DeclaredPattern[];
  readonly #diagnostics: Diagnostics;
  readonly #used = new Set<number>();
  readonly #patternFlags = new Map<number, number>();
  readonly #variables: Variable[] = [];
  #slots = 0;
  /** `RULE_FLAG`s of what the condition reads. */
  needs = 0;

  constructor(
    rule: Rule,
    source: SourceText,
    surroundings: Surroundings,
    firstPattern: number,
    diagnostics: Diagnostics,
  ) {
    this.rule = rule;
    this.source = source;
    this.surroundings = surroundings;
    this.patterns = rule.patterns.map((ast, at) => ({ ast, index: firstPattern + at }));
    this.#diagnostics = diagnostics;
  }

  error(code: ErrorCode, span: Span, message: string, details: Omit<DiagnosticDetails, 'rule'> = {}): void {
    this.#diagnostics.error(code, this.source, span, message, { ...details, rule: this.rule.name.name });
  }

  warning(code: WarningCode, span: Span, message: string, details: Omit<DiagnosticDetails, 'rule'> = {}): void {
    this.#diagnostics.warning(code, this.source, span, message, { ...details, rule: this.rule.name.name });
  }

  /** The pattern of that name, marked as used; the empty list after an error. */
  use(name: string, span: Span, flags: number): DeclaredPattern | undefined {
    const pattern = this.patterns.find(({ ast }) => ast.identifier.name === name);
    if (pattern === undefined || name === '$') {
      this.error('E025', span, `there is no pattern ${name}`, { hint: this.#suggestion() });
      return undefined;
    }
    this.mark([pattern.index], flags);
    return pattern;
  }

  /** Notes that these patterns are used, and what is asked of them (`PATTERN_FLAG`s). */
  mark(patterns: readonly number[], flags: number): void {
    for (const pattern of patterns) {
      this.#used.add(pattern);
      this.#patternFlags.set(pattern, (this.#patternFlags.get(pattern) ?? 0) | flags);
    }
  }

  /** A read of the object at a place known at compile time, or elsewhere. */
  read(offset: bigint | undefined, length: number, headBytes: number): void {
    const isHead = offset !== undefined && offset + BigInt(length) <= BigInt(headBytes);
    this.needs |= isHead ? RULE_FLAG.readsHead : RULE_FLAG.readsPages;
  }

  flagsOf({ ast, index }: DeclaredPattern): number {
    const isPrivate = ast.modifiers.private !== undefined;
    return (this.#patternFlags.get(index) ?? 0) | (isPrivate ? PATTERN_FLAG.private : 0);
  }

  /** Errors for patterns of which the condition makes no use, and for two of one name. */
  checkPatterns(): void {
    const seen = new Map<string, Pattern>();
    for (const { ast, index } of this.patterns) {
      const { name, span } = ast.identifier;
      const earlier = name === '$' ? undefined : seen.get(name);
      seen.set(name, ast);
      if (earlier !== undefined) {
        const labels = [{ span: earlier.identifier.span, message: 'first declared here' }];
        this.error('E023', span, `pattern ${name} is declared twice`, { labels });
      } else if (!this.#used.has(index) && !name.startsWith('$_')) {
        const hint =
          name === '$'
            ? 'use it in a set such as `any of them`'
            : `use it, or name it $_${name.slice(1)} to keep it unused`;
        this.error('E022', span, `pattern ${name} is not used in the condition`, { hint });
      }
    }
  }

  /** A new variable, seen from now until `leave`. */
  enter(name: string, type: ValueType): Variable {
    const variable = { name, type, slot: this.#slots++ };
    this.#variables.push(variable);
    return variable;
  }

  leave(count: number): void {
    this.#variables.length -= count;
  }

  newSlot(): number {
    return this.#slots++;
  }

  variable(name: string): Variable | undefined {
    return this.#variables.findLast((variable) => variable.name === name);
  }

  #suggestion(): string | undefined {
    const names = this.patterns.map(({ ast }) => ast.identifier.name).filter((known) => known !== '$');
    return names.length === 0
      ? 'the rule declares no patterns'
      : `declared are ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`;
  }
}
