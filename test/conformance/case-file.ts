/**
 * Reads the case files under `cases/`: YAML, one file a chapter, checked by a schema and made into `Case`s.
 *
 * A case is one of
 * - `rules` (or `sources` with namespaces), and `matches: { rule: { $a: [[offset, length]] } }` or `error: E0xx`;
 * - `strings` and `condition` (`any of them` unless given), and `matches: { $a: [[offset, length]] }`, `verdict` or `error`;
 * - a table: `pattern` with rows `[data, answer]`, `data` with rows `[pattern, answer]`, or rows `[pattern, data, answer]`,
 *   where the pattern is `$a`, the condition is `$a`, and an answer is a list of matches or an error's code;
 * - a sheet: `holds` and `fails`, conditions over the same `strings` and `data`, asked in one compilation;
 * - `refused: { E0xx: [conditions] }`, alone or beside a sheet: each condition in a rule of its own.
 *
 * A rule made of a condition gets only those of `strings` that the condition speaks of, for an unused pattern is an error.
 * `imports` names the modules that a file's, or a case's, conditions use.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { bytesSchema, readBytes, showBytes } from './bytes.ts';
import type { Case, Dialect, Expected, ExpectedPatterns } from './case.ts';
import { patternsUsed, ruleText, sheetOf } from './sheet.ts';

const tuple = z.union([z.tuple([z.number(), z.number()]), z.tuple([z.number(), z.number(), z.number()])]);
const patterns = z.record(z.string().startsWith('$'), z.array(tuple));
const errorCode = z.string().regex(/^E\d{3}$/);
const external = z.union([z.boolean(), z.string(), z.number(), z.strictObject({ float: z.number() })]);
const metaValue = z.union([z.string(), z.number(), z.boolean()]);

const answerFields = {
  matches: z.union([patterns, z.record(z.string().regex(/^[^$]/), patterns)]).optional(),
  verdict: z.boolean().optional(),
  error: errorCode.optional(),
};

const dialectSchema = z.strictObject({
  name: z.string(),
  why: z.string(),
  ...answerFields,
  /** Of a sheet's conditions, those that ours answers otherwise. */
  holds: z.array(z.string()).default([]),
  fails: z.array(z.string()).default([]),
});

const caseSchema = z.strictObject({
  name: z.string(),
  features: z.array(z.string()).default([]),
  imports: z.array(z.string()).default([]),
  rules: z.string().optional(),
  sources: z
    .array(
      z.strictObject({
        text: z.union([z.string(), z.strictObject({ bytes: bytesSchema })]),
        namespace: z.string().optional(),
      }),
    )
    .optional(),
  includes: z.record(z.string(), z.string()).optional(),
  strings: z.string().optional(),
  condition: z.string().optional(),
  externals: z.record(z.string(), external).optional(),
  scanExternals: z.record(z.string(), external).optional(),
  data: bytesSchema.optional(),
  ...answerFields,
  tags: z.array(z.string()).optional(),
  meta: z.array(z.tuple([z.string(), metaValue])).optional(),
  warnings: z.array(z.string()).optional(),
  pattern: z.string().optional(),
  table: z.array(z.array(z.unknown()).min(2).max(3)).optional(),
  holds: z.array(z.string()).optional(),
  fails: z.array(z.string()).optional(),
  refused: z.record(errorCode, z.array(z.string())).optional(),
  dialect: dialectSchema.optional(),
  unasked: z.string().optional(),
});

const fileSchema = z.strictObject({
  chapter: z.string(),
  features: z.array(z.string()).default([]),
  imports: z.array(z.string()).default([]),
  cases: z.array(caseSchema),
});

type WrittenCase = z.infer<typeof caseSchema>;

export function loadCaseFiles(directory: URL): Case[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .flatMap((name) => loadCaseFile(new URL(name, directory)));
}

function loadCaseFile(url: URL): Case[] {
  const text = readFileSync(url, 'utf8');
  // In YAML a blank and `#` begin a comment, which would cut `$a and #b == 1` short without a word.
  const cut = /^[^'"#\n]*[^\s'"#][^'"#\n]* #.*$/m.exec(text);
  if (cut) throw new Error(`${basename(url.pathname)}: quote what holds a #: ${cut[0].trim()}`);
  const file = fileSchema.safeParse(parse(text));
  if (!file.success) throw new Error(`${basename(url.pathname)}: ${z.prettifyError(file.error)}`);
  const { chapter, features, imports, cases } = file.data;
  return cases.flatMap((written) => {
    try {
      return expand(chapter, features, written).map((example) => importing([...imports, ...written.imports], example));
    } catch (cause) {
      throw new Error(`${basename(url.pathname)}: ${written.name}: ${String(cause)}`, { cause });
    }
  });
}

function expand(chapter: string, fileFeatures: readonly string[], written: WrittenCase): Case[] {
  const shared = {
    chapter,
    features: [...new Set([...fileFeatures, ...written.features])],
    ...(written.externals && { externals: written.externals }),
    ...(written.scanExternals && { scanExternals: written.scanExternals }),
    ...(written.includes && { includes: written.includes }),
    ...(written.unasked !== undefined && { unasked: written.unasked }),
  };
  if (written.table) return written.table.map((row) => ({ ...shared, ...tableRow(written, row) }));
  const bytes = readBytes(written.data ?? '');
  const cases: Case[] = [];
  if (written.holds || written.fails) {
    const conditions = new Map<string, boolean>();
    for (const condition of written.holds ?? []) conditions.set(condition, true);
    for (const condition of written.fails ?? []) {
      if (conditions.has(condition)) throw new Error(`both holds and fails: ${condition}`);
      conditions.set(condition, false);
    }
    const sheet = sheetOf(conditions, written.strings);
    const dialect = written.dialect && { dialect: sheetDialect(written.dialect, sheet.expected) };
    cases.push({ ...shared, name: written.name, bytes, ...sheet, ...dialect });
  }
  for (const [code, conditions] of Object.entries(written.refused ?? {})) {
    for (const condition of conditions) {
      const sources = [{ text: ruleText(patternsUsed(written.strings, condition), condition) }];
      const expected: Expected = { kind: 'error', code };
      cases.push({
        ...shared,
        name: `${written.name}: ${condition} is refused`,
        sources,
        bytes,
        expected,
        statements: 1,
      });
    }
  }
  if (cases.length > 0) return cases;
  return [{ ...shared, ...single(written), name: written.name, bytes, statements: 1 }];
}

/** With the modules that its conditions use imported by each source. */
function importing(modules: readonly string[], example: Case): Case {
  if (modules.length === 0) return example;
  const lines = modules.map((module) => `import "${module}"\n`).join('');
  return {
    ...example,
    sources: example.sources.map((source) => ({ ...source, text: `${lines}${String(source.text)}` })),
  };
}

function sheetDialect(written: z.infer<typeof dialectSchema>, expected: Expected): Dialect {
  if (expected.kind !== 'verdicts') throw new TypeError('a sheet expects verdicts');
  const others = [
    ...written.holds.map((key) => [key, true] as const),
    ...written.fails.map((key) => [key, false] as const),
  ];
  for (const [key, verdict] of others) {
    if (expected.verdicts[key] !== !verdict)
      throw new Error(`no condition that the reference answers otherwise: ${key}`);
  }
  const ours: Expected = { ...expected, verdicts: { ...expected.verdicts, ...Object.fromEntries(others) } };
  return { name: written.name, why: written.why, ours };
}

function tableRow(
  written: WrittenCase,
  row: readonly unknown[],
): Pick<Case, 'name' | 'sources' | 'bytes' | 'expected' | 'statements'> {
  const cells = [...row];
  const answer = z.union([errorCode, z.array(tuple)]).parse(cells.pop());
  const pattern = written.pattern ?? z.string().parse(cells.shift());
  const bytes = readBytes(
    written.data === undefined && cells.length > 0 ? bytesSchema.parse(cells.shift()) : (written.data ?? ''),
  );
  if (cells.length > 0) throw new Error(`a row has a cell too many: ${JSON.stringify(row)}`);
  const expected: Expected =
    typeof answer === 'string'
      ? { kind: 'error', code: answer }
      : { kind: 'matches', rules: answer.length === 0 ? {} : { r: { $a: answer } } };
  return {
    name: `${written.name}: ${pattern} on ${showBytes(bytes)}`,
    sources: [{ text: ruleText(`$a = ${pattern}`, written.condition ?? '$a') }],
    bytes,
    expected,
    statements: 1,
  };
}

function single(written: WrittenCase): Pick<Case, 'sources' | 'expected' | 'dialect'> {
  const isWholeRule = written.rules !== undefined || written.sources !== undefined;
  const sources = written.sources?.map(({ text, namespace }) => ({
    text: typeof text === 'string' ? text : readBytes(text.bytes),
    ...(namespace !== undefined && { namespace }),
  })) ?? [{ text: written.rules ?? ruleText(written.strings ?? '', written.condition ?? 'any of them') }];
  return {
    sources,
    expected: expectedOf(written, isWholeRule),
    ...(written.dialect && { dialect: dialectOf(written.dialect, isWholeRule) }),
  };
}

function dialectOf(written: z.infer<typeof dialectSchema>, isWholeRule: boolean): Dialect {
  return { name: written.name, why: written.why, ours: expectedOf(written, isWholeRule) };
}

function expectedOf(
  written: Pick<WrittenCase, 'matches' | 'verdict' | 'error'> &
    Partial<Pick<WrittenCase, 'tags' | 'meta' | 'warnings'>>,
  isWholeRule: boolean,
): Expected {
  if (written.error !== undefined) return { kind: 'error', code: written.error };
  if (written.verdict !== undefined) {
    return { kind: 'verdicts', verdicts: { 'the rule': written.verdict }, names: { 'the rule': 'r' } };
  }
  if (!written.matches) throw new Error('neither matches, verdict nor error');
  const extra = {
    ...(written.tags && { tags: written.tags }),
    ...(written.meta && { meta: written.meta }),
    ...(written.warnings && { warnings: written.warnings }),
  };
  const rules = isWholeRule
    ? (written.matches as Record<string, ExpectedPatterns>)
    : Object.keys(written.matches).length === 0
      ? {}
      : { r: written.matches as ExpectedPatterns };
  return { kind: 'matches', rules, ...extra };
}
