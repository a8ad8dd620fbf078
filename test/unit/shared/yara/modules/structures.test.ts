/**
 * Structures, arrays and dictionaries of modules, asked of both engines: the reference's test module stands beside ours of
 * the same name. That the list of modules can be extended by one line is what makes this test possible.
 */
import { describe, expect, it, vi } from 'vitest';
import { compileRules, scanBytes, StreamScanner } from '../../../../../shared/yara/index.ts';
import type * as Registry from '../../../../../shared/yara/modules/registry.ts';
import { askOurs, askReference, tryCompile } from '../both-engines.ts';

vi.mock('../../../../../shared/yara/modules/registry.ts', async (original) => {
  const [registry, { testModule }] = await Promise.all([original<typeof Registry>(), import('./test-proto2.ts')]);
  return { ...registry, modules: [...registry.modules, testModule] };
});

const ruleFor = (condition: string): string => `import "test_proto2" rule r { condition: ${condition} }`;

describe('fields', () => {
  it.each([
    'test_proto2.int32_zero == 0',
    'test_proto2.int32_undef == 0',
    'not defined test_proto2.int32_undef',
    'test_proto2.string_foo == "foo"',
    'not defined test_proto2.string_undef',
    'test_proto2.float_undef == 0',
    'test_proto2.bool_yara',
    'test_proto2.bool_yara == test_proto2.bool_yara',
    'test_proto2.file_size == filesize',
    'test_proto2.nested.nested_int32_one == 1',
    'test_proto2.array_int64[1] == 10',
    'test_proto2.array_int64[3] == 10',
    'defined test_proto2.array_int64[3]',
    'test_proto2.array_int64[filesize - 2] == 1',
    'defined test_proto2.array_int64[filesize - 2]',
    'test_proto2.array_int64[0x7fffffffffffffff] == 1',
    'test_proto2.array_float[1] == 10',
    'test_proto2.array_float[1] == 10.0',
    'test_proto2.array_struct[1].nested_bool',
    'test_proto2.array_struct[0].nested_bool',
    'test_proto2.array_struct[5].nested_bool',
    'defined test_proto2.array_struct[5].nested_bool',
    'test_proto2.array_struct[1].nested_array_int64[2] == 100',
    'test_proto2.map_string_int64["one"] == 1',
    'test_proto2.map_string_int64["two"] == 1',
    'defined test_proto2.map_string_int64["two"]',
    'test_proto2.map_int64_int64[100] == 1000',
    'test_proto2.map_int64_int64[-1] == 1000',
    'test_proto2.map_string_struct["foo"].nested_int32_one == 1',
    'test_proto2.map_string_struct["bar"].nested_int32_one == 1',
    'test_proto2.map_string_bool["foo"]',
    'test_proto2.Enumeration.ITEM_1 == 1',
    'test_proto2.Enumeration.ITEM_2 == 0x7fffffffffff',
    'test_proto2.Enumeration.ITEM_3 == -1',
    'test_proto2.INLINE_0x1000 == 0x1000',
    'test_proto2.items.ITEM_4 == 0',
    'test_proto2.array_bool[1] == 1',
    'test_proto2.array_bool[0] == 0',
    '0 == test_proto2.array_bool[0]',
    'test_proto2.array_bool[1] == 2',
    'test_proto2.array_bool[1] == filesize',
    'test_proto2.array_bool[1] == test_proto2.array_bool[1]',
    'any of (test_proto2.bool_yara, filesize == 5)',
    'test_proto2.array_int64.len() == 3',
    'test_proto2.map_string_int64.len() == 1',
    'test_proto2.string_foo.len() == 3',
    'test_proto2.array_struct[5].nested_array_int64.len() == 0',
    'defined test_proto2.array_struct[5].nested_array_int64.len()',
  ])('%s', async (condition) => {
    const bytes = Buffer.from('a');
    expect(await askOurs(ruleFor(condition), bytes)).toEqual(askReference(ruleFor(condition), bytes));
  });
});

describe('functions and methods', () => {
  it.each([
    'test_proto2.add(1, 2) == 3',
    'test_proto2.add(1.0, 2.0) == 3.0',
    'test_proto2.uppercase("foo") == "FOO"',
    'test_proto2.undef_i64() == 1',
    'defined test_proto2.undef_i64()',
    'defined test_proto2.add(test_proto2.undef_i64(), 1)',
    'test_proto2.nested.nested_func()',
    'test_proto2.nested.nested_method()',
    'test_proto2.array_struct[1].nested_method()',
    'test_proto2.array_struct[0].nested_method()',
    'defined test_proto2.array_struct[5].nested_method()',
    'test_proto2.head(1) == "a"',
    'test_proto2.head(1) matches /a/',
    'with f = test_proto2.add : (f(1, 2) == 3)',
    'with f = test_proto2.nested.nested_func : (f())',
  ])('%s', async (condition) => {
    const bytes = Buffer.from('a');
    expect(await askOurs(ruleFor(condition), bytes)).toEqual(askReference(ruleFor(condition), bytes));
  });

  it('a regex is an argument like others', async () => {
    const rules = compileRules([
      { text: ruleFor('test_proto2.fits("foobar", /o+b/) and not test_proto2.fits("foobar", /^o+b/)') },
    ]);
    expect((await scanBytes(rules, new Uint8Array(0))).matches).toHaveLength(1);
  });
});

describe('loops', () => {
  it.each([
    'for any x in test_proto2.array_int64 : (x == 10)',
    'for all x in test_proto2.array_int64 : (x >= 1)',
    'for 2 x in test_proto2.array_int64 : (x > 1)',
    'for all x in test_proto2.array_bool : (x)',
    'for any x in test_proto2.array_bool : (x)',
    'for any x in test_proto2.array_string : (x == "bar")',
    'for any s in test_proto2.array_struct : (s.nested_bool)',
    'for 2 s in test_proto2.array_struct : (s.nested_int32_one == 1)',
    'for any s in test_proto2.array_struct : (for any y in s.nested_array_int64 : (y == 100))',
    'for any s in test_proto2.array_struct : (s.nested_array_int64.len() == 3)',
    'for any x in test_proto2.array_struct[5].nested_array_int64 : (true)',
    'for any k, v in test_proto2.map_string_int64 : (k == "one" and v == 1)',
    'for any k, v in test_proto2.map_string_struct : (k == "foo" and v.nested_int32_one == 1)',
    'for any k, v in test_proto2.map_int64_string : (k == 100 and v == "one thousand")',
    'for all i in (test_proto2.bool_yara, test_proto2.bool_yara) : (i)',
    'for any i in (0..test_proto2.array_int64.len()) : (i == 3)',
    'with s = test_proto2.nested : (s.nested_int32_one == 1)',
    'with a = test_proto2.array_int64 : (a[1] == 10 and a.len() == 3)',
    'with s = test_proto2.array_struct[1] : (s.nested_bool)',
    'with s = test_proto2.array_struct[5] : (s.nested_bool)',
  ])('%s', async (condition) => {
    const bytes = Buffer.from('a');
    expect(await askOurs(ruleFor(condition), bytes)).toEqual(askReference(ruleFor(condition), bytes));
  });

  it.each([
    'not for any x in ARRAY : (true)',
    'defined (for any x in ARRAY : (true))',
    'not for none x in ARRAY : (true)',
    'for any x in ARRAY : (true) or filesize == 1',
    'not (filesize == 1 and for any x in ARRAY : (true))',
    'with a = ARRAY : (not for any x in a : (true))',
    'for (uint8(100)) x in ARRAY : (true)',
  ])('over an array that is undefined: %s', async (condition) => {
    const rule = ruleFor(condition.replace('ARRAY', 'test_proto2.array_struct[5].nested_array_int64'));
    expect(await askOurs(rule, Buffer.from('a'))).toEqual(askReference(rule, Buffer.from('a')));
  });

  it.each(['any', 'all', 'none'])('for %s over an empty array is false, and defined', async (quantifier) => {
    const rule = ruleFor(`not for ${quantifier} x in test_proto2.far(0) : (x == 1)`);
    expect((await askOurs(rule, Uint8Array.of(0))).matches).toEqual(['r']);
  });
});

describe('refused', () => {
  it.each([
    'test_proto2',
    'test_proto2.nested',
    'test_proto2.array_int64',
    'test_proto2.map_string_int64',
    'defined test_proto2.nested',
    'test_proto2.array_int64 contains "a"',
    'test_proto2.array_int64[-1] == 10',
    'test_proto2.array_int64["a"] == 10',
    'test_proto2.array_int64[1.0] == 10',
    'test_proto2.map_string_int64[1] == 1',
    'test_proto2.map_int64_int64["a"] == 1000',
    'test_proto2.string_foo[0] == 1',
    'for any s in test_proto2.array_struct : (s == 1)',
    'for any s in test_proto2.array_struct : (s)',
    'for any k in test_proto2.map_string_int64 : (k == "one")',
    'for any k, v in test_proto2.array_int64 : (true)',
    'for any x in test_proto2.nested : (true)',
    'test_proto2.bool_proto',
    'test_proto2.requires_foo_and_bar == 1',
    'test_proto2.add(1, 2.0) == 3.0',
    'test_proto2.nested_method()',
    'with f = test_proto2.nested.nested_method : (f())',
    'with f = test_proto2.array_int64.len : (f() == 3)',
    'test_proto2.array_bool[1] != 1',
    'test_proto2.array_bool[1] > 0',
    'test_proto2.array_bool[1] + 1 == 1',
    'test_proto2.array_bool[1] == 1.0',
    '-test_proto2.bool_yara == 1',
    'test_proto2.array_struct[0].nested_int32_undef == 0',
    'test_proto2.array_int64.len',
    'test_proto2.array_int64.foo()',
    'test_proto2.array_int64.len(1) == 1',
    'test_proto2.string_foo.length() == 3',
    'test_proto2.nested.len() == 1',
    'uint8(test_proto2.Enumeration.ITEM_3 .. 1) == 1',
  ])('%s', async (condition) => {
    const ours = await askOurs(ruleFor(condition), new Uint8Array(0));
    expect(ours.errors).toEqual(askReference(ruleFor(condition), new Uint8Array(0)).errors);
    expect(ours.errors).toHaveLength(1);
  });

  it('a deprecated field is warned about', () => {
    expect(tryCompile([{ text: ruleFor('test_proto2.old == 1') }]).warnings).toEqual(['deprecated_field']);
  });
});

describe('fields that lie far apart', () => {
  const bytes = new Uint8Array(1_000_000);
  bytes[500_000] = 4;
  [11, 22, 33, 44].forEach((value, index) => (bytes[500_001 + index * 100_000] = value));
  const rule = ruleFor(
    'for any x in test_proto2.far(500000) : (x == 44) and for all x in test_proto2.far(500000) : (x % 11 == 0)',
  );

  it('are fetched one page at a time, and each once', async () => {
    const reads: number[] = [];
    const scanner = new StreamScanner(compileRules([{ text: rule }]), {
      size: bytes.length,
      readAt: (offset, length) => {
        reads.push(offset);
        return Promise.resolve(bytes.slice(offset, offset + length));
      },
    });
    scanner.write(bytes);
    const { matches, stats } = await scanner.end();
    expect(matches.map((match) => match.rule)).toEqual(['r']);
    expect(reads).toEqual([...new Set(reads)]);
    expect(stats.pageReads).toBe(4);
    expect(stats.evaluations).toBeLessThanOrEqual(2);
  });

  it('are undecided where they cannot be fetched', async () => {
    const scanner = new StreamScanner(compileRules([{ text: rule }]), { limits: { retainedBytes: 1000 } });
    scanner.write(bytes);
    const { matches, undecided } = await scanner.end();
    expect(matches).toEqual([]);
    expect(undecided).toMatchObject([{ rule: 'r', reason: 'unseekable' }]);
  });

  it('a condition that waits too often is undecided', async () => {
    const result = await scanBytes(compileRules([{ text: rule }]), bytes, { limits: { pageRounds: 2 } });
    expect(result.undecided).toMatchObject([{ rule: 'r', reason: 'limit:pageRounds' }]);
  });
});
