/**
 * Rules ready to scan with: the image, and what a person asks of it (names, meta, needs), read from its tables when asked
 * for. This class is what `compileRules` and `decodeRules` return; the public type is the interface it implements.
 */
import type { CompiledRules, ExternalInfo, RuleInfo, RuleNeed } from '../compiler/compiled-rules.ts';
import type { Diagnostic } from '../syntax/diagnostic.ts';
import type { MetaValue } from '../scan/scan-result.ts';
import { Automata } from '../scan/automata.ts';
import { Filter } from '../scan/filter.ts';
import { NarrowFilters } from '../scan/narrow-filters.ts';
import { gatesOf, type Gate } from '../scan/gates.ts';
import { ruleListsOf, type RuleLists } from '../scan/rule-lists.ts';
import { FORMAT_VERSION } from '../version.ts';
import {
  DIAGNOSTIC,
  DIAGNOSTIC_FIELDS,
  EXTERNAL,
  EXTERNAL_FIELDS,
  EXTERNAL_TYPE_NAMES,
  META,
  META_FIELDS,
  META_TYPE,
  PATTERN,
  PATTERN_FIELDS,
  PATTERN_FLAG,
  PATTERN_KINDS,
  RULE,
  RULE_FIELDS,
  RULE_FLAG,
  stringBytesOf,
  textOf,
  type RuleImage,
} from './image.ts';

export class LoadedRules implements CompiledRules {
  readonly image: RuleImage;
  readonly digest: string;
  readonly formatVersion = FORMAT_VERSION;
  readonly ruleCount: number;
  readonly patternCount: number;
  #rules: readonly RuleInfo[] | undefined;
  #filter: Filter | undefined;
  #narrowFilters: NarrowFilters | undefined;
  #automata: Automata | undefined;
  #anchors: Float64Array | undefined;
  #gates: readonly Gate[] | undefined;
  #lists: RuleLists | undefined;

  constructor(image: RuleImage, digest: string) {
    this.image = image;
    this.digest = digest;
    this.ruleCount = image.rules.length / RULE_FIELDS;
    this.patternCount = image.patterns.length / PATTERN_FIELDS;
  }

  get rules(): readonly RuleInfo[] {
    this.#rules ??= Object.freeze(Array.from({ length: this.ruleCount }, (_, rule) => ruleInfo(this.image, rule)));
    return this.#rules;
  }

  get externals(): readonly ExternalInfo[] {
    return externalsOf(this.image);
  }

  get warnings(): readonly Diagnostic[] {
    return this.#diagnostics(0);
  }

  get skipped(): readonly Diagnostic[] {
    return this.#diagnostics(1);
  }

  /** It keeps nothing between looks, so all scanners of these rules share it. */
  get filter(): Filter {
    this.#filter ??= new Filter(this.image, this.image.filterStarts.length);
    return this.#filter;
  }

  /** Filters of fewer entries, shared like the one of all. */
  get narrowFilters(): NarrowFilters {
    this.#narrowFilters ??= new NarrowFilters(this.image);
    return this.#narrowFilters;
  }

  /** What they build up while running depends on the rules alone, so all scanners share them. */
  get automata(): Automata {
    this.#automata ??= new Automata(this.image);
    return this.#automata;
  }

  /** What settles rules without any match. */
  get gates(): readonly Gate[] {
    this.#gates ??= gatesOf(this.image);
    return this.#gates;
  }

  /** What a scan must think of one by one. */
  get lists(): RuleLists {
    this.#lists ??= ruleListsOf(this.image);
    return this.#lists;
  }

  /** Per pattern the only offset at which its matches count; NaN where all do. */
  get anchors(): Float64Array {
    const { floats } = this.image;
    this.#anchors ??= Float64Array.from({ length: this.patternCount }, (_, pattern) => {
      const anchor = patternField(this.image, pattern, 'anchor');
      return anchor < 0 ? NaN : floats[anchor]!;
    });
    return this.#anchors;
  }

  #diagnostics(context: number): readonly Diagnostic[] {
    const { diagnostics } = this.image;
    const found: Diagnostic[] = [];
    for (let row = 0; row < diagnostics.length; row += DIAGNOSTIC_FIELDS) {
      if (diagnostics[row + DIAGNOSTIC.context] !== context) continue;
      found.push(JSON.parse(textOf(this.image, diagnostics[row + DIAGNOSTIC.text]!)) as Diagnostic);
    }
    return found;
  }
}

/** The engine's own view of rules that came through its public surface. */
export function loaded(rules: CompiledRules): LoadedRules {
  if (rules instanceof LoadedRules) return rules;
  throw new TypeError('rules must come from compileRules or decodeRules of this same copy of the engine');
}

/** In the order of their numbers. */
export function externalsOf(image: RuleImage): ExternalInfo[] {
  const found: ExternalInfo[] = [];
  for (let row = 0; row < image.externals.length; row += EXTERNAL_FIELDS) {
    const type = image.externals[row + EXTERNAL.type]! as keyof typeof EXTERNAL_TYPE_NAMES;
    found.push({ name: textOf(image, image.externals[row + EXTERNAL.name]!), type: EXTERNAL_TYPE_NAMES[type] });
  }
  return found;
}

export function ruleField(image: RuleImage, rule: number, field: keyof typeof RULE): number {
  return image.rules[rule * RULE_FIELDS + RULE[field]]!;
}

export function hasRuleFlag(image: RuleImage, rule: number, flag: keyof typeof RULE_FLAG): boolean {
  return (ruleField(image, rule, 'flags') & RULE_FLAG[flag]) !== 0;
}

export function patternField(image: RuleImage, pattern: number, field: keyof typeof PATTERN): number {
  return image.patterns[pattern * PATTERN_FIELDS + PATTERN[field]]!;
}

export function hasPatternFlag(image: RuleImage, pattern: number, flag: keyof typeof PATTERN_FLAG): boolean {
  return (patternField(image, pattern, 'flags') & PATTERN_FLAG[flag]) !== 0;
}

export function tagsOf(image: RuleImage, rule: number): string[] {
  const first = ruleField(image, rule, 'firstTag');
  return Array.from({ length: ruleField(image, rule, 'tagCount') }, (_, at) => textOf(image, image.tags[first + at]!));
}

export function metaOf(image: RuleImage, rule: number): [name: string, value: MetaValue][] {
  const first = ruleField(image, rule, 'firstMeta');
  return Array.from({ length: ruleField(image, rule, 'metaCount') }, (_, at) => {
    const row = (first + at) * META_FIELDS;
    return [textOf(image, image.metas[row + META.name]!), metaValue(image, row)];
  });
}

function metaValue(image: RuleImage, row: number): MetaValue {
  const value = image.metas[row + META.value]!;
  switch (image.metas[row + META.type]) {
    case META_TYPE.text:
      return textOf(image, value);
    case META_TYPE.bytes:
      return stringBytesOf(image, value).slice();
    case META_TYPE.integer:
      return image.integers[value]!;
    case META_TYPE.float:
      return image.floats[value]!;
    default:
      return value === 1;
  }
}

function ruleInfo(image: RuleImage, rule: number): RuleInfo {
  const firstPattern = ruleField(image, rule, 'firstPattern');
  const needs: RuleNeed[] = [];
  if (hasRuleFlag(image, rule, 'readsFilesize')) needs.push('filesize');
  if (hasRuleFlag(image, rule, 'readsHead')) needs.push('head');
  if (hasRuleFlag(image, rule, 'readsPages')) needs.push('pages');
  if (hasRuleFlag(image, rule, 'readsRanges')) needs.push('digest');
  return {
    rule: textOf(image, ruleField(image, rule, 'name')),
    namespace: textOf(image, ruleField(image, rule, 'namespace')),
    tags: tagsOf(image, rule),
    meta: metaOf(image, rule),
    isPrivate: hasRuleFlag(image, rule, 'private'),
    isGlobal: hasRuleFlag(image, rule, 'global'),
    patterns: Array.from({ length: ruleField(image, rule, 'patternCount') }, (_, at) => ({
      identifier: textOf(image, patternField(image, firstPattern + at, 'identifier')),
      kind: PATTERN_KINDS[patternField(image, firstPattern + at, 'kind')]!,
      isPrivate: hasPatternFlag(image, firstPattern + at, 'private'),
    })),
    needs,
  };
}
