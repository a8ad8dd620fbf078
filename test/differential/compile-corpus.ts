/**
 * Do the files that the reference compiles also compile here? Each file alone, with the externals that public rules expect;
 * split by the format modules it imports, and what does not compile listed by cause. The reference's answer is that of
 * the manifest, or its own where it is asked anew.
 */
import { compileRules, RuleCompileError } from '../../shared/yara/index.ts';
import { DEFAULT_EXTERNALS } from './campaign.ts';
import { FORMAT_MODULES, takeApart, type CorpusFile } from './corpus.ts';
import { compileByReference } from './reference.ts';

/** A file that takes longer is as good as a hang. */
const LONGEST_SECONDS = 90;

export interface CompileShare {
  /** Files, and rules in them, that the reference compiles. */
  files: number;
  rules: number;
  /** … and ours as well; of files with an error the rules that have none. */
  filesHere: number;
  rulesHere: number;
}

export interface CompileReport {
  /** Files that import no format module. */
  readonly plain: CompileShare;
  readonly withFormatModules: CompileShare;
  /** By name of a format module, the files that import it; a file may import several. */
  readonly byModule: ReadonlyMap<string, CompileShare>;
  /** Codes and messages of what does not compile here, with the files. What only follows from another error is left out. */
  readonly causes: ReadonlyMap<string, readonly string[]>;
  /** Anything thrown that is not a RuleCompileError, and files that took too long. */
  readonly crashes: readonly string[];
  /** Files that the reference refuses and ours takes. */
  readonly onlyHere: readonly string[];
  readonly seconds: number;
}

export async function compileCorpus(files: readonly CorpusFile[], asksReference: boolean): Promise<CompileReport> {
  const shares = { plain: noFiles(), withFormatModules: noFiles(), byModule: new Map<string, CompileShare>() };
  const causes = new Map<string, string[]>();
  const crashes: string[] = [];
  const onlyHere: string[] = [];
  let seconds = 0;
  for (const file of files) {
    const name = `${file.collection}/${file.path}`;
    const accepts = asksReference ? await referenceAccepts(file) : file.referenceAccepts;
    const started = performance.now();
    const errors = compileHere(file, crashes);
    const taken = (performance.now() - started) / 1000;
    seconds += taken;
    if (taken > LONGEST_SECONDS) crashes.push(`${name}: took ${taken.toFixed(1)} s`);
    if (!accepts) {
      if (errors.length === 0) onlyHere.push(name);
      continue;
    }
    const { rules, modules } = takeApart(file);
    const formats = [...modules].filter((module) => FORMAT_MODULES.has(module));
    const broken = new Set(errors.map(({ rule }) => rule));
    const rulesHere = rules.filter(({ ast }) => !broken.has(ast.name.name)).length;
    for (const share of formats.length === 0
      ? [shares.plain]
      : [shares.withFormatModules, ...formats.map((format) => shareOf(shares.byModule, format))]) {
      share.files++;
      share.rules += rules.length;
      if (errors.length === 0) share.filesHere++;
      share.rulesHere += rulesHere;
    }
    const roots = errors.filter((error) => !isConsequence(error));
    for (const cause of new Set((roots.length > 0 ? roots : errors).map(({ code, message }) => `${code} ${message}`))) {
      causes.set(cause, [...(causes.get(cause) ?? []), name]);
    }
  }
  return { ...shares, causes, crashes, onlyHere, seconds };
}

function noFiles(): CompileShare {
  return { files: 0, rules: 0, filesHere: 0, rulesHere: 0 };
}

function shareOf(shares: Map<string, CompileShare>, name: string): CompileShare {
  const share = shares.get(name) ?? noFiles();
  shares.set(name, share);
  return share;
}

/** Errors that there would not be without another one: too many of them, and references to a rule that has one. */
function isConsequence({ code, message }: RuleCompileError['diagnostics'][number]): boolean {
  return code === 'E901' || (code === 'E009' && message.endsWith('has errors and cannot be referred to'));
}

async function referenceAccepts({ bytes }: CorpusFile): Promise<boolean> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return false;
  }
  const answer = await compileByReference([{ namespace: 'default', text }], DEFAULT_EXTERNALS);
  if ('errors' in answer) return false;
  answer.free();
  return true;
}

function compileHere(file: CorpusFile, crashes: string[]): RuleCompileError['diagnostics'] {
  try {
    compileRules([{ text: file.bytes, name: file.path }], { externals: DEFAULT_EXTERNALS });
    return [];
  } catch (error) {
    if (error instanceof RuleCompileError) return error.diagnostics.filter(({ severity }) => severity === 'error');
    crashes.push(
      `${file.collection}/${file.path}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return [];
  }
}

export function describeCompilation({
  plain,
  withFormatModules,
  byModule,
  causes,
  crashes,
  onlyHere,
  seconds,
}: CompileReport): string {
  const line = (what: string, share: CompileShare): string =>
    `${what}: ${share.filesHere} of ${share.files} files (${percent(share.filesHere, share.files)}), ` +
    `${share.rulesHere} of ${share.rules} rules (${percent(share.rulesHere, share.rules)})`;
  const listed = [...causes].sort(([, a], [, b]) => b.length - a.length);
  return [
    `of what the reference compiles, these compile here, in ${seconds.toFixed(1)} s:`,
    line('  without format modules', plain),
    line('  with format modules', withFormatModules),
    ...[...byModule].map(([module, share]) => line(`    ${module}`, share)),
    `exceptions by cause: ${causes.size === 0 ? 'none' : ''}`,
    ...listed.map(
      ([cause, names]) =>
        `  ${names.length} × ${cause} (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''})`,
    ),
    `refused by the reference and compiled here: ${onlyHere.length} ${onlyHere.slice(0, 8).join(', ')}`,
    ...crashes.map((crash) => `CRASH ${crash}`),
  ].join('\n');
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(2)} %`;
}
