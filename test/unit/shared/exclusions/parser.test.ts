import { describe, expect, it } from 'vitest';
import { parseFilter } from '../../../../shared/exclusions/parser.ts';
import { printFilter } from '../../../../shared/exclusions/print-filter.ts';
import { filterOf } from './filters.ts';

/** The faults as `code: message`, each with what its span covers. */
function faultsOf(text: string): string[] {
  return parseFilter(text).faults.map(
    ({ code, message, span, hint }) =>
      `${code} at «${text.slice(span.start, span.end)}»: ${message}${hint === undefined ? '' : ` (${hint})`}`,
  );
}

describe('parseFilter', () => {
  it.each([
    [
      'process.name != "maintenance_script.exe" or process.parent_process.name != "task scheduler"',
      'process.name != "maintenance_script.exe" or process.parent_process.name != "task scheduler"',
    ],
    ['a == "x"'.replace('a', 'blob.name'), 'blob.name == "x"'],
    ['NOT blob.name Contains "x" AND blob.account == "y"', 'not blob.name contains "x" and blob.account == "y"'],
    ['not (blob.name == "x" or blob.name == "y")', 'not (blob.name == "x" or blob.name == "y")'],
    ['blob.name not in ("x", "y")', 'not blob.name in ("x", "y")'],
    ['(((blob.name == "x")))', 'blob.name == "x"'],
    [
      'blob.name == "x" or blob.name == "y" and blob.name == "z"',
      'blob.name == "x" or blob.name == "y" and blob.name == "z"',
    ],
    [
      '(blob.name == "x" or blob.name == "y") and blob.name == "z"',
      '(blob.name == "x" or blob.name == "y") and blob.name == "z"',
    ],
    ['process.name == cased:"MsMpEng.exe"', 'process.name == cased:"MsMpEng.exe"'],
    ['process.name in cased : ("A","B")', 'process.name in cased:("A", "B")'],
    ['process.path startswith "C:\\\\a \\"b\\"\\t"', 'process.path startswith "C:\\\\a \\"b\\"\\t"'],
    ['process.path matches /^c:\\\\.*\\.exe$/', 'process.path matches /^c:\\\\.*\\.exe$/'],
    ['object.size >= 10MB and object.size < 3', 'object.size >= 10485760 and object.size < 3'],
    ['metadata.Process_ID == "7"', 'metadata.process_id == "7"'],
    ['metadata["Uploaded By"] == "x"', 'metadata["uploaded by"] == "x"'],
    ['tags.Env == "x" and tags["cost center"] == "y"', 'tags.Env == "x" and tags["cost center"] == "y"'],
    ['rule.tags contains "test"\n  or rule.name == "r"', 'rule.tags contains "test" or rule.name == "r"'],
  ])('reads %s', (text, printed) => {
    expect(printFilter(filterOf(text))).toBe(printed);
  });

  it.each([
    ['', 'syntax at «»: the filter is empty (compare a field with a value)'],
    ['process.name', 'syntax at «»: expected an operator such as `==`, `in` or `startswith`, found the end'],
    [
      'process.name = "a"',
      'syntax at «=»: expected an operator such as `==`, `in` or `startswith`, found `=` (write == for equal)',
    ],
    [
      'process.name =~ "a"',
      'syntax at «=~»: expected an operator such as `==`, `in` or `startswith`, found `=~` (write == : case does not matter)',
    ],
    ['process.name == a', 'syntax at «a»: expected a value, found `a` (a text stands in double quotes)'],
    ["process.name == 'a'", "syntax at «'»: expected a value, found `'` (a text stands in plain double quotes)"],
    ['process.name == “a”', 'syntax at «“»: expected a value, found `“` (a text stands in plain double quotes)'],
    [
      'process.name == "a" or "b"',
      'syntax at «"b"»: expected the name of a field, found `"b"` (name the field again, as in process.name == "b"; or write process.name in (…))',
    ],
    [
      'process.name == "a" && process.name == "b"',
      'syntax at «&&»: expected `and`, `or` or the end, found `&&` (write `and`)',
    ],
    ['!process.name == "a"', 'syntax at «!»: expected the name of a field, found `!` (write `not`)'],
    [
      'process.name == "a',
      'syntax at «"a»: text has no closing quote in its line (a backslash takes the meaning from what follows it: write \\\\ for one)',
    ],
    ['(process.name == "a"', 'syntax at «»: expected `)`, found the end'],
    ['process.name == "a")', 'syntax at «)»: expected `and`, `or` or the end, found `)`'],
    ['process.name in "a"', 'syntax at «"a"»: expected `(`, found `"a"`'],
    [
      'process.name not == "a"',
      'syntax at «==»: expected `in`, found `==` (to negate a comparison, write `not` in front of the field)',
    ],
    [
      'process.nam == "a"',
      'unknown-field at «process.nam»: there is no field process.nam (did you mean process.name?)',
    ],
    ['process.path == "C:\\q"', 'syntax at «\\q»: unknown escape \\q (write \\\\ for a backslash, \\" for a quote)'],
    [
      'process.name == ""',
      'wrong-type at «""»: an empty text (an empty field counts as missing, and a missing one equals nothing)',
    ],
    ['process.name == 7', 'wrong-type at «7»: process.name == takes a text, not a number'],
    [
      'process.name > 7',
      'wrong-type at «>»: > cannot be asked of process.name, which is a text (a text takes == != in startswith endswith contains matches)',
    ],
    ['object.size == "7"', 'wrong-type at «"7"»: object.size == takes a number, not a text (such as 4096 or 10MB)'],
    ['object.size > 99999999TB', 'wrong-type at «99999999TB»: 99999999TB is too large'],
    ['process.name == /a/', 'wrong-type at «/a/»: == takes no regular expression (write matches)'],
    [
      'process.name matches "a"',
      'wrong-type at «"a"»: process.name matches takes a regex, not a text (such as /^a.*z$/)',
    ],
    ['process.name matches /é(a/', 'regex at «(»: this group is not closed'],
    [
      'process.name matches cased:/a/i',
      'regex at «/a/i»: cased: and the flag i exclude each other (leave one of them out)',
    ],
  ])('says what is wrong with %s', (text, fault) => {
    const faults = faultsOf(text);
    expect(faults).toHaveLength(1);
    // What the engine says about a regex is the engine's to word.
    expect(faults[0]!.startsWith('regex at «(»') ? 'regex at «(»: this group is not closed' : faults[0]).toBe(fault);
  });

  it('names every field that is not known', () => {
    expect(faultsOf('a.b == "x" or c == 7').map((fault) => fault.split(':')[0])).toEqual([
      'unknown-field at «a.b»',
      'unknown-field at «c»',
    ]);
  });

  it('stays within its bounds', () => {
    expect(faultsOf(`${'('.repeat(5_000)}process.name == "a"`)).toEqual([
      'syntax at «(»: parentheses or `not` go deeper than 100',
    ]);
    expect(faultsOf(' '.repeat(70_000))[0]).toMatch(/^limit at «»: a filter of 70000 characters/);
    expect(faultsOf('process.name matches /(a{100}){200}/')[0]).toMatch(/^regex at/);
  });
});
