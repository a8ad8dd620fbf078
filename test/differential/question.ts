/**
 * One question asked of both engines from the start, compilation included: which differences between the answers does no
 * dialect entry explain? For shrinking a difference, and for looking behind a verdict at the patterns it hangs on.
 */
import type { Rule } from '../../shared/yara/syntax/ast.ts';
import { Diagnostics } from '../../shared/yara/syntax/diagnostics.ts';
import { parseSource } from '../../shared/yara/syntax/parser.ts';
import { SourceText as ParsedText } from '../../shared/yara/syntax/source-text.ts';
import type { Answer, ExternalTexts, SourceText } from './answers.ts';
import { differencesOf, type Difference, type PatternDifference } from './compare.ts';
import { takeApart, textOf } from './corpus.ts';
import { explainPattern, SHARED_CONSTRAINTS } from './dialect.ts';
import { compileByEngine, type EngineAnswer } from './engine.ts';
import { compileByReference } from './reference.ts';

export interface Question {
  readonly sources: readonly SourceText[];
  readonly bytes: Uint8Array;
  readonly externals: ExternalTexts;
}

export interface AskedQuestion {
  readonly unexplained: readonly Difference[];
  readonly ours: EngineAnswer;
  readonly reference: Answer;
}

/** Rules compiled by both engines. */
export interface BothEngines {
  /** Ours is asked in several ways until one differs. */
  ask(bytes: Uint8Array): Promise<AskedQuestion>;
  free(): void;
}

/** Undefined where the two do not both compile every rule. */
export async function compileByBoth(
  sources: readonly SourceText[],
  externals: ExternalTexts,
): Promise<BothEngines | undefined> {
  const ours = compileByEngine(sources, externals);
  if (ours.skipped.length > 0) return undefined;
  const reference = await compileByReference(sources, externals);
  if ('errors' in reference) return undefined;
  const rules = publicRules(sources);
  return {
    async ask(bytes) {
      const there = reference.scan(bytes, externals).rules;
      let asked: AskedQuestion | undefined;
      for (const answer of await ours.scanInAllWays(bytes, externals)) {
        const unexplained = await unexplainedOf({ sources, bytes, externals }, rules, answer, there);
        asked ??= { unexplained, ours: answer, reference: there };
        if (unexplained.length > 0) return { unexplained, ours: answer, reference: there };
      }
      return asked!;
    },
    free() {
      reference.free();
    },
  };
}

/** Undefined where the two do not both compile every rule. */
export async function askAnew({ sources, bytes, externals }: Question): Promise<AskedQuestion | undefined> {
  const both = await compileByBoth(sources, externals);
  try {
    return await both?.ask(bytes);
  } finally {
    both?.free();
  }
}

/** Undefined where it refuses the rules. */
async function askReference({ sources, bytes, externals }: Question): Promise<Answer | undefined> {
  const reference = await compileByReference(sources, externals);
  if ('errors' in reference) return undefined;
  try {
    return reference.scan(bytes, externals).rules;
  } finally {
    reference.free();
  }
}

async function unexplainedOf(
  question: Question,
  rules: ReadonlyMap<string, Rule>,
  { rules: ours, undecided, error }: EngineAnswer,
  reference: Answer,
): Promise<Difference[]> {
  if (error !== undefined) return [{ kind: 'threw', rule: '', error }];
  const unexplained: Difference[] = [];
  for (const difference of differencesOf(rules.keys(), ours, undecided, reference)) {
    if ((await explain(question, difference, ours)) === undefined) unexplained.push(difference);
  }
  return unexplained;
}

/** The name of the dialect entry that explains a difference between the reference's answer and `ours`. */
export async function explain(question: Question, difference: Difference, ours: Answer): Promise<string | undefined> {
  const alone = aloneOf(question, difference.rule);
  if (alone === undefined) return undefined;
  const name = await explainAlone(alone, difference);
  if (name !== undefined) return name;
  return (await isOnlyInCompany(question, alone, difference.rule, ours)) ? SHARED_CONSTRAINTS : undefined;
}

/** The rule, with the rules that it refers to, as the only source. */
function aloneOf({ sources, bytes, externals }: Question, key: string): Question | undefined {
  const [namespace, name] = key.split(':');
  const source = sources.find((each) => each.namespace === namespace);
  if (source === undefined) return undefined;
  const file = { collection: '', path: '', bytes: new TextEncoder().encode(source.text), referenceAccepts: true };
  const rule = takeApart(file).rules.find(({ ast }) => ast.name.name === name);
  return rule && { sources: [{ namespace: namespace!, text: textOf([rule]) }], bytes, externals };
}

async function explainAlone(alone: Question, difference: Difference): Promise<string | undefined> {
  const rule = rulesOf(alone.sources).get(difference.rule);
  if (rule === undefined) return undefined;
  if (difference.kind === 'matches') return explainMatches(rule, difference, alone.bytes);
  return difference.kind === 'verdict' && typeof difference.ours === 'boolean' ? explainVerdict(alone) : undefined;
}

/** Whether the reference, asked this instead, says of the rule what ours said, but for what other entries explain. */
async function isAnsweredBy(question: Question, key: string, ours: Answer): Promise<boolean> {
  const reference = await askReference(question);
  if (reference === undefined) return false;
  for (const difference of differencesOf([key], ours, new Map(), reference)) {
    if ((await explainAlone(question, difference)) === undefined) return false;
  }
  return true;
}

/**
 * Where two rules have the same pattern, the reference searches it as the first one's condition allows (`filesize < 1KB`,
 * `uint16(0) == 0x5a4d`), and the second one misses it. Nothing but asking it about the rule alone tells what it means.
 */
async function isOnlyInCompany(question: Question, alone: Question, key: string, ours: Answer): Promise<boolean> {
  const patternsAlone = new Set([...rulesOf(alone.sources).values()].flatMap(valuesOf));
  const others = [...rulesOf(question.sources)].filter(([other]) => !rulesOf(alone.sources).has(other));
  if (!others.some(([, rule]) => valuesOf(rule).some((value) => patternsAlone.has(value)))) return false;
  return isAnsweredBy(alone, key, ours);
}

/** The value and modifiers of each pattern, as written but for blanks. */
function valuesOf({ patterns }: Rule): string[] {
  return patterns.map((pattern) => {
    const value =
      pattern.kind === 'text'
        ? [...pattern.bytes].join()
        : JSON.stringify(pattern.kind === 'hex' ? pattern.root : pattern.regex.root, withoutSpans);
    const { ascii, ...modifiers } = pattern.modifiers;
    // `ascii` says nothing unless there is `wide`.
    const written = modifiers.wide ? { ascii, ...modifiers } : modifiers;
    return `${pattern.kind} ${value} ${JSON.stringify(written, withoutSpans)}`;
  });
}

function withoutSpans(key: string, value: unknown): unknown {
  return key === 'span' ? undefined : value;
}

function explainMatches(rule: Rule, difference: PatternDifference, bytes: Uint8Array): string | undefined {
  // Of anonymous ones, one entry must do for all that it could be.
  const candidates = rule.patterns.filter(({ identifier: { name } }) => name === difference.identifier);
  const names = new Set(candidates.map((pattern) => explainPattern(pattern, difference, { rule, bytes })));
  return names.size === 1 ? [...names][0] : undefined;
}

/**
 * A verdict is explained by the patterns: asked to list every match of the patterns of these rules, the engines must differ,
 * and each difference must have an entry.
 */
async function explainVerdict({ sources, bytes, externals }: Question): Promise<string | undefined> {
  const probes = sources.map(({ namespace, text }) => ({ namespace, text: probeOf(text) }));
  const ours = compileByEngine(probes, externals);
  const [answer] = await ours.scanInAllWays(bytes, externals);
  const reference = await askReference({ sources: probes, bytes, externals });
  if (ours.skipped.length > 0 || answer === undefined || reference === undefined) return undefined;
  const rules = rulesOf(probes);
  const differences = differencesOf(rules.keys(), answer.rules, answer.undecided, reference);
  const names = differences.map((difference) =>
    difference.kind === 'matches' ? explainMatches(rules.get(difference.rule)!, difference, bytes) : undefined,
  );
  return names.includes(undefined) || names.length === 0 ? undefined : [...new Set(names)].sort().join('+');
}

/** Rules with the same patterns, all public, that match whatever these find. */
function probeOf(text: string): string {
  const { bytes, rules } = parse(text);
  const decoder = new TextDecoder();
  const probes = rules
    .filter(({ patterns }) => patterns.length > 0)
    .map(({ name, patterns }) => {
      const strings = bytes.slice(patterns[0]!.span.start, patterns.at(-1)!.span.end);
      for (const { modifiers } of patterns) {
        if (modifiers.private === undefined) continue;
        const { start, end } = modifiers.private.span;
        strings.fill(0x20, start - patterns[0]!.span.start, end - patterns[0]!.span.start);
      }
      return `rule ${name.name} { strings: ${decoder.decode(strings)}\n condition: for all of them : (# >= 0) }`;
    });
  return probes.join('\n');
}

function parse(text: string): { readonly bytes: Uint8Array; readonly rules: readonly Rule[] } {
  const source = new ParsedText(text);
  return { bytes: source.bytes, rules: parseSource(source, new Diagnostics()).rules };
}

/** By `namespace:rule`. */
function rulesOf(sources: readonly SourceText[]): Map<string, Rule> {
  return new Map(
    sources.flatMap(({ namespace, text }) =>
      parse(text).rules.map((rule) => [`${namespace}:${rule.name.name}`, rule] as const),
    ),
  );
}

function publicRules(sources: readonly SourceText[]): Map<string, Rule> {
  return new Map([...rulesOf(sources)].filter(([, { isPrivate }]) => !isPrivate));
}
