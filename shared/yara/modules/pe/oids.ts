/**
 * The name of an object identifier, as rules see it in the names of subjects and issuers and as algorithms. What has none in
 * `oid-names.ts` stays in its dotted form.
 */
import { once } from '../structure-value.ts';
import { OID_NAMES } from './oid-names.ts';

/** The name as the reference has it, or else the arcs with dots between. An arc is one of 32 bits there, whatever was written. */
export function oidName(dotted: string): string {
  const arcs = dotted.split('.').map((arc) => String(BigInt.asUintN(32, BigInt(arc))));
  const key = arcs.join('.');
  return names().get(key) ?? key;
}

/** By the dotted form: about a thousand. */
export const names = once((): ReadonlyMap<string, string> => {
  const names = new Map<string, string>();
  let before = '';
  for (const line of OID_NAMES.split('\n')) {
    const words = line.trim().split(' ');
    if (!line.startsWith(' ')) before = words.shift()!;
    for (const word of words) {
      const [arc, name] = word.split(':');
      names.set(`${before}.${arc}`, name!);
    }
  }
  return names;
});
