/**
 * Times of certificates, in seconds since 1970: `YYMMDDhhmm[ss]` with `Z` or an offset to it, and `YYYYMMDDhhmm[ss][.f]Z`.
 * Undefined where a text is no time, or the day does not exist. Source: X.680, 46 and 47; X.690, 11.7.
 */
export function utcTime(content: Uint8Array): number | undefined {
  const match = UTC.exec(latin1(content));
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = numbersOf(match.slice(1, 7));
  const full = year! >= 50 ? 1900 + year! : 2000 + year!;
  const time = seconds(full, month!, day!, hour!, minute!, second!);
  const [sign, hours, minutes] = match.slice(7);
  if (time === undefined || sign === undefined) return time;
  if (Number(hours) > 12 || Number(minutes) > 59) return undefined;
  const offset = Number(hours) * 3600 + Number(minutes) * 60;
  return sign === '+' ? time - offset : time + offset;
}

export function generalizedTime(content: Uint8Array): number | undefined {
  const match = GENERALIZED.exec(latin1(content));
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = numbersOf(match.slice(1));
  return seconds(year!, month!, day!, hour!, minute!, second!);
}

const UTC = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:Z|([+-])(\d\d)(\d\d))$/;
const GENERALIZED = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:\.\d+)?Z$/;

function seconds(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
}

/** What is not there is zero. */
function numbersOf(texts: readonly (string | undefined)[]): number[] {
  return texts.map((digits) => Number(digits ?? 0));
}

function latin1(content: Uint8Array): string {
  return Array.from(content, (byte) => String.fromCharCode(byte)).join('');
}
