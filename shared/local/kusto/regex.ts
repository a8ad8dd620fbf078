/**
 * Kusto's regular expressions (RE2) as JavaScript's. The two agree on what is used here but for flags and the ends of the
 * text, which are translated; what RE2 does not have is refused as Kusto refuses it.
 */
import { KustoError } from './table.ts';

/** The start of a pattern may set flags: `(?i)`, `(?s)`, `(?is)`. */
const flags = /^\(\?([ims]+)\)/;
const notInRe2 = /\(\?(?:[=!]|<[=!])|\\[1-9]/;

/** Throws `KustoError` for a pattern that is faulty or that RE2 does not take. */
export function toRegExp(pattern: string): RegExp {
  const set = flags.exec(pattern);
  const body = set === null ? pattern : pattern.slice(set[0].length);
  if (notInRe2.test(body.replaceAll('\\\\', ''))) throw new KustoError(`no regular expression of RE2: ${pattern}`);
  const translated = body.replaceAll('(?P<', '(?<').replaceAll('\\A', '^').replaceAll('\\z', '$');
  try {
    return new RegExp(translated, set?.[1] ?? '');
  } catch (error) {
    throw new KustoError(`no regular expression: ${pattern}`, { cause: error });
  }
}
