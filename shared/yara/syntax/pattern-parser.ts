/**
 * One entry of the strings section: `$a = "…"`, `{…}` or `/…/`, with its modifiers. What modifiers allow each other, and
 * what fits which kind of pattern, is settled here; whether a name is used twice is not.
 */
import type { Base64Modifier, Modifier, Pattern, PatternIdentifier, PatternModifiers, XorModifier } from './ast.ts';
import type { Span } from './diagnostic.ts';
import type { HexNode } from './hex-ast.ts';
import { parseHex } from './hex-parser.ts';
import { takeInteger, takePlainText, takeText } from './literals.ts';
import type { ParseContext } from './parse-context.ts';
import { parseRegex } from './regex-parser.ts';
import { T, type TokenKind } from './tokens.ts';

/** Shorter texts have no whole base64 character of their own. */
const MIN_BASE64_TEXT = 3;
const ALPHABET_LENGTH = 64;
const BACKSLASH = 0x5c;
/** `=` */
const PADDING = 0x3d;

type ModifierName = keyof PatternModifiers;
type Modifiers = { -readonly [Key in ModifierName]?: NonNullable<PatternModifiers[Key]> };

/** The lexer stands on the identifier, and then on what follows the modifiers. */
export function parsePattern(context: ParseContext): Pattern {
  const { lexer } = context;
  const identifier: PatternIdentifier = { span: context.span(), name: lexer.name() };
  lexer.next();
  context.expect(T.assign);
  switch (lexer.kind) {
    case T.text:
      return textPattern(context, identifier);
    case T.regex:
      return regexPattern(context, identifier);
    case T.braceOpen:
      return hexPattern(context, identifier);
    default:
      return context.unexpected('a text, a regular expression or `{`');
  }
}

function textPattern(context: ParseContext, identifier: PatternIdentifier): Pattern {
  const { bytes, span: valueSpan } = takeText(context);
  const { modifiers, end } = takeModifiers(context, valueSpan.end);
  refuseCombinations(context, modifiers);
  if (bytes.length === 0 && isEmptyText(valueSpan)) {
    context.error('E024', valueSpan, `pattern ${identifier.name}: an empty text is nothing to search for`);
  } else if (
    bytes.length > 0 &&
    bytes.length < MIN_BASE64_TEXT &&
    (modifiers.base64 ?? modifiers.base64wide) !== undefined
  ) {
    const name = modifiers.base64 === undefined ? 'base64wide' : 'base64';
    const message = `pattern ${identifier.name}: a text with ${name} has at least ${MIN_BASE64_TEXT} bytes`;
    context.error('E024', valueSpan, message);
  }
  return { kind: 'text', span: { start: identifier.span.start, end }, identifier, bytes, valueSpan, modifiers };
}

/** Two quotes or six and nothing between them; a text of faulty escapes is empty too, but was blamed already. */
function isEmptyText({ start, end }: Span): boolean {
  return end - start === 2 || end - start === 6;
}

function hexPattern(context: ParseContext, identifier: PatternIdentifier): Pattern {
  const { root, span: valueSpan } = parseHex(context, identifier.name);
  const { modifiers, end } = takeModifiers(context, valueSpan.end);
  refuseModifiers(context, modifiers, 'a hex pattern', (name) => name !== 'private');
  if (isPlainText(root)) {
    context.warning(
      'text_as_hex',
      valueSpan,
      `pattern ${identifier.name} is plain text`,
      `write ${quoted(root.values)}`,
    );
  }
  return { kind: 'hex', span: { start: identifier.span.start, end }, identifier, root, valueSpan, modifiers };
}

function regexPattern(context: ParseContext, identifier: PatternIdentifier): Pattern {
  const valueSpan = context.span();
  context.lexer.next();
  // What a class holds depends on case, so `nocase` must be known first.
  const { modifiers, end } = takeModifiers(context, valueSpan.end);
  refuseModifiers(context, modifiers, 'a regular expression', (name) => name === 'xor' || name.startsWith('base64'));
  const nocase = modifiers.nocase !== undefined;
  const regex = parseRegex(context, valueSpan, { isPattern: true, nocase });
  if (modifiers.nocase !== undefined && regex.ignoreCase) {
    context.warning('redundant_modifier', modifiers.nocase.span, 'the flag i says the same', 'remove one of them');
  }
  return { kind: 'regex', span: { start: identifier.span.start, end }, identifier, regex, valueSpan, modifiers };
}

function takeModifiers(context: ParseContext, endBefore: number): { modifiers: Modifiers; end: number } {
  const { lexer } = context;
  const modifiers: Modifiers = {};
  let end = endBefore;
  for (;;) {
    const name = MODIFIER_NAMES.get(lexer.kind);
    if (name === undefined) return { modifiers, end };
    const modifier = takeModifier(context, name);
    end = modifier.span.end;
    const earlier = modifiers[name];
    if (earlier === undefined) {
      (modifiers as Record<ModifierName, Modifier>)[name] = modifier;
    } else {
      const label = { span: earlier.span, message: 'it stands here first' };
      context.error('E020', modifier.span, `modifier ${name} stands here twice`, 'remove one of them', [label]);
    }
  }
}

function takeModifier(context: ParseContext, name: ModifierName): Modifier {
  const span = context.span();
  context.lexer.next();
  if (name === 'xor') return xorModifier(context, span);
  if (name === 'base64' || name === 'base64wide') return base64Modifier(context, span);
  return { span };
}

/** `xor`, `xor(5)`, `xor(1-255)` */
function xorModifier(context: ParseContext, name: Span): XorModifier {
  const { lexer } = context;
  if (!context.accept(T.parenOpen)) return { span: name, min: 0, max: 255 };
  const min = Number(takeKey(context));
  const max = context.accept(T.minus) ? Number(takeKey(context)) : min;
  const span = { start: name.start, end: lexer.end };
  context.expect(T.parenClose);
  if (min <= max) return { span, min, max };
  context.error('E011', span, `the range of keys ${min}-${max} ends before it starts`, `write xor(${max}-${min})`);
  return { span, min: max, max: min };
}

function takeKey(context: ParseContext): bigint {
  if (!context.lexer.is(T.integer)) context.unexpected('an integer', 'a key is 0 to 255');
  return takeInteger(context, 255n).value;
}

/** `base64`, `base64("…")` */
function base64Modifier(context: ParseContext, name: Span): Base64Modifier {
  const { lexer } = context;
  if (!context.accept(T.parenOpen)) return { span: name, alphabet: undefined };
  if (!lexer.is(T.text)) context.unexpected('a text', 'an alphabet has 64 characters');
  const { bytes: alphabet, span: alphabetSpan } = takePlainText(context);
  const span = { start: name.start, end: lexer.end };
  context.expect(T.parenClose);
  if (alphabet.includes(BACKSLASH)) return { span, alphabet };
  if (alphabet.length !== ALPHABET_LENGTH) {
    const message = `a base64 alphabet has ${ALPHABET_LENGTH} bytes, this one ${alphabet.length}`;
    context.error('E026', alphabetSpan, message);
  } else if (!alphabet.every((byte) => byte >= 0x20 && byte <= 0x7e && byte !== PADDING)) {
    context.error('E026', alphabetSpan, 'a base64 alphabet is of printable ASCII characters other than =');
  } else if (new Set(alphabet).size !== ALPHABET_LENGTH) {
    context.error('E026', alphabetSpan, 'the bytes of a base64 alphabet are all different');
  }
  return { span, alphabet };
}

function refuseCombinations(context: ParseContext, modifiers: Modifiers): void {
  for (const [first, second] of EXCLUSIVE) {
    const one = modifiers[first];
    const other = modifiers[second];
    if (one === undefined || other === undefined) continue;
    const [earlier, later] = one.span.start < other.span.start ? [one, other] : [other, one];
    const label = { span: earlier.span, message: 'the other stands here' };
    context.error('E019', later.span, `${first} and ${second} cannot stand together`, 'remove one of them', [label]);
  }
}

function refuseModifiers(
  context: ParseContext,
  modifiers: Modifiers,
  kind: string,
  isRefused: (name: ModifierName) => boolean,
): void {
  for (const [name, modifier] of Object.entries(modifiers) as [ModifierName, Modifier][]) {
    if (isRefused(name)) context.error('E033', modifier.span, `${name} cannot stand with ${kind}`, 'remove it');
  }
}

function isPlainText(root: HexNode): root is HexNode & { readonly kind: 'bytes' } {
  if (root.kind !== 'bytes') return false;
  const { values, masks } = root;
  for (let index = 0; index < values.length; index++) {
    if (masks[index] !== 0xff || !isPrintable(values[index]!)) return false;
  }
  return true;
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x20 && byte <= 0x7e) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** Long ones are cut: the hint shows how, it is not for pasting. */
const MAX_QUOTED = 60;

function quoted(values: Uint8Array): string {
  let text = '';
  for (const byte of values.subarray(0, MAX_QUOTED)) text += QUOTED.get(byte) ?? String.fromCharCode(byte);
  return `"${text}${values.length > MAX_QUOTED ? '…' : ''}"`;
}

const QUOTED: ReadonlyMap<number, string> = new Map([
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
]);

const MODIFIER_NAMES: ReadonlyMap<TokenKind, ModifierName> = new Map([
  [T.ascii, 'ascii'],
  [T.wide, 'wide'],
  [T.nocase, 'nocase'],
  [T.fullword, 'fullword'],
  [T.private, 'private'],
  [T.xor, 'xor'],
  [T.base64, 'base64'],
  [T.base64wide, 'base64wide'],
] as const);

const EXCLUSIVE = [
  ['xor', 'nocase'],
  ['base64', 'nocase'],
  ['base64', 'fullword'],
  ['base64', 'xor'],
  ['base64wide', 'nocase'],
  ['base64wide', 'fullword'],
  ['base64wide', 'xor'],
] as const;
