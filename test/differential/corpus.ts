/**
 * The corpus: a folder of public rule files, with a `MANIFEST.tsv` that names them and says what YARA-X 1.20 makes of each.
 * Where it is, `SLUICE_CORPUS` says; its rules stand below `rules/`. Nothing is written there.
 *
 * A file is taken apart into rules that can be asked about alone: each with the rules it refers to and the modules it needs.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modules } from '../../shared/yara/modules/registry.ts';
import type { Rule } from '../../shared/yara/syntax/ast.ts';
import { Diagnostics } from '../../shared/yara/syntax/diagnostics.ts';
import { parseSource } from '../../shared/yara/syntax/parser.ts';
import { SourceText } from '../../shared/yara/syntax/source-text.ts';
import { namesIn } from './expressions.ts';

/** Modules that take a file format or a service's report apart. */
export const FORMAT_MODULES: ReadonlySet<string> = new Set([
  'androguard',
  'crx',
  'cuckoo',
  'dex',
  'dotnet',
  'elf',
  'lnk',
  'macho',
  'magic',
  'pe',
  'vt',
]);

/** The externals that public rules expect. */
export const EXTERNAL_NAMES = ['filename', 'filepath', 'extension', 'filetype', 'owner'] as const;

export const corpusRoot = process.env['SLUICE_CORPUS'];

export interface CorpusFile {
  readonly collection: string;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly referenceAccepts: boolean;
}

/** All files in the order of the manifest, or those of the collections whose name holds `collection`. */
export function readCorpus(root: string, collection = ''): CorpusFile[] {
  const [header, ...rows] = readFileSync(join(root, 'rules', 'MANIFEST.tsv'), 'utf8')
    .trimEnd()
    .split('\n');
  const columns = header!.split('\t');
  const column = (name: string): number => {
    const at = columns.indexOf(name);
    if (at < 0) throw new Error(`MANIFEST.tsv has no column ${name}, only ${columns.join(', ')}`);
    return at;
  };
  const [nameAt, pathAt, acceptsAt] = [column('corpus'), column('path'), column('yarax_1_20')];
  return rows
    .map((row) => row.split('\t'))
    .filter((cells) => cells[nameAt]!.includes(collection))
    .map((cells) => ({
      collection: cells[nameAt]!,
      path: cells[pathAt]!,
      bytes: new Uint8Array(readFileSync(join(root, 'rules', cells[nameAt]!, cells[pathAt]!))),
      referenceAccepts: cells[acceptsAt] === 'ok',
    }));
}

export interface CorpusRule {
  /** `collection/path:rule` */
  readonly key: string;
  readonly file: CorpusFile;
  readonly ast: Rule;
  readonly source: SourceText;
  /** Rules of the same file that it cannot do without, in the order of the text. */
  readonly needs: readonly CorpusRule[];
  /** Its own and those of the rules it needs. */
  readonly modules: ReadonlySet<string>;
}

export interface TakenApart {
  /** In the order of the text; only rules that parse, each name once. */
  readonly rules: readonly CorpusRule[];
  readonly modules: ReadonlySet<string>;
  readonly hasIncludes: boolean;
}

export function takeApart(file: CorpusFile): TakenApart {
  const source = new SourceText(file.bytes, `${file.collection}/${file.path}`);
  const ast = parseSource(source, new Diagnostics());
  const imported = new Set(ast.imports.map(({ module }) => module));
  const rules = new Map<string, CorpusRule>();
  const globals: CorpusRule[] = [];
  for (const rule of ast.rules) {
    if (rule.isBroken || rule.condition === undefined || rules.has(rule.name.name)) continue;
    const names = namesIn(rule.condition);
    const needs = new Set<CorpusRule>();
    for (const earlier of rules.values()) {
      if (!refersTo(names, earlier.ast.name.name)) continue;
      for (const need of earlier.needs) needs.add(need);
      needs.add(earlier);
    }
    const modules = new Set([...names].filter((name) => imported.has(name) && !rules.has(name)));
    for (const need of needs) for (const module of need.modules) modules.add(module);
    const key = `${file.collection}/${file.path}:${rule.name.name}`;
    const taken: CorpusRule = { key, file, ast: rule, source, needs: inOrder(needs), modules };
    rules.set(rule.name.name, taken);
    if (rule.isGlobal) globals.push(taken);
  }
  // A global rule silences every other one of its file, so none can do without it.
  const all = [...rules.values()].map((rule) =>
    rule.ast.isGlobal || globals.length === 0
      ? rule
      : { ...rule, needs: inOrder(new Set([...globals, ...rule.needs])) },
  );
  return { rules: all, modules: imported, hasIncludes: ast.includes.length > 0 };
}

function refersTo(names: ReadonlySet<string>, rule: string): boolean {
  if (names.has(rule)) return true;
  for (const name of names) if (name.endsWith('*') && rule.startsWith(name.slice(0, -1))) return true;
  return false;
}

function inOrder(rules: ReadonlySet<CorpusRule>): CorpusRule[] {
  return [...rules].sort((a, b) => a.ast.span.start - b.ast.span.start);
}

/** Can it be asked about? Its modules must be there. */
export function isAskable({ modules: needed }: { readonly modules: ReadonlySet<string> }): boolean {
  const there = new Set(modules.map(({ schema }) => schema.name));
  return [...needed].every((module) => !FORMAT_MODULES.has(module) || there.has(module));
}

/** The rules and what they need as one source text. Throws for a rule that is not UTF-8: the reference takes strings only. */
export function textOf(rules: readonly CorpusRule[]): string {
  const all = new Set<CorpusRule>();
  const names = new Set<string>();
  for (const rule of inOrder(new Set(rules.flatMap((rule) => [...rule.needs, rule])))) {
    if (names.has(rule.ast.name.name)) continue;
    names.add(rule.ast.name.name);
    all.add(rule);
  }
  const modules = new Set([...all].flatMap((rule) => [...rule.modules]));
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const imports = [...modules].map((module) => `import "${module}"\n`);
  const texts = [...all].map(({ source, ast }) => decoder.decode(source.bytes.subarray(ast.span.start, ast.span.end)));
  return `${imports.join('')}${texts.join('\n')}\n`;
}
