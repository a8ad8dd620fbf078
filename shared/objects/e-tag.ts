/**
 * ETags in the two forms they have here: without quotes in requests, rows and keys, with quotes in an `If-Match` header.
 * Sources disagree about the quotes (events come with and without them), so whatever arrives is normalised first.
 */

/** The eTag without quotes around it and without a weakness mark. Anything else is left as it is. */
export function normaliseETag(eTag: string): string {
  const text = eTag.trim().replace(/^W\//, '');
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

/** The eTag as `If-Match` wants it. In quotes `*` is a name like any other and matches nothing. */
export function quoteETag(eTag: string): string {
  return `"${normaliseETag(eTag)}"`;
}

/** Whether a header may carry it: visible ASCII without quotes. RFC 9110 §8.8.3. */
export function isETag(eTag: string): boolean {
  return /^[\x21\x23-\x7e]{1,256}$/.test(normaliseETag(eTag));
}
