/**
 * Makes a difference small: the rule alone, the object cut down, patterns and operands left out, as long as the engines
 * still differ in a way that no dialect entry explains. What is left is printed so that a person can read it.
 */
import type { Expression, Pattern, Rule } from '../../shared/yara/syntax/ast.ts';
import { Diagnostics } from '../../shared/yara/syntax/diagnostics.ts';
import { parseSource } from '../../shared/yara/syntax/parser.ts';
import { SourceText } from '../../shared/yara/syntax/source-text.ts';
import type { Answer } from './answers.ts';
import { childrenOf } from './expressions.ts';
import { askAnew, type AskedQuestion, type Question } from './question.ts';
import { joined } from './witness.ts';

const MOST_QUESTIONS = 250;
const MOST_MILLISECONDS = 20_000;

export interface Shrunk {
  readonly question: Question;
  readonly asked: AskedQuestion;
}

/** Undefined where the question, asked anew, shows no difference. */
export async function shrink(start: Question): Promise<Shrunk | undefined> {
  const asked = await askAnew(start);
  if (asked === undefined || asked.unexplained.length === 0) return undefined;
  let best: Shrunk = { question: start, asked };
  let questions = 0;
  const deadline = performance.now() + MOST_MILLISECONDS;
  const accept = async (question: Question): Promise<boolean> => {
    if (++questions > MOST_QUESTIONS || performance.now() > deadline) return false;
    const answer = await askAnew(question);
    if (answer === undefined || answer.unexplained.length === 0) return false;
    best = { question, asked: answer };
    return true;
  };
  await dropSources(() => best.question, accept);
  await cutObject(() => best.question, accept, 64);
  while (await simplifyRules(best.question, accept));
  await cutObject(() => best.question, accept, 1);
  while (await simplifyRules(best.question, accept));
  return best;
}

type Accept = (question: Question) => Promise<boolean>;

/** Halves and quarters of the sources first, then one by one. */
async function dropSources(current: () => Question, accept: Accept): Promise<void> {
  for (let length = Math.floor(current().sources.length / 2); length >= 1; length = Math.floor(length / 2)) {
    for (let at = 0; at < current().sources.length && current().sources.length > length;) {
      const { sources, ...question } = current();
      if (!(await accept({ ...question, sources: sources.toSpliced(at, length) }))) at += length;
    }
  }
}

/** Leaves out pieces, large ones first. */
async function cutObject(current: () => Question, accept: Accept, smallest: number): Promise<void> {
  for (let length = Math.ceil(current().bytes.length / 2); length >= smallest; length = Math.floor(length / 2)) {
    for (let at = 0; at < current().bytes.length;) {
      const question = current();
      const bytes = joined(question.bytes.subarray(0, at), question.bytes.subarray(at + length));
      if (!(await accept({ ...question, bytes }))) at += length;
    }
  }
}

/** True when something could be left out. */
async function simplifyRules(question: Question, accept: Accept): Promise<boolean> {
  for (const [at, source] of question.sources.entries()) {
    for (const text of simplerTexts(source.text)) {
      const sources = question.sources.map((other, place) => (place === at ? { ...other, text } : other));
      if (await accept({ ...question, sources })) return true;
    }
  }
  return false;
}

function* simplerTexts(text: string): Generator<string> {
  const source = new SourceText(text);
  const { rules } = parseSource(source, new Diagnostics());
  const edit = (cuts: readonly Cut[]): string => withCuts(source.bytes, cuts);
  if (rules.length > 3) {
    const half = rules.length >> 1;
    yield edit(rules.slice(0, half).map(({ span }) => ({ ...span, by: '' })));
    yield edit(rules.slice(half).map(({ span }) => ({ ...span, by: '' })));
  }
  for (const rule of rules) if (rules.length > 1) yield edit([{ ...rule.span, by: '' }]);
  for (const rule of rules) {
    const { meta, tags, condition, patterns } = rule;
    if (meta.length > 0) yield edit([cutMeta(source, rule)]);
    if (tags.length > 0) yield edit([{ start: rule.name.span.end, end: tags.at(-1)!.span.end, by: '' }]);
    if (condition === undefined) continue;
    for (const pattern of patterns) {
      const { name } = pattern.identifier;
      if (patterns.length === 1 || name === '$') continue;
      yield edit([...keepOnly(source, rule, [pattern]), { ...condition.span, by: name }]);
    }
    for (const by of simplerConditions(source, condition))
      yield edit([...unused(source, rule, by), { ...condition.span, by }]);
    for (const pattern of patterns) if (patterns.length > 1) yield edit([{ ...pattern.span, by: '' }]);
  }
}

interface Cut {
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

function withCuts(bytes: Uint8Array, cuts: readonly Cut[]): string {
  const decoder = new TextDecoder();
  let at = 0;
  let text = '';
  for (const { start, end, by } of [...cuts].sort((a, b) => a.start - b.start)) {
    text += decoder.decode(bytes.subarray(at, start)) + by;
    at = end;
  }
  return text + decoder.decode(bytes.subarray(at));
}

/** From the section's name, which stands in no node, to its last entry. */
function cutMeta({ bytes }: SourceText, { meta }: Rule): Cut {
  const before = new TextDecoder('latin1').decode(bytes.subarray(0, meta[0]!.span.start));
  return { start: before.lastIndexOf('meta'), end: meta.at(-1)!.span.end, by: '' };
}

function* simplerConditions(source: SourceText, condition: Expression): Generator<string> {
  const textOf = ({ span }: Expression): string =>
    `(${new TextDecoder().decode(source.bytes.subarray(span.start, span.end))})`;
  if (condition.kind === 'and' || condition.kind === 'or') {
    for (const operand of condition.operands) yield textOf(operand);
    if (condition.operands.length > 2) {
      for (const left of condition.operands) {
        yield condition.operands
          .filter((operand) => operand !== left)
          .map(textOf)
          .join(` ${condition.kind} `);
      }
    }
  }
  for (const child of childrenOf(condition)) {
    if (condition.kind === 'forOf' || condition.kind === 'forIn' || condition.kind === 'with') continue;
    for (const simpler of simplerConditions(source, child)) {
      const { start, end } = child.span;
      const text = new TextDecoder();
      yield (
        text.decode(source.bytes.subarray(condition.span.start, start)) +
        `(${simpler})` +
        text.decode(source.bytes.subarray(end, condition.span.end))
      );
    }
  }
}

/** Patterns that a new condition no longer speaks of must go, for they would be an error. */
function unused(source: SourceText, rule: Rule, condition: string): Cut[] {
  if (/\bthem\b|\$\*/.test(condition)) return [];
  const mentions = [...condition.matchAll(/[$#@!](\w*)(\*?)/g)];
  const used = rule.patterns.filter(({ identifier }) => {
    const name = identifier.name.slice(1);
    return mentions.some(([, mentioned, star]) => (star === '*' ? name.startsWith(mentioned!) : name === mentioned));
  });
  return keepOnly(source, rule, used);
}

/** Without any pattern the section must go as well. */
function keepOnly({ bytes }: SourceText, { patterns }: Rule, kept: readonly Pattern[]): Cut[] {
  if (kept.length > 0 || patterns.length === 0) {
    return patterns.filter((pattern) => !kept.includes(pattern)).map(({ span }) => ({ ...span, by: '' }));
  }
  const before = new TextDecoder('latin1').decode(bytes.subarray(0, patterns[0]!.span.start));
  return [{ start: before.lastIndexOf('strings'), end: patterns.at(-1)!.span.end, by: '' }];
}

/** The rules, the object, both answers. */
export function describe({ question, asked }: Shrunk, seed: number): string {
  const { sources, bytes, externals } = question;
  const given = Object.entries(externals).filter(([, value]) => value !== '');
  return [
    ...sources.map(
      ({ namespace, text }) => `// namespace ${namespace}\n${shorten(text.replace(/\n\s*\n+/g, '\n').trim())}`,
    ),
    `object of ${bytes.length} bytes: ${showBytes(bytes)}`,
    ...(bytes.length <= 400 ? [`hex: ${Buffer.from(bytes).toString('hex')}`] : []),
    ...(given.length > 0 ? [`externals: ${JSON.stringify(Object.fromEntries(given))}`] : []),
    ...asked.unexplained.slice(0, 3).map((difference) => `difference: ${JSON.stringify(difference).slice(0, 600)}`),
    `ours (${asked.ours.mode}): ${asked.ours.error ?? showAnswer(asked.ours.rules)}`,
    ...[...asked.ours.undecided].map(([rule, reason]) => `ours is undecided about ${rule}: ${reason}`),
    `reference: ${showAnswer(asked.reference)}`,
    `seed ${seed}`,
  ].join('\n');
}

const MOST_SHOWN = 600;
const MOST_TEXT = 3000;

function shorten(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}\n… (${text.length} characters)` : text;
}

function showBytes(bytes: Uint8Array): string {
  const shown = [...bytes.subarray(0, MOST_SHOWN)].map((byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  );
  return `"${shown.join('')}"${bytes.length > MOST_SHOWN ? '…' : ''}`;
}

function showAnswer(answer: Answer): string {
  const rules = [...answer].map(([rule, { patterns }]) => {
    const lists = patterns.map(({ identifier, matches }) => {
      const shown = matches
        .slice(0, 12)
        .map(({ offset, length, xorKey }) => `${offset}+${length}${xorKey < 0 ? '' : `^${xorKey}`}`);
      return `${identifier} ${shown.join(' ')}${matches.length > 12 ? ` … (${matches.length})` : ''}`;
    });
    return `${rule} { ${lists.join('; ')} }`;
  });
  return rules.length === 0 ? 'no rule matches' : rules.join(' ');
}
