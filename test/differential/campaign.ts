/**
 * Asks both engines the same questions about rules of the corpus: batches of rules are compiled by both, objects are made
 * for each rule until the reference says it matches (a few tries), then objects that it should barely not match.
 */
import type { Rule } from '../../shared/yara/syntax/ast.ts';
import type { Answer, ExternalTexts, SourceText } from './answers.ts';
import { differencesOf, type Difference } from './compare.ts';
import { EXTERNAL_NAMES, isAskable, takeApart, textOf, type CorpusFile, type CorpusRule } from './corpus.ts';
import { compileByEngine, type EngineAnswer, type EngineRules } from './engine.ts';
import { Random } from './random.ts';
import { compileByReference, ReferenceBroke, type ReferenceAnswer, type ReferenceRules } from './reference.ts';
import { synthesize, type Aim, type Target } from './synthesize.ts';

const RULES_PER_BATCH = 40;
const TEXT_PER_BATCH = 120_000;
/** Objects made for a rule until the reference says that it matches. */
const TRIES = 6;

export const DEFAULT_EXTERNALS: ExternalTexts = Object.fromEntries(EXTERNAL_NAMES.map((name) => [name, '']));

/** Rules of one file that are asked about together, with what they need. */
export interface Part {
  readonly namespace: string;
  readonly rules: readonly CorpusRule[];
  readonly text: string;
  /** Of the whole file, by name. */
  readonly byName: ReadonlyMap<string, Rule>;
}

export interface Batch {
  readonly parts: readonly Part[];
}

export interface Askable {
  readonly batches: readonly Batch[];
  readonly files: number;
  readonly rules: number;
  /** Why others are not asked about, with the number of rules (of files, where they cannot be read). */
  readonly leftOut: ReadonlyMap<string, number>;
}

/** Sorts the corpus into batches; only rules that the reference compiles and that need no format module but those there are. */
export function prepare(files: readonly CorpusFile[]): Askable {
  const leftOut = new Map<string, number>();
  const leave = (why: string, count: number): void => void leftOut.set(why, (leftOut.get(why) ?? 0) + count);
  const batches: Batch[] = [];
  let parts: Part[] = [];
  let [ruleCount, fileCount, batchRules, batchText] = [0, 0, 0, 0];
  const close = (): void => {
    if (parts.length > 0) batches.push({ parts });
    [parts, batchRules, batchText] = [[], 0, 0];
  };
  for (const file of files) {
    const { rules, hasIncludes } = takeApart(file);
    if (!file.referenceAccepts || hasIncludes) {
      leave(hasIncludes ? 'file with include' : 'file that the reference refuses', rules.length);
      continue;
    }
    const plain = rules.filter(isAskable);
    leave('needs a format module that is not here', rules.length - plain.length);
    const byName = new Map(rules.map(({ ast }) => [ast.name.name, ast]));
    if (plain.length > 0) fileCount++;
    ruleCount += plain.length;
    for (let at = 0; at < plain.length;) {
      const some: CorpusRule[] = [];
      for (let size = 0; at < plain.length && some.length < RULES_PER_BATCH && size < TEXT_PER_BATCH; at++) {
        some.push(plain[at]!);
        size += plain[at]!.ast.span.end - plain[at]!.ast.span.start;
      }
      const text = textOf(some);
      if (batchRules + some.length > RULES_PER_BATCH || batchText + text.length > TEXT_PER_BATCH) close();
      parts.push({ namespace: `n${parts.length}`, rules: some, text, byName });
      batchRules += some.length;
      batchText += text.length;
    }
  }
  close();
  return { batches, files: fileCount, rules: ruleCount, leftOut };
}

/** A question that the engines answered differently. */
export interface Found {
  readonly difference: Difference;
  readonly rule: CorpusRule;
  readonly ours: Answer;
  readonly sources: readonly SourceText[];
  readonly bytes: Uint8Array;
  readonly externals: ExternalTexts;
  readonly mode: string;
  readonly seed: number;
}

export class Tally {
  readonly asked = new Set<string>();
  readonly matched = new Set<string>();
  readonly keptFromMatching = new Set<string>();
  readonly unsolved = new Set<string>();
  /** Rules that do not compile here, by code of the first error. */
  readonly notCompiled = new Map<string, number>();
  objects = 0;
  comparisons = 0;
  bytes = 0;
  referenceBroke = 0;
  ourSeconds = 0;
  referenceSeconds = 0;
  compileSeconds = 0;
  slowest = { seconds: 0, rule: '' };
}

export interface Listener {
  /** What is about to happen: where a hang is, it says. */
  at(what: string): void;
  found(found: Found): Promise<void>;
}

interface Compiled {
  readonly ours: EngineRules;
  readonly reference: ReferenceRules;
  /** `namespace:rule` of what both have compiled. */
  readonly asked: ReadonlyMap<string, CorpusRule>;
}

/** Everything about one batch. `pass` counts how often the batch was asked before: other objects are made each time. */
export async function askBatch(
  batch: Batch,
  seed: number,
  pass: number,
  tally: Tally,
  listener: Listener,
): Promise<void> {
  const random = new Random(seed, 'batch', batch.parts[0]!.rules[0]!.key, pass);
  const compiled = await compileBatch(batch, tally, listener);
  if (compiled === undefined) return;
  const targets = batch.parts.flatMap(({ rules, byName, namespace }) =>
    rules
      .filter(({ ast }) => compiled.asked.has(`${namespace}:${ast.name.name}`))
      .map((rule): AimedAt => ({
        key: `${namespace}:${rule.ast.name.name}`,
        corpusRule: rule,
        rule: rule.ast,
        rules: byName,
      })),
  );
  for (const { corpusRule } of targets) tally.asked.add(corpusRule.key);
  const session = { batch, compiled, seed, tally, listener, random, noise: targets.map(({ rule }) => rule) };
  try {
    let waiting: readonly AimedAt[] = random.shuffle(targets);
    for (let tries = 0; tries < TRIES && waiting.length > 0; tries++) {
      const matched = new Set<AimedAt>();
      for (const group of groups(waiting, tries === 0 ? 4 : tries < 3 ? 2 : 1)) {
        for (const target of await ask(session, group, 'match')) matched.add(target);
      }
      waiting = waiting.filter((target) => !matched.has(target));
    }
    for (const group of groups(random.shuffle(targets), 3)) await ask(session, group, 'near miss');
    for (const group of groups(random.shuffle(targets), 3)) await ask(session, group, 'damaged match');
  } catch (error) {
    if (!(error instanceof ReferenceBroke)) throw error;
    tally.referenceBroke++;
  } finally {
    compiled.reference.free();
  }
}

interface AimedAt extends Target {
  readonly key: string;
  readonly corpusRule: CorpusRule;
}

interface Session {
  readonly batch: Batch;
  readonly compiled: Compiled;
  readonly seed: number;
  readonly tally: Tally;
  readonly listener: Listener;
  readonly random: Random;
  readonly noise: readonly Rule[];
}

async function compileBatch({ parts }: Batch, tally: Tally, listener: Listener): Promise<Compiled | undefined> {
  const started = performance.now();
  const where = parts[0]!.rules[0]!.key;
  listener.at(`reference compiles the batch of ${where}`);
  const reference = await compileByReference(parts, DEFAULT_EXTERNALS);
  if ('errors' in reference)
    throw new Error(`the reference refuses the batch of ${where}: ${reference.errors.join('\n')}`);
  listener.at(`we compile the batch of ${where}`);
  const ours = compileByEngine(parts, DEFAULT_EXTERNALS);
  tally.compileSeconds += (performance.now() - started) / 1000;
  const codeOf = new Map<string, string>();
  for (const { rule, code } of ours.skipped) if (rule !== undefined && !codeOf.has(rule)) codeOf.set(rule, code);
  const asked = new Map<string, CorpusRule>();
  for (const { namespace, rules } of parts) {
    for (const rule of rules) {
      const key = `${namespace}:${rule.ast.name.name}`;
      if (ours.rules.has(key)) asked.set(key, rule);
      else {
        const code = codeOf.get(rule.ast.name.name) ?? 'unknown';
        tally.notCompiled.set(code, (tally.notCompiled.get(code) ?? 0) + 1);
      }
    }
  }
  return { ours, reference, asked };
}

/** One object for these targets, shown to both. Answers with the targets that the reference says match. */
async function ask(session: Session, targets: readonly AimedAt[], aim: Aim): Promise<AimedAt[]> {
  const { compiled, seed, tally, listener, random, noise, batch } = session;
  const where = targets[0]!.corpusRule.key;
  listener.at(`object for ${where} is made`);
  const { bytes, externals, solved } = synthesize(targets, aim, random.shuffle(noise).slice(0, 3), random);
  if (aim === 'match' && solved === 0) tally.unsolved.add(where);
  const reference = timed(tally, 'referenceSeconds', where, () => {
    listener.at(`reference scans ${bytes.length} bytes for ${where}`);
    return compiled.reference.scan(bytes, externals);
  });
  listener.at(`we scan ${bytes.length} bytes for ${where}`);
  const started = performance.now();
  const ours = await compiled.ours.scan(bytes, externals, random);
  const seconds = (performance.now() - started) / 1000;
  tally.ourSeconds += seconds;
  if (seconds > tally.slowest.seconds) tally.slowest = { seconds, rule: where };
  tally.objects++;
  tally.bytes += bytes.length;
  tally.comparisons += compiled.asked.size;
  const matching = targets.filter(({ key }) => reference.rules.has(key) || reference.privateRules.includes(key));
  for (const [key, rule] of compiled.asked) if (hasMatched(reference, key)) tally.matched.add(rule.key);
  if (aim !== 'match') {
    for (const target of targets) if (!matching.includes(target)) tally.keptFromMatching.add(target.corpusRule.key);
  }
  const question = { sources: batch.parts, bytes, externals, ours: ours.rules, mode: ours.mode, seed };
  if (ours.error !== undefined) {
    const difference: Difference = { kind: 'threw', rule: targets[0]!.key, error: ours.error };
    await listener.found({ ...question, difference, rule: targets[0]!.corpusRule });
  } else await tell(compiled, ours, reference, question, listener);
  return matching;
}

function hasMatched({ rules, privateRules }: ReferenceAnswer, key: string): boolean {
  return rules.has(key) || privateRules.includes(key);
}

async function tell(
  { asked }: Compiled,
  ours: EngineAnswer,
  reference: ReferenceAnswer,
  question: Omit<Found, 'difference' | 'rule'>,
  listener: Listener,
): Promise<void> {
  const publicOnes = [...asked].filter(([, { ast }]) => !ast.isPrivate).map(([key]) => key);
  for (const difference of differencesOf(publicOnes, ours.rules, ours.undecided, reference.rules)) {
    await listener.found({ ...question, difference, rule: asked.get(difference.rule)! });
  }
}

function timed<T>(tally: Tally, to: 'referenceSeconds', _where: string, action: () => T): T {
  const started = performance.now();
  try {
    return action();
  } finally {
    tally[to] += (performance.now() - started) / 1000;
  }
}

function groups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}
