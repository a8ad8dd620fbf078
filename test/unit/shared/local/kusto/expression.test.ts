/** What expressions are worth. Expected values: the Kusto documentation of each function and operator. */
import { describe, expect, it } from 'vitest';
import { runQuery } from '../../../../../shared/local/kusto/run-query.ts';

const now = new Date('2026-11-24T10:00:00Z');

function valueOf(expression: string): unknown {
  return runQuery(`print value = ${expression}`, { tables: [] }, now).rows[0]!['value'];
}

type Case = readonly [expression: string, value: unknown];

const cases: Readonly<Record<string, readonly Case[]>> = {
  literals: [
    ['1', 1],
    ['-1', -1],
    ['1.5', 1.5],
    ['true', true],
    ['"a\\nb"', 'a\nb'],
    [String.raw`@"\d"`, String.raw`\d`],
    ['long(null)', null],
    ['int(5)', 5],
    ['real(2)', 2],
    ['bool(null)', null],
    ['datetime(2026-11-24)', '2026-11-24T00:00:00.0000000Z'],
    ['datetime(2026-11-24T10:11:12.1234567Z)', '2026-11-24T10:11:12.1234567Z'],
    ['5m', '00:05:00'],
    ['1.5h', '01:30:00'],
    ['time(1.02:03:04)', '1.02:03:04'],
    ['dynamic({"a": [1, 2.5, null, true, "x"]})', { a: [1, 2.5, null, true, 'x'] }],
  ],
  'logic with null': [
    ['1 == long(null)', false],
    ['1 != long(null)', true],
    ['long(null) == long(null)', null],
    ['long(null) != long(null)', null],
    ['1 > long(null)', null],
    ['bool(null) and false', false],
    ['bool(null) and true', null],
    ['bool(null) or true', true],
    ['bool(null) or false', null],
    ['not(bool(null))', null],
    ['isnull(long(null))', true],
    ['isnotnull(1)', true],
    ['isempty("")', true],
    ['isnotempty("a")', true],
    ['isempty(long(null))', true],
    ['coalesce(long(null), 2, 3)', 2],
    ['coalesce("", "b")', 'b'],
    ['iff(bool(null), 1, 2)', 2],
    ['iff(true, 1, 2)', 1],
    ['case(1 > 2, "a", 2 > 1, "b", "c")', 'b'],
    ['case(1 > 2, "a", "c")', 'c'],
  ],
  'operators on text': [
    ['"Abc" == "abc"', false],
    ['"Abc" =~ "abc"', true],
    ['"Abc" !~ "abc"', false],
    ['"Abc" != "abc"', true],
    ['"Abc" in ("abc", "x")', false],
    ['"Abc" in~ ("abc", "x")', true],
    ['"Abc" !in ("abc")', true],
    ['"Abc" !in~ ("abc")', false],
    ['"b" in (dynamic(["a", "b"]))', true],
    ['"North America" has "america"', true],
    ['"North America" has "amer"', false],
    ['"North America" has_cs "america"', false],
    ['"North America" !has "amer"', true],
    ['"at 30.40.50.60:9342, udp" has "30.40.50.60:9342"', true],
    ['"at 130.40.50.60:9342" has "30.40.50.60:9342"', false],
    ['"North America" hasprefix "amer"', true],
    ['"North America" hassuffix "rica"', true],
    ['"North America" has_any ("x", "north")', true],
    ['"North America" has_all ("america", "north")', true],
    ['"North America" has_all ("america", "south")', false],
    ['"FabriKam" contains "bRik"', true],
    ['"FabriKam" contains_cs "bRik"', false],
    ['"FabriKam" !contains "bRik"', false],
    ['"Fabrikam" startswith "fab"', true],
    ['"Fabrikam" startswith_cs "fab"', false],
    ['"Fabrikam" !startswith "fab"', false],
    ['"Fabrikam" endswith "KAM"', true],
    ['"Fabrikam" endswith_cs "KAM"', false],
    [String.raw`"a1" matches regex @"^[a-z]\d$"`, true],
    [String.raw`"A1" matches regex @"(?i)^[a-z]\d$"`, true],
    [String.raw`"A1" matches regex @"^[a-z]\d$"`, false],
  ],
  numbers: [
    ['7 / 2', 3],
    ['-7 / 2', -3],
    ['7 / 2.0', 3.5],
    ['1 / 0', null],
    ['7 % 3', 1],
    ['2 * 3 + 1', 7],
    ['1 + long(null)', null],
    ['5 between (1 .. 5)', true],
    ['6 !between (1 .. 5)', true],
    ['bin(7, 5)', 5],
    ['bin(-1, 5)', -5],
    ['abs(-3)', 3],
    ['round(2.567, 2)', 2.57],
    ['max_of(1, 3, 2)', 3],
    ['min_of(3, 1, 2)', 1],
    ['tolong("12")', 12],
    ['tolong("1.5")', null],
    ['tolong("x")', null],
    ['toint("7")', 7],
    ['toreal("1.5")', 1.5],
    ['todouble("x")', null],
    ['tobool("true")', true],
  ],
  times: [
    ['now()', '2026-11-24T10:00:00.0000000Z'],
    ['now(-1h)', '2026-11-24T09:00:00.0000000Z'],
    ['ago(1d)', '2026-11-23T10:00:00.0000000Z'],
    ['now() - datetime(2026-11-23 09:59:59)', '1.00:00:01'],
    ['datetime(2026-11-24) + 2 * 1h', '2026-11-24T02:00:00.0000000Z'],
    ['1h - 2h', '-01:00:00'],
    ['1h / 4', '00:15:00'],
    ['1h / 15m', 4],
    ['now() > ago(1m)', true],
    ['now() between (ago(1h) .. 2h)', true],
    ['now() between (ago(2h) .. 1h)', false],
    ['bin(datetime(2026-11-24 10:17), 15m)', '2026-11-24T10:15:00.0000000Z'],
    ['bin(datetime(2026-11-24 10:17), 7d)', '2026-11-23T00:00:00.0000000Z'],
    ['bin(100m, 1h)', '01:00:00'],
    ['startofday(datetime(2026-11-24 10:17))', '2026-11-24T00:00:00.0000000Z'],
    ['todatetime("2026-11-24T12:00:00+02:00")', '2026-11-24T10:00:00.0000000Z'],
    ['todatetime("2026-02-30")', null],
    ['totimespan("00:01:00")', '00:01:00'],
    ['datetime_diff("day", datetime(2026-11-24), datetime(2026-11-22 23:00))', 2],
    ['datetime_diff("minute", datetime(2026-11-24 00:00:59), datetime(2026-11-24))', 0],
    ['datetime_diff("second", datetime(2026-11-24), datetime(2026-11-24 00:00:05))', -5],
    ['format_datetime(datetime(2026-11-24 09:08:07), "yyyy-MM-dd HH:mm:ss")', '2026-11-24 09:08:07'],
  ],
  text: [
    ['strcat("a", 1, true)', 'a1true'],
    ['strcat("a", long(null), "b")', 'ab'],
    ['tolower("ÄB")', 'äb'],
    ['toupper("ab")', 'AB'],
    ['strlen("a😀")', 2],
    ['substring("abcdefg", 1, 2)', 'bc'],
    ['substring("abcdefg", 5)', 'fg'],
    ['substring("abcdefg", -3, 2)', 'ef'],
    ['split("a_b__c", "_")', ['a', 'b', '', 'c']],
    ['split("a_b_c", "_", 1)', ['b']],
    ['tostring(split("a/b", "/")[-1])', 'b'],
    [`trim('"', '"0x8D"')`, '0x8D'],
    [String.raw`trim(@"[^\w]+", "--x y--")`, 'x y'],
    ['trim_start("a", "aab")', 'ab'],
    ['trim_end("b", "abb")', 'ab'],
    ['replace_string("a.b.c", ".", "-")', 'a-b-c'],
    ['indexof("abc", "c")', 2],
    ['indexof("abc", "x")', -1],
    [String.raw`extract(@"(\d+):(\d+)", 2, "at 12:34")`, '34'],
    [String.raw`extract(@"(\d+)", 1, "none")`, ''],
    [String.raw`extract(@"(?s)^(.*/)[^/]+$", 1, "a/b` + String.raw`\nc/d")`, 'a/b\nc/'],
    ['strcat_array(dynamic(["a", 1, "b"]), "->")', 'a->1->b'],
    ['tostring(real(2))', '2.0'],
    ['tostring(dynamic({"a": [1]}))', '{"a":[1]}'],
    ['tostring(datetime(2026-11-24))', '2026-11-24T00:00:00.0000000Z'],
    ['tostring(dynamic("x"))', 'x'],
    ['tostring(dynamic(null))', ''],
    ['tostring(1h)', '01:00:00'],
  ],
  'dynamic values': [
    ['parse_json(\'{"a": {"b-c": [1, 2]}}\').a["b-c"][1]', 2],
    ['parse_json(\'{"a": 1}\').b', null],
    ['parse_json("no json")', 'no json'],
    ['todynamic("[1]")[0]', 1],
    ['dynamic([1, 2, 3])[-1]', 3],
    ['dynamic([1])[5]', null],
    ['bag_pack("a", 1, "b", "x")', { a: 1, b: 'x' }],
    ['pack("a", 1)', { a: 1 }],
    ['pack_array(1, "a")', [1, 'a']],
    ['bag_keys(dynamic({"a": 1, "b": 2}))', ['a', 'b']],
    ['array_length(dynamic([1, 2]))', 2],
    ['array_length(parse_json("{}"))', null],
    ['array_concat(dynamic([1]), dynamic([2, 3]))', [1, 2, 3]],
    ['set_has_element(dynamic(["a"]), "a")', true],
    ['set_has_element(dynamic(["a"]), "b")', false],
    ['gettype(dynamic([1]))', 'array'],
    ['gettype(parse_json("{}"))', 'dictionary'],
    ['gettype("a")', 'string'],
  ],
};

describe.each(Object.entries(cases))('%s', (_, list) => {
  it.each(list)('%s is %j', (expression, value) => {
    expect(valueOf(expression)).toEqual(value);
  });
});

describe('an expression', () => {
  it('that asks for an unknown function is refused by the name of the function', () => {
    expect(() => valueOf('hash_sha256("a")')).toThrow('does not know the function hash_sha256');
  });

  it('with a regular expression that RE2 does not take is refused', () => {
    expect(() => valueOf(String.raw`"a" matches regex @"(?=a)"`)).toThrow('no regular expression of RE2: (?=a)');
    expect(() => valueOf('"a" matches regex "("')).toThrow('no regular expression: (');
  });

  it('that leaves the whole numbers JavaScript has is refused', () => {
    expect(() => valueOf('9007199254740991 + 1')).toThrow('beyond 2^53');
    expect(() => valueOf('9223372036854775807')).toThrow('beyond 2^53');
  });

  it('that does not bind is refused with the service’s complaint', () => {
    expect(() => valueOf('tolower()')).toThrow('KS');
    expect(() => valueOf('nothing')).toThrow(/KS142.*nothing/);
  });
});
