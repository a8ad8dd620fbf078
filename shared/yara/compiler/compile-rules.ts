/**
 * From sources to rules ready to scan with. Every source is parsed, every rule checked, and all that is wrong collected;
 * only sound rules are written into the image. Rules are numbered in the order of the sources and of their text.
 */
import { isUtf8 } from '../syntax/utf8.ts';
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
import { readers } from '../bundle/opcodes.ts';
import { moduleNames, standingOf } from '../modules/links.ts';
import type { Import, Include, MetaEntry, Pattern, Rule } from '../syntax/ast.ts';
import type { ErrorCode } from '../syntax/codes.ts';
import { RuleCompileError, type Diagnostic } from '../syntax/diagnostic.ts';
import { Diagnostics } from '../syntax/diagnostics.ts';
import { parseSource } from '../syntax/parser.ts';
import { SourceText } from '../syntax/source-text.ts';
import { ConditionChecker } from './checker.ts';
import { CodeWriter, type Checked } from './checked.ts';
import type { CompiledRules, CompileOptions, RuleSource } from './compiled-rules.ts';
import { warnOfDenseRepeats } from './dense-repeats.ts';
import type { Externals, ExternalValue } from './externals.ts';
import { MAX_STATES } from './automaton.ts';
import { addTextPattern, LiteralSet } from './literals.ts';
import { buildMatcher } from './matcher.ts';
import { findRulesThatNeedAMatch } from './needs-match.ts';
import { isTooLarge, ProgramSet } from './programs.ts';
import { RuleScope, type DeclaredExternal, type DeclaredRule } from './rule-scope.ts';
import { warnOfSlowPatterns } from './slow-patterns.ts';
import { nearest } from './suggestions.ts';

const MAX_INCLUDE_DEPTH = 16;
/** Of one compilation: files that include each other twice at every level would never come to an end. */
const MAX_INCLUDES = 10_000;
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
  readonly #programs = new ProgramSet(this.#literals, this.#image);
  readonly #code = new CodeWriter(this.#image);
  readonly #namespaces = new Map<string, Namespace>();
  readonly #externals: ReadonlyMap<string, DeclaredExternal>;
  #includeCount = 0;
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
    const imports = new Map<string, Import>();
    for (const item of parseSource(text, this.#diagnostics).items) {
      switch (item.kind) {
        case 'import':
          this.#import(item, text, namespace, imports);
          break;
        case 'include':
          this.#include(item, source, text, namespace, from);
          break;
        case 'rule':
          this.#addRule(item, text, namespace);
          break;
      }
    }
  }

  /** `imports` are those of the same source so far. */
  #import(item: Import, text: SourceText, namespace: string, imports: Map<string, Import>): void {
    const { module, moduleSpan, span } = item;
    const standing = standingOf(module);
    if (standing === 'unknown') {
      const hint = nearest(module, moduleNames());
      this.#diagnostics.error('E010', text, moduleSpan, `there is no module named ${module}`, { hint });
      return;
    }
    if (standing === 'foreign') {
      this.#diagnostics.error('E010', text, moduleSpan, `module ${module} is not available here`, {
        hint: 'YARA-X does not have it either: leave out the rules that use it',
      });
    }
    const earlier = imports.get(module);
    if (earlier === undefined) imports.set(module, item);
    else {
      const labels = [{ span: earlier.span, message: 'it is imported here first' }];
      this.#diagnostics.warning('duplicate_import', text, span, `module ${module} is imported twice`, {
        labels,
        hint: 'leave it out',
      });
    }
    this.#namespace(namespace).modules.add(module);
  }

  #include(
    include: Include,
    source: RuleSource,
    text: SourceText,
    namespace: string,
    from: readonly RuleSource[],
  ): void {
    const { path, pathSpan } = include;
    const report = (code: ErrorCode, message: string): void => {
      this.#diagnostics.error(code, text, pathSpan, message);
    };
    if (this.#options.includes === undefined) {
      report('E044', `including ${path} is not allowed here`);
      return;
    }
    if (this.#includeCount++ === MAX_INCLUDES) report('E901', `more than ${MAX_INCLUDES} files are included`);
    if (this.#includeCount > MAX_INCLUDES) return;
    let included: RuleSource | undefined;
    try {
      included = this.#options.includes(path, source);
    } catch (error) {
      report('E042', `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    if (included === undefined) {
      report('E043', `there is no file ${path} to include`);
      return;
    }
    const chain = [...from, source];
    if (
      chain.length > MAX_INCLUDE_DEPTH ||
      chain.some((outer) => outer.name !== undefined && outer.name === included.name)
    ) {
      report('E046', `${path} includes itself, through ${chain.map(({ name }) => name ?? '<rules>').join(' → ')}`);
      return;
    }
    this.#addText(included, namespace, chain);
  }

  #addRule(rule: Rule, text: SourceText, namespace: string): void {
    const { name, span } = rule.name;
    const { rules, modules, usedWildcards } = this.#namespace(namespace);
    const before = this.#diagnostics.errorCount;
    const surroundings = { rules, externals: this.#externals, modules };
    const scope = new RuleScope(rule, text, surroundings, this.#patternCount, this.#diagnostics);
    const earlier = rules.get(name);
    if (earlier === undefined) checkName(scope, usedWildcards);
    else refuseSecond(scope, earlier, namespace);
    if (rule.patterns.length > MAX_PATTERNS_PER_RULE) {
      const message = `rule ${name} has ${rule.patterns.length} patterns; at most ${MAX_PATTERNS_PER_RULE} are possible`;
      scope.error('E035', span, message, { hint: 'split it into several rules' });
    }
    const condition = this.#check(rule, scope);
    for (const prefix of scope.usedWildcards) usedWildcards.set(prefix, name);
    const isSound = !rule.isBroken && this.#diagnostics.errorCount === before && condition !== undefined;
    if (earlier === undefined) {
      const index = isSound ? this.#ruleCount : undefined;
      rules.set(name, { name, index, isGlobal: rule.isGlobal, span, source: text });
    }
    if (isSound) this.#write(rule, scope, namespace, condition);
  }

  #check(rule: Rule, scope: RuleScope): Checked | undefined {
    for (const pattern of rule.patterns) checkSize(pattern, scope);
    scope.checkDeclarations();
    const { condition: written } = rule;
    const condition = written && new ConditionChecker(scope).boolean(written);
    // After an error in the condition, patterns may look unused that are not.
    if (condition === undefined || written === undefined) return undefined;
    scope.checkUses();
    warnOfSlowPatterns(scope);
    warnOfDenseRepeats(scope);
    if (typeof condition.constant === 'boolean') {
      scope.warning('invariant_expr', written.span, `rule ${rule.name.name} is always ${condition.constant}`);
    }
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
      const anchor = scope.anchorOf(pattern);
      image.patterns.push(
        image.text(ast.identifier.name),
        PATTERN_KINDS.indexOf(ast.kind),
        flags,
        ruleIndex,
        anchor === undefined ? -1 : image.float(Number(anchor)),
      );
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

  #namespace(name: string): Namespace {
    let namespace = this.#namespaces.get(name);
    if (namespace === undefined) {
      namespace = { rules: new Map(), modules: new Set(), usedWildcards: new Map() };
      this.#namespaces.set(name, namespace);
    }
    return namespace;
  }
}

interface Namespace {
  readonly rules: Map<string, DeclaredRule>;
  readonly modules: Set<string>;
  /** Beginnings of names that rules took in by a wildcard, each with the last such rule. */
  readonly usedWildcards: Map<string, string>;
}

/** A rule must not bear the name of something else, nor change what an earlier wildcard stood for. */
function checkName(scope: RuleScope, usedWildcards: ReadonlyMap<string, string>): void {
  const { name, span } = scope.rule.name;
  const { externals, modules } = scope.surroundings;
  let taken: string | undefined;
  if (externals.has(name)) taken = 'an external';
  else if (modules.has(name)) taken = 'a module';
  else if (readers.some((reader) => reader.name === name)) taken = 'a function';
  if (taken !== undefined) {
    scope.error('E013', span, `${name} is already the name of ${taken}`, { hint: 'choose another name' });
    return;
  }
  for (const [prefix, user] of usedWildcards) {
    if (!name.startsWith(prefix)) continue;
    scope.error('E013', span, `${name} fits ${prefix}*, which rule ${user} used before it was declared`, {
      hint: `declare it above rule ${user}, or choose another name`,
    });
    return;
  }
}

function refuseSecond(scope: RuleScope, earlier: DeclaredRule, namespace: string): void {
  const { name, span } = scope.rule.name;
  const message = `rule ${name} is declared twice in namespace ${namespace}`;
  if (earlier.source === scope.source) {
    scope.error('E012', span, message, { labels: [{ span: earlier.span, message: 'it is declared here first' }] });
  } else {
    const { line } = earlier.source.positionOf(earlier.span.start);
    scope.error('E012', span, message, { hint: `it is declared first in ${earlier.source.name}, line ${line}` });
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
