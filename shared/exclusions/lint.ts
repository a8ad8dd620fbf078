/**
 * What is to be said about an exclusion beyond its form: that it can never exclude anything or excludes everything, that it
 * has expired or has no owner, that it names rules or processes that there are not, that its examples say otherwise. What is
 * wrong with a seed filter is a note: that text is kept as it was found, and nothing is decided by it.
 */
import type { FieldValues } from './evaluate.ts';
import { contextOf } from './example-facts.ts';
import type { Example, ExclusionFile } from './exclusion-file.ts';
import { filterRemarks } from './exclusion-file.ts';
import { coversRule, excludes, isExpired } from './exclusion-set.ts';
import type { Comparison, Filter } from './filter-ast.ts';
import { comparisonsOf } from './filter-ast.ts';
import { implausibleName } from './implausible-names.ts';
import { parseFilter } from './parser.ts';
import { printFilter } from './print-filter.ts';
import type { Remark, RemarkLevel } from './remark.ts';
import { meant, negated } from './rewrite.ts';
import { truthOf } from './truth.ts';

/** What a finding is to the linter: which rule, and what a filter can ask of it. */
export interface LintFinding {
  readonly rule: string;
  readonly namespace: string;
  readonly values: FieldValues;
}

export interface LintOptions {
  readonly now: Date;
  /** All rules there are; names are not checked without. */
  readonly rules?: readonly { readonly rule: string; readonly namespace: string }[] | undefined;
  /** Findings of the past: an exclusion that none of them would have met is noted. */
  readonly findings?: readonly LintFinding[] | undefined;
}

/** Every code there is, with its heading and whom it is for. */
export const lintCodes = {
  'can-never-exclude': 'filter that can never exclude',
  'excludes-everything': 'filter that excludes everything',
  expired: 'expired exclusion',
  unowned: 'exclusion without an owner',
  'unknown-rule': 'unknown rule',
  'never-hit': 'exclusion that was never needed',
  'implausible-value': 'value that is not seen in telemetry',
  example: 'example that says otherwise',
  'no-example': 'filter without examples',
  'misnamed-file': 'file that is not named for its exclusion',
} as const;

/** In the order: the filter, its values, the examples, then owner, expiry, rules, hits, seed filter. Never throws. */
export function lintExclusion(file: ExclusionFile, options: LintOptions): Remark[] {
  const lint = new Lint(file, options);
  return lint.run();
}

class Lint {
  readonly #file: ExclusionFile;
  readonly #options: LintOptions;
  readonly #remarks: Remark[] = [];

  constructor(file: ExclusionFile, options: LintOptions) {
    this.#file = file;
    this.#options = options;
  }

  run(): Remark[] {
    this.#checkName();
    this.#checkDecision();
    this.#checkExamples();
    this.#checkStanding();
    this.#checkRules();
    this.#checkHits();
    this.#checkSeed();
    return this.#remarks;
  }

  #checkName(): void {
    const { id } = this.#file.exclusion;
    const name = /([^/\\]*)\.ya?ml$/i.exec(this.#file.source.name)?.[1];
    if (name === undefined || name === id) return;
    this.#say('misnamed-file', 'warning', ['id'], `exclusion ${id} stands in ${name}.yaml`, `name the file ${id}.yaml`);
  }

  #checkDecision(): void {
    const { decision } = this.#file.exclusion;
    if (decision.kind === 'sha256') return;
    this.#checkTruth(decision.kind, decision.text, decision.filter, 'error');
    this.#checkValues(decision.kind, decision.text, decision.filter, undefined);
  }

  /** `key`: where the text stands, and by that how it is read. */
  #checkTruth(key: 'filter' | 'excludeWhen' | 'seedFilter', text: string, filter: Filter, level: RemarkLevel): void {
    const truth = truthOf(filter);
    if (truth !== 'always' && truth !== 'never') return;
    const keeps = (truth === 'always') === (key !== 'excludeWhen');
    const code = keeps ? 'can-never-exclude' : 'excludes-everything';
    const message = truth === 'always' ? 'this is true of every value' : 'this is true of no value';
    this.#sayInside(code, level, key, text, filter, `${message}${reasonOf(filter)}`, readings(truth, filter));
  }

  #checkValues(key: string, text: string, filter: Filter, level: RemarkLevel | undefined): void {
    for (const comparison of comparisonsOf(filter)) {
      if (!isProcessName(comparison)) continue;
      for (const value of comparison.values) {
        const found = value.kind === 'text' ? implausibleName(value.text) : undefined;
        if (found === undefined || value.kind !== 'text') continue;
        const severity = level ?? (found.isKnown ? 'warning' : 'note');
        this.#sayInside('implausible-value', severity, key, text, value, `"${value.text}": ${found.why}`, found.hint);
      }
    }
  }

  #checkExamples(): void {
    const { exclusion, examples } = this.#file;
    for (const kind of ['excluded', 'kept'] as const) {
      examples[kind].forEach((example, index) => {
        this.#checkExample(kind, example, ['examples', kind, index]);
      });
      if (examples[kind].length > 0 || exclusion.decision.kind === 'sha256') continue;
      const message = `there is no example of a finding that is ${kind}`;
      this.#say('no-example', 'warning', ['examples', kind], message, 'an example of each shows what is meant');
    }
  }

  #checkExample(kind: 'excluded' | 'kept', example: Example, path: readonly PropertyKey[]): void {
    const { values, faults } = contextOf(example.context);
    for (const { field, message } of faults) this.#say('example', 'error', [...path, 'context', field], message);
    const actual = excludes(this.#file.exclusion.decision, values) ? 'excluded' : 'kept';
    if (faults.length > 0 || actual === kind) return;
    this.#say('example', 'error', [...path, 'name'], `this finding is ${actual}, not ${kind}`);
  }

  #checkStanding(): void {
    const { exclusion } = this.#file;
    if (exclusion.owner === undefined) {
      this.#say('unowned', 'warning', ['id'], `nobody answers for ${exclusion.id}`, 'add owner: a person or a team');
    }
    if (isExpired(exclusion, this.#options.now)) {
      const message = `it has not been in force since ${exclusion.expiry!}`;
      this.#say('expired', 'warning', ['expiry'], message, 'delete the file, or look at it again and set a later day');
    }
  }

  #checkRules(): void {
    const { rules } = this.#options;
    if (rules === undefined) return;
    this.#file.exclusion.rules.forEach((pattern, index) => {
      if (rules.some((rule) => coversRule({ rules: [pattern] }, rule))) return;
      this.#say('unknown-rule', 'warning', ['rules', index], `no rule is ${pattern}`, 'sluice rules list shows all');
    });
  }

  #checkHits(): void {
    const { findings } = this.#options;
    if (findings === undefined) return;
    const { exclusion } = this.#file;
    const covered = findings.filter((finding) => coversRule(exclusion, finding));
    if (covered.some(({ values }) => excludes(exclusion.decision, values))) return;
    const message = `it sets aside none of the ${findings.length} findings given, of which its rules have ${covered.length}`;
    this.#say('never-hit', 'note', ['id'], message, 'delete it if it is not needed');
  }

  #checkSeed(): void {
    const { seedFilter: text, source } = this.#file;
    if (text === undefined) return;
    const { filter, faults } = parseFilter(text);
    this.#remarks.push(...filterRemarks(source, ['seedFilter'], text, faults, 'note'));
    if (filter === undefined) return;
    this.#checkTruth('seedFilter', text, filter, 'note');
    this.#checkValues('seedFilter', text, filter, 'note');
  }

  #say(
    code: keyof typeof lintCodes,
    level: RemarkLevel,
    path: readonly PropertyKey[],
    message: string,
    hint?: string,
  ): void {
    this.#remarks.push(this.#file.source.remark(path, { code, level, title: lintCodes[code], message, hint }));
  }

  #sayInside(
    code: keyof typeof lintCodes,
    level: RemarkLevel,
    key: string,
    text: string,
    { span }: Pick<Filter, 'span'>,
    message: string,
    hint?: string,
  ): void {
    const about = { code, level, title: lintCodes[code], message, hint };
    this.#remarks.push(this.#file.source.remarkInside([key], text, span, about));
  }
}

/** Why two comparisons of one field leave nothing out, where that is all there is. */
function reasonOf(filter: Filter): string {
  if (filter.kind !== 'or' && filter.kind !== 'and') return '';
  const [first, ...others] = comparisonsOf(filter);
  const isPlain = filter.operands.every((operand) => operand.kind === 'comparison');
  if (!isPlain || first === undefined || others.some(({ field }) => field !== first.field)) return '';
  const values = [first, ...others].flatMap((comparison) =>
    comparison.values.flatMap((v) => (v.kind === 'text' ? `"${v.text}"` : [])),
  );
  const isAbout = (operator: string): boolean =>
    [first, ...others].every((comparison) => comparison.operator === operator);
  if (filter.kind === 'or' && isAbout('!=')) return `: no ${first.field} is ${values.join(' and ')} at once`;
  return filter.kind === 'and' && isAbout('==') ? `: no ${first.field} is ${values.join(' and ')} at once` : '';
}

/** Both ways to read the filter, and what was meant. */
function readings(truth: 'always' | 'never', filter: Filter): string {
  const [kept, excluded] = truth === 'always' ? ['every', 'every'] : ['no', 'no'];
  const lines = [
    `read as "keep when true" it keeps ${kept} finding, read as "exclude when true" it excludes ${excluded} finding`,
  ];
  const better = meant(filter);
  if (better !== undefined) {
    lines.push(`meant is most likely: keep when ${printFilter(better)}`);
    lines.push(`which is: exclude when ${printFilter(negated(better))}`);
  }
  return lines.join('\n');
}

function isProcessName({ field, operator }: Comparison): boolean {
  const isWhole = operator === '==' || operator === '!=' || operator === 'in';
  return isWhole && (field === 'process.name' || field === 'process.parent_process.name');
}
