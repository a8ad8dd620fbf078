/**
 * Exclusions as the service loads them: one JSON text beside the compiled rules, with what decides and nothing that is only for
 * people. Filters stay as text, which is parsed when it is loaded: a few microseconds each.
 *
 *     { "version": 1, "exclusions": [ { "id", "title", "rules", "owner"?, "expiry"?, "trustClaims",
 *                                       "filter" | "excludeWhen" | "sha256": … } ] }
 */
import { z } from 'zod';
import type { Decision, Exclusion } from './exclusion-file.ts';
import { parseFilter } from './parser.ts';

const VERSION = 1;

const compiled = z.strictObject({
  version: z.literal(VERSION),
  exclusions: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      rules: z.array(z.string()),
      owner: z.string().optional(),
      expiry: z.iso.date().optional(),
      trustClaims: z.boolean(),
      filter: z.string().optional(),
      excludeWhen: z.string().optional(),
      sha256: z.array(z.string()).optional(),
    }),
  ),
});

type CompiledExclusion = z.infer<typeof compiled>['exclusions'][number];

/** The same exclusions give the same text, whatever their order. */
export function encodeExclusions(exclusions: readonly Exclusion[]): string {
  const sorted = [...exclusions].sort((a, b) => (a.id < b.id ? -1 : 1));
  return `${JSON.stringify({ version: VERSION, exclusions: sorted.map(encode) }, null, 1)}\n`;
}

/** Throws an `Error` that says what is wrong with the text. */
export function decodeExclusions(text: string): Exclusion[] {
  const parsed = compiled.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data.exclusions.map(decode);
  const [issue] = parsed.error.issues;
  throw new Error(`${issue!.path.join('.')}: ${issue!.message}`);
}

function encode({ id, title, rules, owner, expiry, trustClaims, decision }: Exclusion): CompiledExclusion {
  const decided =
    decision.kind === 'sha256' ? { sha256: [...decision.hashes].sort() } : { [decision.kind]: decision.text };
  return { id, title, rules, owner, expiry, trustClaims, ...decided };
}

function decode(entry: CompiledExclusion): Exclusion {
  const { id, title, rules, owner, expiry, trustClaims } = entry;
  return { id, title, rules, owner, expiry, trustClaims, decision: decisionOf(entry) };
}

function decisionOf({ id, filter, excludeWhen, sha256 }: CompiledExclusion): Decision {
  if (sha256 !== undefined) return { kind: 'sha256', hashes: new Set(sha256) };
  const kind = filter === undefined ? 'excludeWhen' : 'filter';
  const text = filter ?? excludeWhen ?? '';
  const parsed = parseFilter(text);
  if (parsed.filter === undefined) throw new Error(`exclusion ${id}: ${parsed.faults[0]!.message}`);
  return { kind, text, filter: parsed.filter };
}
