/** Reads `shared/yara/DIALECT.md`: its entries and the examples in their tables. */
import { readFileSync } from 'node:fs';

export interface PageEntry {
  readonly name: string;
  readonly section: string;
  readonly toldBy: string;
  /** As written behind `Count:`; undefined where there is none. */
  readonly count: string | undefined;
  readonly examples: readonly PageExample[];
}

export interface PageExample {
  readonly rule: string;
  readonly object: Uint8Array;
  /** As written in the table: `–`, a list of `offset+length`, `true`, `false`, a code, or words where it is not asked. */
  readonly reference: string;
  readonly ours: string;
}

export const page = readFileSync(new URL('../../shared/yara/DIALECT.md', import.meta.url), 'utf8');

export function readPage(text: string): PageEntry[] {
  return text.split(/^## /m).flatMap((section) => {
    const [title = '', ...entries] = section.split(/^### /m);
    return entries.map((entry) => readEntry(entry, title.split('\n')[0]!.trim()));
  });
}

function readEntry(text: string, section: string): PageEntry {
  const name = /^`([a-z0-9-]+)`$/m.exec(text.split('\n')[0]!)?.[1];
  const told = /^Told by: (predicate|cases|example|refusal)\.(?: Count: (.+)\.)?$/m.exec(text);
  if (name === undefined || told === null) throw new Error(`no entry: ${text.slice(0, 200)}`);
  const rows = text.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| rule '));
  return { name, section, toldBy: told[1]!, count: told[2], examples: rows.map(readRow) };
}

function readRow(line: string): PageExample {
  const cells = line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
  const [rule, object, reference, , ours] = cells;
  if (cells.length !== 5) throw new Error(`not five cells: ${line}`);
  return { rule: plain(rule!), object: readObject(object!), reference: plain(reference!), ours: plain(ours!) };
}

function plain(cell: string): string {
  return cell.replace(/^`(.*)`$/, '$1');
}

/** `` `a` 4200 × `x` `b` ``: texts with `\0`, `\n` and `\xHH`, each as often as it says. */
function readObject(cell: string): Uint8Array {
  const parts = [...cell.matchAll(/(?:(\d+) × )?`([^`]*)`/g)];
  return Buffer.concat(
    parts.map(([, times, text]) => Buffer.from(unescaped(text!).repeat(Number(times ?? 1)), 'latin1')),
  );
}

function unescaped(text: string): string {
  return text.replace(/\\(0|n|x[0-9a-f]{2})/g, (_, escape: string) =>
    escape === 'n' ? '\n' : escape === '0' ? '\0' : String.fromCharCode(parseInt(escape.slice(1), 16)),
  );
}

/** The source for what an example's first cell says: whole rules, a pattern, or a condition. */
export function sourceOf(rule: string): string {
  if (/^(import|rule) /.test(rule)) return rule;
  return rule.startsWith('$a = ') ? `rule r { strings: ${rule} condition: $a }` : `rule r { condition: ${rule} }`;
}
