/**
 * From sources to rules ready to scan with. Every source is parsed, every rule checked, and all that is wrong collected;
 * only sound rules are written into the image. Rules are numbered in the order of the sources and of their text.
 */
import {
  EXTERNAL_TYPE_NAMES,
  META_TYPE,
  PATTERN_FLAG,
  PATTERN_KINDS,
  RULE,
  RULE_FIELDS,
  RULE_FLAG,
  type RuleImage,
} from '../bundle/image.ts';
import { ImageBuilder } from '../bundle/image-builder.ts';
import { loadImage } from '../bundle/bundle.ts';
import { externalType } from '../scan/settings.ts';
import type { Include, MetaEntry, Pattern, Rule } from '../syntax/ast.ts';
import { RuleCompileError, type Diagnostic } from '../syntax/diagnostic.ts';
import { Diagnostics } from '../syntax/diagnostics.ts';
import { parseSource } from '../syntax/parser.ts';
import { SourceText } from '../syntax/source-text.ts';
import { ConditionChecker } from './checker.ts';
import { CodeWriter, type Checked } from './checked.ts';
import type { CompiledRules, CompileOptions, RuleSource } from './compiled-rules.ts';
import type { Externals, ExternalValue } from './externals.ts';
import { MAX_STATES } from './automaton.ts';
import { addTextPattern, LiteralSet } from './literals.ts';
import { buildMatcher } from './matcher.ts';
import { findRulesThatNeedAMatch } from './needs-match.ts';
import { isTooLarge, ProgramSet } from './programs.ts';
import { RuleScope, type DeclaredExternal, type DeclaredRule } from './rule-scope.ts';

/** Modules of the reference; others are unknown names. */
const MODULES: ReadonlySet<string> = new Set([
  'console',
  'crx',
  'cuckoo',
  'dex',
  'dotnet',
  'elf',
  'hash',
  'lnk',
  'macho',
  'math',
  'pe',
  'string',
  'time',
  'vt',
]);
/** Known, but never available here. */
const REFUSED_MODULES: ReadonlySet<string> = new Set(['androguard', 'magic']);

const MAX_INCLUDE_DEPTH = 16;
const MAX_PATTERNS_PER_RULE = 100_000;

/** Throws a RuleCompileError with every diagnostic when a rule has an error, unless such rules are to be skipped. */
export function compileRules(sources: readonly RuleSource[], options: CompileOptions = {}): CompiledRules {
  const compiler = new Compiler(options);
  for (const source of sources) compiler.add(source);
  return compiler.finish();
}

class Compiler {
  readonly #options: CompileOptions;
  readonly #diagnostics = new Diagnostics();
  readonly #image = new ImageBuilder();
  readonly #literals = new LiteralSet();
  readonly #programs = new ProgramSet(this.#literals);
  readonly #code = new CodeWriter(this.#image);
  readonly #rulesOf = new Map<string, Map<string, DeclaredRule>>();
  readonly #externals: ReadonlyMap<string, DeclaredExternal>;
  #ruleCount = 0;
  #patternCount = 0;
  #readsPages = false;

  constructor(options: CompileOptions) {
    this.#options = options;
    this.#externals = declareExternals(this.#image, options.externals ?? {});
  }

  add(source: RuleSource): void {
    this.#addText(source, source.namespace ?? 'default', []);
  }

  finish(): CompiledRules {
    const { errors, warnings } = this.#diagnostics;
    if (errors.length > 0 && this.#options.onInvalidRule !== 'skip') throw new RuleCompileError(this.#diagnostics.all);
    warnings.forEach((warning) => {
      this.#keepDiagnostic(0, warning);
    });
    errors.forEach((error) => {
      this.#keepDiagnostic(1, error);
    });
    const image = this.#image.build(buildMatcher(this.#literals.literals, this.#programs, this.#readsPages));
    markRulesThatNeedAMatch(image);
    return loadImage(image);
  }

  #keepDiagnostic(context: number, diagnostic: Diagnostic): void {
    this.#image.diagnostics.push(context, this.#image.text(JSON.stringify(diagnostic)));
  }

  /** `from` are the sources that include this one, outermost first. */
  #addText(source: RuleSource, namespace: string, from: readonly RuleSource[]): void {
    const text = new SourceText(source.text, source.name);
    const modules = new Set<string>();
    for (const item of parseSource(text, this.#diagnostics).items) {
      switch (item.kind) {
        case 'import':
          if (MODULES.has(item.module) || REFUSED_MODULES.has(item.module)) {
            if (modules.has(item.module)) {
              this.#diagnostics.warning(
                'duplicate_import',
                text,
                item.span,
                `module ${item.module} was imported before`,
              );
            }
            modules.add(item.module);
          } else {
            this.#diagnostics.error('E010', text, item.moduleSpan, `there is no module named ${item.module}`);
          }
          break;
        case 'include':
          this.#include(item, source, text, namespace, from);
          break;
        case 'rule':
          this.#addRule(item, text, namespace, modules);
          break;
      }
    }
  }

  #include(
    include: Include,
    source: RuleSource,
    text: SourceText,
    namespace: string,
    from: readonly RuleSource[],
  ): void {
    const { path, pathSpan } = include;
    if (this.#options.includes === undefined) {
      this.#diagnostics.error('E044', text, pathSpan, `including ${path} is not allowed here`);
      return;
    }
    const included = this.#options.includes(path, source);
    if (included === undefined) {
      this.#diagnostics.error('E043', text, pathSpan, `there is no file ${path} to include`);
      return;
    }
    const chain = [...from, source];
    if (
      chain.length > MAX_INCLUDE_DEPTH ||
      chain.some((outer) => outer.name !== undefined && outer.name === included.name)
    ) {
      const message = `${path} includes itself, through ${chain.map(({ name }) => name ?? '<rules>').join(' → ')}`;
      this.#diagnostics.error('E046', text, pathSpan, message);
      return;
    }
    this.#addText(included, namespace, chain);
  }

  #addRule(rule: Rule, text: SourceText, namespace: string, modules: ReadonlySet<string>): void {
    const { name, span } = rule.name;
    const rules = this.#rulesIn(namespace);
    const before = this.#diagnostics.errorCount;
    const scope = new RuleScope(
      rule,
      text,
      { rules, externals: this.#externals, modules },
      this.#patternCount,
      this.#diagnostics,
    );
    const earlier = rules.get(name);
    if (earlier !== undefined) {
      scope.error('E012', span, `rule ${name} is declared twice in namespace ${namespace}`);
    } else if (this.#externals.has(name) || modules.has(name)) {
      scope.error('E013', span, `${name} is already the name of ${modules.has(name) ? 'a module' : 'an external'}`);
    }
    if (rule.patterns.length > MAX_PATTERNS_PER_RULE) {
      scope.error(
        'E035',
        span,
        `rule ${name} has ${rule.patterns.length} patterns; at most ${MAX_PATTERNS_PER_RULE} are possible`,
      );
    }
    const condition = this.#check(rule, scope);
    const isSound = !rule.isBroken && this.#diagnostics.errorCount === before && condition !== undefined;
    if (earlier === undefined) {
      rules.set(name, { name, index: isSound ? this.#ruleCount : undefined, isGlobal: rule.isGlobal, span });
    }
    if (isSound) this.#write(rule, scope, namespace, condition);
  }

  #check(rule: Rule, scope: RuleScope): Checked | undefined {
    for (const pattern of rule.patterns) checkSize(pattern, scope);
    const condition = rule.condition && new ConditionChecker(scope).boolean(rule.condition);
    // After an error in the condition, patterns may look unused that are not.
    if (condition !== undefined) scope.checkPatterns();
    return condition;
  }

  #write(rule: Rule, scope: RuleScope, namespace: string, condition: Checked): void {
    const image = this.#image;
    const ruleIndex = this.#ruleCount++;
    const firstTag = image.tags.length;
    for (const tag of rule.tags) image.tags.push(image.text(tag.name));
    const firstMeta = image.metas.length / 3;
    for (const entry of rule.meta) this.#writeMeta(entry);
    for (const pattern of scope.patterns) {
      const { ast, index } = pattern;
      if (ast.kind === 'text') addTextPattern(this.#literals, image, index, ast);
      else if (ast.kind === 'hex') this.#programs.addHex(index, ast);
      else this.#programs.addRegex(index, ast);
      const flags = scope.flagsOf(pattern) | (this.#programs.chained.has(index) ? PATTERN_FLAG.late : 0);
      image.patterns.push(image.text(ast.identifier.name), PATTERN_KINDS.indexOf(ast.kind), flags, ruleIndex);
    }
    const codeStart = this.#code.at;
    condition.write(this.#code);
    const flags = scope.needs | (rule.isPrivate ? RULE_FLAG.private : 0) | (rule.isGlobal ? RULE_FLAG.global : 0);
    image.rules.push(
      image.text(rule.name.name),
      image.text(namespace),
      firstTag,
      rule.tags.length,
      firstMeta,
      rule.meta.length,
      this.#patternCount,
      rule.patterns.length,
      codeStart,
      this.#code.at,
      flags,
    );
    this.#patternCount += rule.patterns.length;
    if ((scope.needs & (RULE_FLAG.readsHead | RULE_FLAG.readsPages)) !== 0) this.#readsPages = true;
  }

  #writeMeta({ name, value }: MetaEntry): void {
    const image = this.#image;
    const nameId = image.text(name.name);
    switch (value.kind) {
      case 'integer':
        image.metas.push(nameId, META_TYPE.integer, image.integer(value.value));
        break;
      case 'float':
        image.metas.push(nameId, META_TYPE.float, image.float(value.value));
        break;
      case 'boolean':
        image.metas.push(nameId, META_TYPE.boolean, value.value ? 1 : 0);
        break;
      case 'text':
        image.metas.push(nameId, isUtf8(value.bytes) ? META_TYPE.text : META_TYPE.bytes, image.bytes(value.bytes));
        break;
    }
  }

  #rulesIn(namespace: string): Map<string, DeclaredRule> {
    const rules = this.#rulesOf.get(namespace) ?? new Map<string, DeclaredRule>();
    this.#rulesOf.set(namespace, rules);
    return rules;
  }
}

function checkSize(pattern: Pattern, scope: RuleScope): void {
  if (pattern.kind === 'text' || !isTooLarge(pattern)) return;
  scope.error(
    'E901',
    pattern.valueSpan,
    `pattern ${pattern.identifier.name} is too large: it needs more than ${MAX_STATES} states`,
    {
      hint: 'use smaller repeats, or fewer of them inside one another',
    },
  );
}

function markRulesThatNeedAMatch(image: RuleImage): void {
  for (const rule of findRulesThatNeedAMatch(image))
    image.rules[rule * RULE_FIELDS + RULE.flags]! |= RULE_FLAG.needsMatch;
}

function declareExternals(image: ImageBuilder, externals: Externals): ReadonlyMap<string, DeclaredExternal> {
  const declared = new Map<string, DeclaredExternal>();
  for (const [name, value] of Object.entries(externals)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new TypeError(
        `external ${JSON.stringify(name)} is no identifier: letters, digits and _, not beginning with a digit`,
      );
    }
    const type = externalType(value);
    declared.set(name, { index: declared.size, type: EXTERNAL_TYPE_NAMES[type] });
    image.externals.push(image.text(name), type, externalConstant(image, value));
  }
  return declared;
}

function externalConstant(image: ImageBuilder, value: ExternalValue): number {
  switch (typeof value) {
    case 'string':
      return image.text(value);
    case 'boolean':
      return value ? 1 : 0;
    case 'bigint':
      return image.integer(BigInt.asIntN(64, value));
    case 'number':
      return Number.isSafeInteger(value) ? image.integer(BigInt(value)) : image.float(value);
    default:
      return image.float(value.float);
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
