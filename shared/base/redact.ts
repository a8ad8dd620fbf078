/**
 * Takes secrets out of text that a person will read: SAS queries and signatures, account keys, bearer tokens. It errs on
 * the side of hiding too much. What was hidden reads `[redacted]`, so that nobody takes the rest for the whole.
 */

const HIDDEN = '[redacted]';

/** Each pattern looks at a character a bounded number of times, however the text was made. */
const secrets: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // Parts of connection strings.
  [
    /\b(AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd|ClientSecret)(\s*=\s*)[^;\s"']+/gi,
    `$1$2${HIDDEN}`,
  ],
  // A signature outside a URL, plain or percent-encoded as in a URL inside a URL.
  [/(\b|%3F|%26)(sig|signature|access_token|client_secret)(=|%3D)[^&;\s"']+/gi, `$1$2$3${HIDDEN}`],
  [/\b(Bearer|SharedKey|SharedKeyLite|SharedAccessSignature)(\s+)[A-Za-z0-9._~+/:=&%-]+/gi, `$1$2${HIDDEN}`],
  // A JSON web token on its own.
  [/(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, HIDDEN],
  // An account key on its own: 64 bytes in base64.
  [/(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==/g, HIDDEN],
];

/** The text without what looks like a secret. O(length); never throws. */
export function redact(text: string): string {
  let result = text.replace(/\bhttps?:\/\/[^\s"'<>]*/gi, redactUrl);
  for (const [pattern, replacement] of secrets) result = result.replace(pattern, replacement);
  return result;
}

/** A URL's query or fragment goes as a whole: a SAS is spread over a dozen parameters, and other queries carry codes. */
function redactUrl(url: string): string {
  const end = url.search(/[?#]/);
  const place = end < 0 ? url : url.slice(0, end);
  const host = place.indexOf('//') + 2;
  const slash = place.indexOf('/', host);
  const at = place.slice(0, slash < 0 ? undefined : slash).lastIndexOf('@');
  const withoutUser = at < 0 ? place : `${place.slice(0, host)}${HIDDEN}${place.slice(at)}`;
  return end < 0 ? withoutUser : `${withoutUser}?${HIDDEN}`;
}

/** Whether `redact` would hide a part of this text. */
export function holdsSecret(text: string): boolean {
  return redact(text) !== text;
}

/**
 * The text fit for one line of a message: at most `limit` characters (an ellipsis tells of a cut), redacted, without
 * control characters, line separators or direction marks that could make a line look like another one.
 */
export function printable(text: string, limit: number): string {
  // Redacted before it is cut, or a cut signature might no longer look like one; cut coarsely first to bound the work.
  const redacted = redact(text.length > limit * 4 + 4_096 ? text.slice(0, limit * 4 + 4_096) : text);
  const plain = redacted.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, escapeCharacter);
  if (plain.length <= limit) return plain;
  return `${plain.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function escapeCharacter(character: string): string {
  const named: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  return named[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
