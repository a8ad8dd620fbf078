/**
 * Every code a diagnostic can bear, with its title. Error numbers are those of YARA-X 1.20 wherever it has one, so that a
 * search for either finds the other; E9xx are ours. Warnings are words, its words where it has one.
 *
 * «syntax» after a code: reported while parsing, from the text of one rule alone. Everything else is the checker's.
 * A code is never renamed and never given another meaning.
 */

export const ERROR_CODES = {
  /** syntax */
  E001: 'syntax error',
  E002: 'wrong type',
  E003: 'types do not fit together',
  E004: 'wrong arguments',
  E005: 'wrong number of variables',
  E006: 'unexpected negative number',
  E007: 'number out of range',
  E008: 'unknown field or method',
  E009: 'unknown identifier',
  E010: 'unknown module',
  /** syntax, for `xor(5-2)`; the checker for ranges in conditions */
  E011: 'invalid range',
  E012: 'duplicate rule',
  E013: 'rule has the name of something else',
  /** syntax */
  E014: 'invalid regular expression',
  /** syntax */
  E015: 'greedy and lazy repeats in one regular expression',
  E016: 'no matching patterns',
  E017: 'entrypoint is not supported',
  /** syntax */
  E019: 'modifiers that exclude each other',
  /** syntax */
  E020: 'duplicate modifier',
  /** syntax */
  E021: 'duplicate tag',
  E022: 'unused pattern',
  E023: 'duplicate pattern',
  /** syntax */
  E024: 'invalid pattern',
  E025: 'unknown pattern',
  /** syntax */
  E026: 'invalid base64 alphabet',
  /** syntax */
  E027: 'invalid integer',
  /** syntax */
  E029: 'invalid escape sequence',
  /** syntax */
  E030: 'invalid flag of a regular expression',
  /** syntax */
  E031: 'unexpected escape sequence',
  /** syntax, for names of modules and paths of includes */
  E032: 'invalid UTF-8',
  /** syntax */
  E033: 'modifier does not fit this kind of pattern',
  E035: 'too many patterns in a rule',
  E036: 'method not allowed here',
  E042: 'included file cannot be read',
  E043: 'included file not found',
  E044: 'include is not allowed',
  /** syntax */
  E045: 'regular expression begins with an arbitrary prefix',
  E046: 'files include each other in a circle',
  E047: 'too many variables',
  E100: 'field or module cannot be used',
  /** syntax, for parts of regexes; the compiler for everything else: read correctly, not yet supported */
  E900: 'not supported by this version of the engine',
  /** syntax: a bound of `limits.ts` was met */
  E901: 'limit exceeded',
} as const;

export const WARNING_CODES = {
  ambiguous_expr: 'ambiguous expression',
  bool_int_comparison: 'comparison of a boolean with an integer',
  /** libyara's reading: a boolean stands for 0 or 1 */
  bool_as_int: 'boolean used as an integer',
  /** constant arithmetic that leaves 64 bits; it saturates */
  constant_overflow: 'constant is out of range',
  /** syntax */
  consecutive_jumps: 'jumps one after the other',
  /** a counted repeat that may meet `limits.stepsPerByte` */
  dense_repeat: 'repeat may take too many steps',
  deprecated_field: 'deprecated field',
  duplicate_import: 'duplicate import',
  duplicate_pattern_value: 'two patterns with the same value',
  /** libyara's reading: undefined in what is neither PE nor ELF */
  entrypoint: 'entrypoint is deprecated',
  global_rule_misuse: 'global rule used in a condition',
  ignored_rule: 'rule is ignored',
  invariant_expr: 'expression has always the same value',
  non_bool_expr: 'number or text used as a boolean',
  potentially_slow_loop: 'loop may be slow',
  /** syntax: `nocase` on a regex with the flag `i` */
  redundant_modifier: 'redundant modifier',
  /** syntax, libyara's reading: only matches that are not empty are reported */
  regex_matches_empty: 'regular expression can match the empty text',
  /** syntax: `[a&&b]`, `[a--b]`, `[a~~b]`, `[a[b]]` are set operations, and were characters in libyara */
  regex_class_set: 'set operation in a class',
  /** syntax, libyara's reading: `\R`, `a{b`, `[[a]` */
  regex_literal: 'character taken literally',
  /** libyara's reading of `1 of (a*)` */
  rule_wildcard: 'wildcard over rules',
  slow_pattern: 'pattern may be slow',
  /** syntax */
  text_as_hex: 'hex pattern could be a text pattern',
  too_many_iterations: 'loop has very many iterations',
  /** syntax: more warnings than `limits.ts` allows for one source */
  too_many_warnings: 'further warnings are not listed',
  unintended_pattern_in_set: 'set may take in a pattern by accident',
  unsatisfiable_expr: 'expression can never be true',
  unsupported_module: 'unsupported module',
  unused_identifier: 'identifier is never used',
  /** syntax: bytes that are not UTF-8 in a text or regex; they stand for themselves */
  invalid_utf8: 'bytes that are not UTF-8',
  /** a constant `@a[0]`, undefined as in libyara */
  zero_index: 'index 0 is never defined',
} as const;

/** What `parseSource` can report. */
export const SYNTAX_CODES: readonly (ErrorCode | WarningCode)[] = [
  'E001',
  'E011',
  'E014',
  'E015',
  'E019',
  'E020',
  'E021',
  'E024',
  'E026',
  'E027',
  'E029',
  'E030',
  'E031',
  'E032',
  'E033',
  'E045',
  'E900',
  'E901',
  'consecutive_jumps',
  'invalid_utf8',
  'redundant_modifier',
  'regex_class_set',
  'regex_literal',
  'regex_matches_empty',
  'text_as_hex',
  'too_many_warnings',
];

export type ErrorCode = keyof typeof ERROR_CODES;
export type WarningCode = keyof typeof WARNING_CODES;

/** The title of a code of either kind. */
export function titleOf(code: ErrorCode | WarningCode): string {
  return code in ERROR_CODES ? ERROR_CODES[code as ErrorCode] : WARNING_CODES[code as WarningCode];
}
