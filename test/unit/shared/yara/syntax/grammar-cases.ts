/**
 * Reads `cases/*.txt`. A file has comments (`#`), one `template` in which `«»` stands for the case, and a case per line:
 *
 *     accept SOURCE          parsed here and by the reference
 *     refuse E001 SOURCE     refused by both, the reference's codes
 *     ours NAME SOURCE       parsed here, refused by the reference: a difference with a name
 *     theirs NAME SOURCE     refused here, parsed by the reference: likewise
 *
 * `⏎` is a line end.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface GrammarCase {
  readonly file: string;
  readonly verdict: 'accept' | 'refuse' | 'ours' | 'theirs';
  /** Of a difference. */
  readonly name: string;
  /** The reference's errors. */
  readonly codes: readonly string[];
  /** As in the file. */
  readonly text: string;
  /** In its template. */
  readonly source: string;
}

const folder = new URL('cases/', import.meta.url);

export function grammarCases(): GrammarCase[] {
  return readdirSync(folder).flatMap((file) => readCases(file));
}

function readCases(file: string): GrammarCase[] {
  const lines = readFileSync(new URL(file, folder), 'utf8').split('\n');
  const template = lines.find((line) => line.startsWith('template '))?.slice('template '.length);
  if (template === undefined) throw new Error(`${file} has no template`);
  return lines.flatMap((line) => {
    const parts = /^(accept|refuse|ours|theirs) (.*)$/.exec(line);
    if (parts === null) {
      if (line === '' || line.startsWith('#') || line.startsWith('template ')) return [];
      throw new Error(`${file}: cannot read ${line}`);
    }
    const verdict = parts[1] as GrammarCase['verdict'];
    const rest = parts[2] ?? '';
    const [word, text] =
      verdict === 'accept' ? ['', rest] : [rest.slice(0, rest.indexOf(' ')), rest.slice(rest.indexOf(' ') + 1)];
    const source = template.replace('«»', () => text).replaceAll('⏎', '\n');
    const codes = verdict === 'refuse' ? word.split(',') : [];
    return [{ file, verdict, name: verdict === 'refuse' ? '' : word, codes, text, source }];
  });
}
