/**
 * `policies.yaml`, and the same as the service loads it. In go the words of people (`10GB`, `30d`, one value or several), out
 * come `Policy` values; what is wrong is told at its place.
 */
import { z } from 'zod';
import type { Remark } from '../exclusions/remark.ts';
import { readYaml } from '../exclusions/yaml-file.ts';
import type { Policy, PolicyAction } from './policies.ts';

const MAX_POLICIES = 1_000;
const MAX_VALUES = 1_000;

const units: Readonly<Record<string, number>> = { '': 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };
const timesInMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

const text = z.string().min(1).max(1_024);

/** One value, or a list of them. */
function oneOrMore<T extends z.ZodType>(value: T) {
  return z
    .union([value, z.array(value).min(1).max(MAX_VALUES)])
    .transform((given) => (Array.isArray(given) ? given : [given]) as z.output<T>[]);
}

function quantity(pattern: RegExp, factors: Readonly<Record<string, number>>, form: string) {
  return z.union([z.string(), z.int()]).transform((given, context) => {
    const parts = pattern.exec(String(given));
    const value = parts === null ? NaN : Number(parts[1]) * factors[parts[2]!]!;
    if (Number.isSafeInteger(value)) return value;
    context.addIssue({ code: 'custom', message: `"${String(given).slice(0, 40)}" is not ${form}` });
    return z.NEVER;
  });
}

function range(value: ReturnType<typeof quantity>) {
  return z
    .strictObject({ over: value.optional(), under: value.optional() })
    .refine(({ over, under }) => over !== undefined || under !== undefined, { error: 'needs over, under, or both' })
    .refine(({ over = -1, under = Infinity }) => over < under, { error: 'holds for nothing: over is not below under' });
}

const conditions = z
  .strictObject({
    account: oneOrMore(z.string().regex(/^[a-z0-9]{3,24}$/, 'must be the name of a storage account')).optional(),
    container: oneOrMore(
      z.string().regex(/^(\$?[a-z0-9-]{1,63}\*?|\*)$/, 'must be the name of a container, perhaps with * at its end'),
    ).optional(),
    prefix: oneOrMore(text).optional(),
    suffix: oneOrMore(text).optional(),
    size: range(quantity(/^(\d{1,15})(|KB|MB|GB|TB)$/, units, 'a size such as 4096, 10MB or 1GB')).optional(),
    age: range(quantity(/^(\d{1,6})([mhd])$/, timesInMs, 'an age such as 30m, 12h or 90d')).optional(),
  })
  .refine((when) => Object.keys(when).length > 0, {
    error: 'needs a condition: account, container, prefix, suffix, size or age; for every object say container: "*"',
  });

const limit = z
  .strictObject({
    tags: oneOrMore(z.string().regex(/^[A-Za-z_]\w*$/, 'must be a tag of rules')).optional(),
    namespaces: oneOrMore(text).optional(),
  })
  .refine(({ tags, namespaces }) => tags !== undefined || namespaces !== undefined, {
    error: 'needs tags, namespaces, or both',
  });

const policyFields = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case words with - between them')
      .max(80),
    description: z.string().min(1).max(2_000).optional(),
    when: conditions,
    skip: z.literal(true, 'must be true, or not be there').optional(),
    rules: z.union([z.literal('all'), limit], 'must be all, or hold tags, namespaces, or both').optional(),
  })
  .refine(({ skip, rules }) => (skip === undefined) !== (rules === undefined), {
    error: 'needs exactly one of skip and rules',
  });

const policiesFile = z
  .strictObject({ policies: z.array(policyFields).max(MAX_POLICIES) })
  .superRefine(({ policies }, context) => {
    const seen = new Set<string>();
    policies.forEach(({ name }, index) => {
      const message = `the name ${name} is that of an earlier policy`;
      if (seen.has(name)) context.addIssue({ code: 'custom', path: ['policies', index, 'name'], message });
      seen.add(name);
    });
  });

export interface ReadPolicies {
  /** Undefined where an error was found. */
  readonly policies: readonly Policy[] | undefined;
  readonly remarks: readonly Remark[];
}

/** `name` is what remarks call the file. Never throws. */
export function readPolicies(yaml: string, name: string): ReadPolicies {
  const { value, remarks } = readYaml(yaml, name, policiesFile);
  return { policies: value?.policies.map(policyOf), remarks };
}

function policyOf({ name, description, when, rules }: z.output<typeof policyFields>): Policy {
  return { name, description, when: when as Policy['when'], action: actionOf(rules) };
}

function actionOf(rules: z.output<typeof policyFields>['rules']): PolicyAction {
  if (rules === undefined) return { kind: 'skip' };
  if (rules === 'all') return { kind: 'scan' };
  return { kind: 'limit', tags: rules.tags ?? [], namespaces: rules.namespaces ?? [] };
}

const texts = z.array(z.string());
const compiledRange = z.strictObject({ over: z.number().optional(), under: z.number().optional() });
const compiled = z.strictObject({
  version: z.literal(1),
  policies: z.array(
    z.strictObject({
      name: z.string(),
      description: z.string().optional(),
      when: z.strictObject({
        account: texts.optional(),
        container: texts.optional(),
        prefix: texts.optional(),
        suffix: texts.optional(),
        size: compiledRange.optional(),
        age: compiledRange.optional(),
      }),
      action: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('skip') }),
        z.strictObject({ kind: z.literal('scan') }),
        z.strictObject({ kind: z.literal('limit'), tags: texts, namespaces: texts }),
      ]),
    }),
  ),
});

/** Policies as the service loads them: JSON beside the compiled rules. */
export function encodePolicies(policies: readonly Policy[]): string {
  return `${JSON.stringify({ version: 1, policies }, null, 1)}\n`;
}

/** Throws an `Error` that says what is wrong with the text. */
export function decodePolicies(json: string): Policy[] {
  const parsed = compiled.safeParse(JSON.parse(json));
  if (parsed.success) return parsed.data.policies as Policy[];
  const [issue] = parsed.error.issues;
  throw new Error(`${issue!.path.join('.')}: ${issue!.message}`);
}
