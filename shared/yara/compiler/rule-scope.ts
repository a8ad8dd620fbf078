/**
 * What a rule's condition can name: its patterns, loop variables, earlier rules of its namespace, externals. It also
 * collects what the condition turns out to need of each pattern and of the object.
 */
import { MAX_VARIABLES } from '../bundle/check-code.ts';
import { PATTERN_FLAG, RULE_FLAG } from '../bundle/image.ts';
import type { Name, Pattern, Rule } from '../syntax/ast.ts';
import type { Span } from '../syntax/diagnostic.ts';
import type { DiagnosticDetails, Diagnostics } from '../syntax/diagnostics.ts';
import type { ErrorCode, WarningCode } from '../syntax/codes.ts';
import type { SourceText } from '../syntax/source-text.ts';
import type { ScalarSchema } from '../modules/schema.ts';
import { Anchors } from './anchors.ts';
import type { Checked } from './checked.ts';
import { patternKey } from './pattern-key.ts';
import { nearest } from './suggestions.ts';

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
  /** Of its name in `source`. */
  readonly span: Span;
  readonly source: SourceText;
}

export interface DeclaredExternal {
  readonly index: number;
  readonly type: ScalarSchema;
}

/** Names that are the same for all rules of a namespace. */
export interface Surroundings {
  readonly rules: ReadonlyMap<string, DeclaredRule>;
  readonly externals: ReadonlyMap<string, DeclaredExternal>;
  /** Modules imported into the namespace so far. */
  readonly modules: ReadonlySet<string>;
}

export interface Variable {
  readonly name: string;
  readonly span: Span;
  /** Stands wherever the name does; undefined after an error, which its uses are not blamed for. */
  readonly value: Checked | undefined;
  readonly isUsed: boolean;
}

export class RuleScope {
  readonly rule: Rule;
  readonly source: SourceText;
  readonly surroundings: Surroundings;
  readonly patterns: readonly DeclaredPattern[];
  #sorted: readonly { readonly name: string; readonly index: number }[] | undefined;
  readonly #byName = new Map<string, DeclaredPattern>();
  readonly #diagnostics: Diagnostics;
  readonly #used = new Set<number>();
  readonly #noted = new Set<string>();
  readonly #patternFlags = new Map<number, number>();
  readonly #anchors = new Anchors();
  readonly #variables: { -readonly [Key in keyof Variable]: Variable[Key] }[] = [];
  #slots = 0;
  /** Beginnings of the names of rules that the condition takes in by a wildcard. */
  readonly usedWildcards: string[] = [];
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
    for (const pattern of this.patterns) {
      const { name } = pattern.ast.identifier;
      if (name !== '$' && !this.#byName.has(name)) this.#byName.set(name, pattern);
    }
    this.#diagnostics = diagnostics;
  }

  error(code: ErrorCode, span: Span, message: string, details: Omit<DiagnosticDetails, 'rule'> = {}): void {
    this.#diagnostics.error(code, this.source, span, message, { ...details, rule: this.rule.name.name });
  }

  warning(code: WarningCode, span: Span, message: string, details: Omit<DiagnosticDetails, 'rule'> = {}): void {
    this.#diagnostics.warning(code, this.source, span, message, { ...details, rule: this.rule.name.name });
  }

  /** True the first time it is called with that key: what was said once is not said again. */
  noteOnce(key: string): boolean {
    if (this.#noted.has(key)) return false;
    this.#noted.add(key);
    return true;
  }

  /** Undefined where no pattern, or only an anonymous one, bears the name. */
  patternNamed(name: string): DeclaredPattern | undefined {
    return this.#byName.get(name);
  }

  /** Numbers of the patterns whose names begin so, anonymous ones too. */
  patternsFitting(prefix: string): readonly number[] {
    this.#sorted ??= this.patterns
      .map(({ ast, index }) => ({ name: ast.identifier.name, index }))
      .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
    const sorted = this.#sorted;
    let first = 0;
    for (let high = sorted.length; first < high;) {
      const middle = (first + high) >>> 1;
      if (sorted[middle]!.name < prefix) first = middle + 1;
      else high = middle;
    }
    const found: number[] = [];
    for (let at = first; sorted[at]?.name.startsWith(prefix) === true; at++) found.push(sorted[at]!.index);
    return found;
  }

  /** The pattern of that name, marked as used; undefined after an error. */
  use(name: string, span: Span, flags: number, isAnywhere: boolean): DeclaredPattern | undefined {
    const pattern = this.#byName.get(name);
    if (pattern === undefined) {
      this.error('E025', span, `there is no pattern ${name}`, { hint: this.#suggestion(name) });
      return undefined;
    }
    this.mark([pattern.index], flags, isAnywhere);
    return pattern;
  }

  /**
   * Notes that these patterns are used, and what is asked of them (`PATTERN_FLAG`s). Where they are not asked for anywhere,
   * `ask` must be told at which offset.
   */
  mark(patterns: readonly number[], flags: number, isAnywhere: boolean): void {
    if (isAnywhere) this.ask(patterns, undefined);
    for (const pattern of patterns) {
      this.#used.add(pattern);
      this.#patternFlags.set(pattern, (this.#patternFlags.get(pattern) ?? 0) | flags);
    }
  }

  /** The condition asks for these patterns at one offset, where that is known by now. */
  ask(patterns: readonly number[], offset: bigint | undefined): void {
    for (const pattern of patterns) this.#anchors.ask(pattern, offset);
  }

  /** The only offset at which matches of the pattern count. */
  anchorOf({ ast, index }: DeclaredPattern): bigint | undefined {
    return this.#anchors.anchorOf(index, ast);
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

  /** An error for each second pattern of a name, a warning for each second one of a value. */
  checkDeclarations(): void {
    const seen = new Map<string, Pattern>();
    const values = new Map<string, Pattern>();
    for (const { ast } of this.patterns) {
      const { name, span } = ast.identifier;
      const earlier = name === '$' ? undefined : seen.get(name);
      if (earlier === undefined) seen.set(name, ast);
      else {
        const labels = [{ span: earlier.identifier.span, message: 'it is declared here first' }];
        this.error('E023', span, `pattern ${name} is declared twice`, { labels, hint: 'rename one of them' });
      }
      const key = patternKey(ast);
      const same = values.get(key);
      if (same === undefined) values.set(key, ast);
      else {
        const labels = [{ span: same.span, message: 'the same value stands here first' }];
        const message = `pattern ${name} has the value of ${same.identifier.name}`;
        this.warning('duplicate_pattern_value', ast.span, message, { labels, hint: 'one of them is enough' });
      }
    }
  }

  /** Errors for patterns of which the condition makes no use. */
  checkUses(): void {
    for (const { ast, index } of this.patterns) {
      const { name, span } = ast.identifier;
      const isSecond = name !== '$' && this.#byName.get(name)?.index !== index;
      if (isSecond || this.#used.has(index) || name.startsWith('$_')) continue;
      const hint =
        name === '$'
          ? 'use it in a set such as `any of them`'
          : `use it, or name it $_${name.slice(1)} to keep it unused`;
      this.error('E022', span, `pattern ${name} is not used in the condition`, { hint });
    }
  }

  /** From now until `leave` the name stands for the value. */
  enter({ name, span }: Name, value: Checked | undefined): void {
    this.#variables.push({ name, span, value, isUsed: false });
  }

  /** Forgets the last names, and says which of them were used. */
  leave(count: number): readonly Variable[] {
    return this.#variables.splice(this.#variables.length - count, count);
  }

  /** A place for a value at run time. */
  newSlot(): number {
    if (this.#slots === MAX_VARIABLES) {
      this.error('E047', this.rule.name.span, `the condition has more than ${MAX_VARIABLES} variables`);
    }
    return this.#slots++;
  }

  /** What the name stands for, now used. */
  variable(name: string): Variable | undefined {
    const variable = this.#variables.findLast((known) => known.name === name);
    if (variable !== undefined) variable.isUsed = true;
    return variable;
  }

  variableNames(): readonly string[] {
    return this.#variables.map(({ name }) => name);
  }

  #suggestion(name: string): string | undefined {
    const names = [...this.#byName.keys()];
    if (names.length === 0) return this.patterns.length === 0 ? 'the rule declares no patterns' : undefined;
    return nearest(name, names) ?? `declared are ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`;
  }
}
