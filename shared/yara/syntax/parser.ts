/**
 * One source text into its syntax tree.
 *
 *     source  := ( import | include | rule )*
 *     rule    := ( `private` | `global` )* `rule` name ( `:` tag+ )? `{` meta? strings? condition `}`
 *
 * Takes any bytes and never throws: every error of the source is reported, each rule says whether it is broken, and reading
 * goes on at the next place that begins something: a pattern, a section, a rule. Time and memory are linear in the source.
 */
import type {
  Expression,
  Import,
  Include,
  MetaEntry,
  Name,
  Pattern,
  PatternIdentifier,
  Rule,
  SourceAst,
} from './ast.ts';
import { operatorHint, parseCondition } from './condition-parser.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Lexer } from './lexer.ts';
import { MAX_SOURCE_BYTES } from './limits.ts';
import { takeFloat, takeInteger, takeName, takeText } from './literals.ts';
import { ParseContext, ParseFailure } from './parse-context.ts';
import { parsePattern } from './pattern-parser.ts';
import type { SourceText } from './source-text.ts';
import { FIRST_KEYWORD, T } from './tokens.ts';

/** Errors and warnings go to `diagnostics`. A rule whose name cannot be read is reported and left out. */
export function parseSource(source: SourceText, diagnostics: Diagnostics): SourceAst {
  const { bytes, start } = source;
  const items: (Import | Include | Rule)[] = [];
  if (bytes.length > MAX_SOURCE_BYTES) {
    const message = `source of ${bytes.length} bytes is larger than ${MAX_SOURCE_BYTES}`;
    diagnostics.error('E901', source, { start, end: start }, message, { hint: 'split it into several' });
  } else if (isUtf16(bytes)) {
    const message = 'this source is UTF-16';
    diagnostics.error('E001', source, { start: 0, end: 2 }, message, { hint: 'save it as UTF-8' });
  } else {
    new SourceParser(new ParseContext(source, diagnostics), items).parse();
  }
  return {
    source,
    items,
    imports: items.filter((item) => item.kind === 'import'),
    includes: items.filter((item) => item.kind === 'include'),
    rules: items.filter((item) => item.kind === 'rule'),
  };
}

function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

class SourceParser {
  readonly #context: ParseContext;
  readonly #lexer: Lexer;
  readonly #items: (Import | Include | Rule)[];

  constructor(context: ParseContext, items: (Import | Include | Rule)[]) {
    this.#context = context;
    this.#lexer = context.lexer;
    this.#items = items;
  }

  parse(): void {
    while (!this.#lexer.is(T.end)) {
      const isWhole = this.#attempt(() => {
        this.#item();
      });
      this.#context.rule = undefined;
      if (!isWhole) this.#skipToItem();
    }
  }

  /** Does something that may give up. False when it did: the error is reported, the lexer stands where it was met. */
  #attempt(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      if (!(error instanceof ParseFailure)) throw error;
      return false;
    }
  }

  #item(): void {
    switch (this.#lexer.kind) {
      case T.import: {
        const { name: module, span: moduleSpan, start } = this.#quoted();
        this.#items.push({ kind: 'import', span: { start, end: moduleSpan.end }, module, moduleSpan });
        return;
      }
      case T.include: {
        const { name: path, span: pathSpan, start } = this.#quoted();
        this.#items.push({ kind: 'include', span: { start, end: pathSpan.end }, path, pathSpan });
        return;
      }
      case T.rule:
      case T.private:
      case T.global: {
        this.#rule();
        return;
      }
      default:
        return this.#context.unexpected('`import`, `include` or a rule');
    }
  }

  /** `import "…"`, `include "…"` */
  #quoted(): ReturnType<typeof takeName> & { readonly start: number } {
    const { start } = this.#lexer;
    this.#lexer.next();
    if (!this.#lexer.is(T.text)) this.#context.unexpected('a text in double quotes');
    return { ...takeName(this.#context), start };
  }

  #rule(): void {
    const context = this.#context;
    const lexer = this.#lexer;
    const { start } = lexer;
    context.isBroken = false;
    const { isPrivate, isGlobal } = this.#ruleModifiers();
    const name = this.#declaredName('a name for the rule');
    context.rule = name.name;
    const tags: Name[] = [];
    const body: Body = { meta: [], patterns: [], condition: undefined, end: name.span.end };
    const isWhole = this.#attempt(() => {
      if (context.accept(T.colon)) this.#tags(tags);
      if (!lexer.is(T.braceOpen)) context.unexpected(tags.length > 0 ? 'a tag or `{`' : '`:` or `{`');
      lexer.next();
      this.#body(body);
    });
    // What a broken rule could not read is skipped before the next one begins.
    if (!isWhole) this.#skipToItem();
    const end = isWhole ? body.end : Math.max(name.span.end, lexer.start);
    const { meta, patterns, condition } = body;
    const isBroken = context.isBroken;
    this.#items.push({
      kind: 'rule',
      span: { start, end },
      name,
      isPrivate,
      isGlobal,
      tags,
      meta,
      patterns,
      condition,
      isBroken,
    });
  }

  #ruleModifiers(): { readonly isPrivate: boolean; readonly isGlobal: boolean } {
    const context = this.#context;
    let isPrivate = false;
    let isGlobal = false;
    for (;;) {
      if (!isPrivate && context.accept(T.private)) isPrivate = true;
      else if (!isGlobal && context.accept(T.global)) isGlobal = true;
      else break;
    }
    context.expect(T.rule);
    return { isPrivate, isGlobal };
  }

  #declaredName(what: string): Name {
    const lexer = this.#lexer;
    const span = this.#context.span();
    if (!lexer.is(T.identifier)) {
      const hint = lexer.kind >= FIRST_KEYWORD ? 'this word is a keyword and cannot be a name' : undefined;
      this.#context.unexpected(what, hint);
    }
    const name = lexer.name();
    lexer.next();
    return { span, name };
  }

  #tags(tags: Name[]): void {
    const seen = new Map<string, Name>();
    do {
      const tag = this.#declaredName('a tag');
      const earlier = seen.get(tag.name);
      if (earlier === undefined) {
        seen.set(tag.name, tag);
        tags.push(tag);
      } else {
        const label = { span: earlier.span, message: 'it stands here first' };
        this.#context.error('E021', tag.span, `tag ${tag.name} stands here twice`, 'remove one of them', [label]);
      }
    } while (this.#lexer.is(T.identifier));
  }

  /** From the first section to the closing brace. What could not be read is left out; `context.isBroken` says so. */
  #body(body: Body): void {
    const context = this.#context;
    const lexer = this.#lexer;
    if (
      lexer.is(T.meta) &&
      !this.#attempt(() => {
        this.#meta(body.meta);
      })
    )
      this.#skipToSection();
    if (lexer.is(T.strings)) this.#strings(body.patterns);
    if (!lexer.is(T.condition)) {
      const before = body.patterns.length > 0 ? 'a pattern or ' : body.meta.length > 0 ? '`strings` or ' : '';
      context.unexpected(before === '' ? '`meta`, `strings` or `condition`' : `${before}\`condition\``);
    }
    lexer.next();
    context.expect(T.colon);
    const condition = parseCondition(context);
    if (!lexer.is(T.braceClose)) {
      context.unexpected('an operator or `}`', operatorHint(lexer.kind));
    }
    body.condition = condition;
    body.end = lexer.end;
    lexer.next();
  }

  #meta(meta: MetaEntry[]): void {
    this.#lexer.next();
    this.#context.expect(T.colon);
    do {
      const name = this.#declaredName('a name');
      this.#context.expect(T.assign);
      const value = this.#metaValue();
      meta.push({ span: { start: name.span.start, end: value.span.end }, name, value });
    } while (this.#lexer.is(T.identifier));
    if (!this.#lexer.is(T.strings) && !this.#lexer.is(T.condition)) {
      this.#context.unexpected('an identifier, `strings` or `condition`');
    }
  }

  #metaValue(): MetaEntry['value'] {
    const context = this.#context;
    const lexer = this.#lexer;
    const { start } = lexer;
    const isNegative = context.accept(T.minus);
    if (lexer.is(T.integer)) {
      const literal = takeInteger(context);
      return isNegative ? { ...literal, span: { start, end: literal.span.end }, value: -literal.value } : literal;
    }
    if (lexer.is(T.float)) {
      const literal = takeFloat(context);
      return isNegative ? { ...literal, span: { start, end: literal.span.end }, value: -literal.value } : literal;
    }
    if (isNegative) context.unexpected('an integer or a float');
    if (lexer.is(T.text)) return takeText(context);
    if (lexer.is(T.true) || lexer.is(T.false)) {
      const value = lexer.is(T.true);
      const span = context.span();
      lexer.next();
      return { kind: 'boolean', span, value };
    }
    return context.unexpected('an integer, a float, a text, `true` or `false`');
  }

  #strings(patterns: Pattern[]): void {
    const context = this.#context;
    const lexer = this.#lexer;
    let isWhole = this.#attempt(() => {
      lexer.next();
      context.expect(T.colon);
      if (!lexer.is(T.pattern)) context.unexpected('a pattern identifier', 'a pattern is written $name = …');
    });
    for (;;) {
      if (!isWhole) this.#skipToPattern();
      if (!lexer.is(T.pattern)) {
        if (lexer.is(T.condition) || this.#isAtItem()) return;
        isWhole = this.#attempt(() => context.unexpected('a modifier, a pattern identifier or `condition`'));
        continue;
      }
      const identifier = { span: context.span(), name: lexer.name() };
      isWhole = this.#attempt(() => {
        patterns.push(parsePattern(context));
      });
      if (!isWhole) patterns.push(faultyPattern(identifier));
    }
  }

  // Where reading goes on -----------------------------------------------------------------------------------------------

  /** Whether a rule, import or include begins here, or nothing is left. `private` is a modifier of patterns as well. */
  #isAtItem(): boolean {
    const lexer = this.#lexer;
    switch (lexer.kind) {
      case T.end:
      case T.rule:
      case T.global:
      case T.import:
      case T.include:
        return true;
      case T.private: {
        const before = lexer.save();
        lexer.next();
        const isRule = lexer.is(T.rule) || lexer.is(T.global);
        lexer.restore(before);
        return isRule;
      }
      default:
        return false;
    }
  }

  #skipToItem(): void {
    while (!this.#isAtItem()) this.#lexer.next();
  }

  #skipToSection(): void {
    while (!this.#lexer.is(T.strings) && !this.#lexer.is(T.condition) && !this.#isAtItem()) this.#lexer.next();
  }

  /** The next `$name =`, or the end of the section. */
  #skipToPattern(): void {
    const lexer = this.#lexer;
    while (!lexer.is(T.condition) && !this.#isAtItem()) {
      if (lexer.is(T.pattern)) {
        const before = lexer.save();
        lexer.next();
        const isDeclaration = lexer.is(T.assign);
        lexer.restore(before);
        if (isDeclaration) return;
      }
      lexer.next();
    }
  }
}

/** Stands for one that could not be read, so that its name is known and conditions that use it are not blamed too. */
function faultyPattern(identifier: PatternIdentifier): Pattern {
  const { span } = identifier;
  return { kind: 'text', span, identifier, bytes: new Uint8Array(0), valueSpan: span, modifiers: {} };
}

interface Body {
  readonly meta: MetaEntry[];
  readonly patterns: Pattern[];
  condition: Expression | undefined;
  end: number;
}
