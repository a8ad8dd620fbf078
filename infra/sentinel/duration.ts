/**
 * Durations in the two ways that rules write them: short (`5m`, `12h`, `1d`) and ISO 8601 (`PT5M`, `P1DT12H`). Whole
 * numbers of days, hours and minutes only; the service knows no finer ones.
 */

const short = /^(\d{1,5})([mhd])$/;
const iso = /^P(?!$)(?:(\d{1,5})D)?(?:T(?=\d)(?:(\d{1,5})H)?(?:(\d{1,5})M)?)?$/;

/** Seconds; undefined where the text is no such duration. */
export function parseDuration(text: string): number | undefined {
  const shortParts = short.exec(text);
  if (shortParts !== null)
    return Number(shortParts[1]) * { m: 60, h: 3_600, d: 86_400 }[shortParts[2] as 'm' | 'h' | 'd'];
  const isoParts = iso.exec(text);
  if (isoParts === null) return undefined;
  const [days = 0, hours = 0, minutes = 0] = isoParts.slice(1).map((part: string | undefined) => Number(part ?? 0));
  return days * 86_400 + hours * 3_600 + minutes * 60;
}

/** ISO 8601, in the largest whole units: `PT5M`, `PT5H`, `P1D`, `P1DT12H`. `seconds` is a positive number of whole minutes. */
export function formatDuration(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  const time = `${hours > 0 ? `${hours}H` : ''}${minutes > 0 ? `${minutes}M` : ''}`;
  return `P${days > 0 ? `${days}D` : ''}${time === '' ? '' : `T${time}`}`;
}
