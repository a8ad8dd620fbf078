/**
 * Is an image sound? A bundle's checksum shows damage, not intent: before an image from outside is used, every index in it
 * is checked against the table it points into, so that nothing later needs to.
 */
import {
  BASE64,
  BASE64_FIELDS,
  DIAGNOSTIC,
  DIAGNOSTIC_FIELDS,
  EXTERNAL,
  EXTERNAL_FIELDS,
  EXTERNAL_TYPE,
  LITERAL,
  LITERAL_FIELDS,
  META,
  META_FIELDS,
  META_TYPE,
  PATTERN,
  PATTERN_FIELDS,
  PATTERN_KINDS,
  RULE,
  RULE_FIELDS,
  SCALAR,
  SCALAR_COUNT,
  stringBytesOf,
  USER,
  USER_FIELDS,
  USER_FLAG,
  type RuleImage,
} from './image.ts';
import { UNLIMITED } from '../compiler/automaton.ts';
import { isRank, isString, isTarget, isWithin, rowsOf } from './bounds.ts';
import { checkCode } from './check-code.ts';
import { checkFilter } from './check-filter.ts';
import { checkPrograms, sizesWithin } from './check-programs.ts';

/** No window is longer than this: the longest literal, and as much before it. */
const MAX_REACH = 1 << 28;

/** What is wrong with it; undefined when it is sound. */
export function checkImage(image: RuleImage): string | undefined {
  return (
    checkStrings(image) ??
    checkShapes(image) ??
    checkRules(image) ??
    checkPatterns(image) ??
    checkLiterals(image) ??
    checkPrograms(image) ??
    checkReaches(image) ??
    checkFilter(image) ??
    checkValues(image) ??
    checkLinks(image) ??
    checkCode(image)
  );
}

function checkStrings({ stringOffsets, stringBytes }: RuleImage): string | undefined {
  return isAscending(stringOffsets, stringBytes.length) ? undefined : 'its table of strings is broken';
}

/** Shapes themselves are looked at where they are used: how large one may be depends on that. */
function checkShapes({ shapeOffsets, shapes, byteSets }: RuleImage): string | undefined {
  const isSound = isAscending(shapeOffsets, shapes.length) && rowsOf(byteSets, 8) >= 0;
  return isSound ? undefined : 'its table of shapes is broken';
}

/** Starts at 0, never descends, ends at `last`. */
function isAscending(starts: Uint32Array, last: number): boolean {
  if (starts.length === 0 || starts[0] !== 0 || starts[starts.length - 1] !== last) return false;
  for (let at = 1; at < starts.length; at++) if (starts[at]! < starts[at - 1]!) return false;
  return true;
}

function checkRules(image: RuleImage): string | undefined {
  const { rules, tags, metas, patterns } = image;
  const count = rowsOf(rules, RULE_FIELDS);
  if (count < 0) return 'its table of rules is broken';
  const patternCount = rowsOf(patterns, PATTERN_FIELDS);
  const metaCount = rowsOf(metas, META_FIELDS);
  for (let row = 0; row < rules.length; row += RULE_FIELDS) {
    const isSound =
      isString(image, rules[row + RULE.name]!) &&
      isString(image, rules[row + RULE.namespace]!) &&
      isWithin(rules[row + RULE.firstTag]!, rules[row + RULE.tagCount]!, tags.length) &&
      isWithin(rules[row + RULE.firstMeta]!, rules[row + RULE.metaCount]!, metaCount) &&
      isWithin(rules[row + RULE.firstPattern]!, rules[row + RULE.patternCount]!, patternCount);
    if (!isSound) return `rule ${row / RULE_FIELDS} of its table is broken`;
  }
  return tags.every((id) => isString(image, id)) ? undefined : 'its table of tags is broken';
}

function checkPatterns(image: RuleImage): string | undefined {
  const { patterns, rules, floats } = image;
  if (rowsOf(patterns, PATTERN_FIELDS) < 0) return 'its table of patterns is broken';
  for (let row = 0; row < patterns.length; row += PATTERN_FIELDS) {
    const anchor = patterns[row + PATTERN.anchor]!;
    const isSound =
      isString(image, patterns[row + PATTERN.identifier]!) &&
      (anchor === -1 || isWithin(anchor, 1, floats.length)) &&
      PATTERN_KINDS[patterns[row + PATTERN.kind]!] !== undefined &&
      isWithin(patterns[row + PATTERN.rule]!, 1, rules.length / RULE_FIELDS);
    if (!isSound) return `pattern ${row / PATTERN_FIELDS} of its table is broken`;
  }
  return undefined;
}

function checkLiterals(image: RuleImage): string | undefined {
  const { literals, literalBytes, literalUsers } = image;
  const userCount = rowsOf(literalUsers, USER_FIELDS);
  if (rowsOf(literals, LITERAL_FIELDS) < 0 || userCount < 0) return 'its table of literals is broken';
  for (let row = 0; row < literals.length; row += LITERAL_FIELDS) {
    const length = literals[row + LITERAL.length]!;
    const mask = literals[row + LITERAL.mask]!;
    const negation = literals[row + LITERAL.negation]!;
    const isSound =
      length > 0 &&
      isWithin(literals[row + LITERAL.value]!, length, literalBytes.length) &&
      (mask === -1 || isWithin(mask, length, literalBytes.length)) &&
      (negation === -1 || (mask !== -1 && isWithin(negation, length, literalBytes.length))) &&
      isWithin(literals[row + LITERAL.firstUser]!, literals[row + LITERAL.userCount]!, userCount);
    if (!isSound) return `literal ${row / LITERAL_FIELDS} of its table is broken`;
  }
  for (let row = 0; row < literalUsers.length; row += USER_FIELDS) {
    const flags = literalUsers[row + USER.flags]!;
    const detail = literalUsers[row + USER.detail]!;
    const isSound =
      isTarget(image, literalUsers[row + USER.target]!) &&
      isRank(literalUsers[row + USER.rank]!) &&
      ((flags & USER_FLAG.xor) === 0 || isWithin(detail, 1, 256)) &&
      ((flags & USER_FLAG.base64) === 0 || isWithin(detail, 1, image.base64Forms.length / BASE64_FIELDS));
    if (!isSound) return 'its table of literals is broken';
  }
  return checkBase64(image);
}

function checkBase64(image: RuleImage): string | undefined {
  const { base64Forms } = image;
  if (rowsOf(base64Forms, BASE64_FIELDS) < 0) return 'its table of base64 texts is broken';
  for (let row = 0; row < base64Forms.length; row += BASE64_FIELDS) {
    const alphabet = base64Forms[row + BASE64.alphabet]!;
    const unit = base64Forms[row + BASE64.unit]!;
    const isSound =
      isString(image, base64Forms[row + BASE64.plain]!) &&
      isString(image, alphabet) &&
      stringBytesOf(image, alphabet).length === 64 &&
      isWithin(base64Forms[row + BASE64.padding]!, 1, 3) &&
      (unit === 1 || unit === 2);
    if (!isSound) return 'its table of base64 texts is broken';
  }
  return undefined;
}

function checkReaches({ scalars }: RuleImage): string | undefined {
  if (scalars.length !== SCALAR_COUNT) return 'its scalars are broken';
  const left = scalars[SCALAR.leftReach]!;
  const right = scalars[SCALAR.rightReach]!;
  if (left < 0 || left > MAX_REACH || right < 1 || right > MAX_REACH) return 'its window has no possible size';
  return undefined;
}

/** What code names in modules, and its regexes. */
function checkLinks(image: RuleImage): string | undefined {
  const { links, regexes } = image;
  if (!links.every((id) => isString(image, id))) return 'its table of links is broken';
  const sizes = sizesWithin(image, UNLIMITED);
  return regexes.every((shape) => sizes(shape) !== undefined) ? undefined : 'its table of regexes is broken';
}

function checkValues(image: RuleImage): string | undefined {
  const { metas, externals, integers, floats, diagnostics } = image;
  const isValue = (type: number, value: number): boolean => {
    switch (type) {
      case META_TYPE.text:
      case META_TYPE.bytes:
        return isString(image, value);
      case META_TYPE.integer:
        return isWithin(value, 1, integers.length);
      case META_TYPE.float:
        return isWithin(value, 1, floats.length);
      case META_TYPE.boolean:
        return value === 0 || value === 1;
      default:
        return false;
    }
  };
  for (let row = 0; row < metas.length; row += META_FIELDS) {
    if (!isString(image, metas[row + META.name]!) || !isValue(metas[row + META.type]!, metas[row + META.value]!)) {
      return 'its table of meta entries is broken';
    }
  }
  if (rowsOf(externals, EXTERNAL_FIELDS) < 0) return 'its table of externals is broken';
  for (let row = 0; row < externals.length; row += EXTERNAL_FIELDS) {
    const type = externals[row + EXTERNAL.type]!;
    const isKnown = Object.values<number>(EXTERNAL_TYPE).includes(type);
    if (
      !isKnown ||
      !isString(image, externals[row + EXTERNAL.name]!) ||
      !isValue(type, externals[row + EXTERNAL.value]!)
    ) {
      return 'its table of externals is broken';
    }
  }
  if (rowsOf(diagnostics, DIAGNOSTIC_FIELDS) < 0) return 'its table of diagnostics is broken';
  for (let row = 0; row < diagnostics.length; row += DIAGNOSTIC_FIELDS) {
    if (!isString(image, diagnostics[row + DIAGNOSTIC.text]!)) return 'its table of diagnostics is broken';
  }
  return undefined;
}
