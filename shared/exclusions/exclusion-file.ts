/**
 * One file of `rules/exclusions`: what it may hold, and how it is read. It says when a finding is left standing (`filter`) or
 * set aside (`excludeWhen`), or lists the SHA-256 of objects that are known (`sha256`): exactly one of the three.
 */
import { z } from 'zod';
import type { Filter } from './filter-ast.ts';
import type { FilterFault } from './parser.ts';
import { parseFilter } from './parser.ts';
import type { Remark } from './remark.ts';
import type { YamlFile, YamlPath } from './yaml-file.ts';
import { readYaml } from './yaml-file.ts';

const line = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^\p{Cc}]*$/u, 'must be one line');
const prose = z.string().min(1).max(10_000);
/** `*`, `name`, `namespace:name` or `namespace:*`. */
const rulePattern = z
  .string()
  .regex(/^(\*|([\w.-]+:)?(\*|[A-Za-z_]\w*))$/, 'must be *, a rule, namespace:rule or namespace:*');
/** One that has digits only, or digits and an e, is a number to YAML unless it is quoted. */
const hash = z.string('must be 64 hex digits, in quotes').regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits');
const exampleValue = z.union([z.string(), z.int().nonnegative(), z.array(z.string())]);
const example = z.strictObject({ name: line, context: z.record(z.string(), exampleValue) });

const exclusionFields = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case words with - between them')
    .max(100),
  title: line,
  description: prose,
  rules: z.array(rulePattern).min(1).max(1_000),
  filter: z.string().optional(),
  excludeWhen: z.string().optional(),
  sha256: z
    .array(z.strictObject({ value: hash, note: line }))
    .min(1)
    .max(10_000)
    .optional(),
  seedFilter: z.string().min(1).max(10_000).optional(),
  /** What telemetry shows in truth; for whoever reads the file. */
  telemetry: prose.optional(),
  owner: line.optional(),
  expiry: z.iso.date('must be a date such as 2027-06-30').optional(),
  trustClaims: z.boolean().optional(),
  examples: z.strictObject({ kept: z.array(example).max(100), excluded: z.array(example).max(100) }).optional(),
});

const schema = exclusionFields.superRefine((file, context) => {
  const given = (['filter', 'excludeWhen', 'sha256'] as const).filter((name) => file[name] !== undefined);
  const refuse = (path: string[], message: string): void => {
    context.addIssue({ code: 'custom', path, message });
  };
  if (given.length === 0) refuse([], 'one of filter, excludeWhen and sha256 must be there');
  if (given.length > 1) refuse([given[1]!], `stands beside ${given[0]!}; only one of them may be there`);
  if (file.trustClaims === true && file.owner === undefined) {
    refuse(['trustClaims'], 'claims are trusted on somebody’s word: name the owner');
  }
  if (file.sha256 !== undefined && file.seedFilter !== undefined)
    refuse(['seedFilter'], 'a list of hashes has no filter');
});

export type Example = z.infer<typeof example>;
type ExclusionFields = z.infer<typeof exclusionFields>;

/** What decides: a filter that is true of findings that stay or of those that are set aside, or a set of hashes. */
export type Decision =
  | { readonly kind: 'filter' | 'excludeWhen'; readonly text: string; readonly filter: Filter }
  | { readonly kind: 'sha256'; readonly hashes: ReadonlySet<string> };

export interface Exclusion extends Pick<ExclusionFields, 'id' | 'title' | 'rules' | 'owner' | 'expiry'> {
  readonly decision: Decision;
  readonly trustClaims: boolean;
}

/** An exclusion with everything that its file says of it. */
export interface ExclusionFile {
  readonly exclusion: Exclusion;
  readonly description: string;
  readonly telemetry: string | undefined;
  readonly seedFilter: string | undefined;
  readonly examples: { readonly kept: readonly Example[]; readonly excluded: readonly Example[] };
  readonly source: YamlFile;
}

export interface ReadExclusion {
  /** Undefined where an error was found. */
  readonly file: ExclusionFile | undefined;
  readonly remarks: readonly Remark[];
}

/** `name` is what remarks call the file. Never throws. */
export function readExclusion(text: string, name: string): ReadExclusion {
  const { file: source, value, remarks } = readYaml(text, name, schema);
  if (value === undefined) return { file: undefined, remarks };
  const decided = decide(value, source);
  if (decided.decision === undefined) return { file: undefined, remarks: decided.remarks };
  const { id, title, rules, owner, expiry, description, telemetry, seedFilter, examples } = value;
  const exclusion = {
    id,
    title,
    rules,
    owner,
    expiry,
    decision: decided.decision,
    trustClaims: value.trustClaims ?? false,
  };
  const file = {
    exclusion,
    description,
    telemetry,
    seedFilter,
    source,
    examples: examples ?? { kept: [], excluded: [] },
  };
  return { file, remarks: [] };
}

function decide(
  { filter, excludeWhen, sha256 }: ExclusionFields,
  source: YamlFile,
): { readonly decision: Decision | undefined; readonly remarks: readonly Remark[] } {
  if (sha256 !== undefined) {
    const hashes = new Set(sha256.map(({ value }) => value.toLowerCase()));
    return { decision: { kind: 'sha256', hashes }, remarks: [] };
  }
  const kind = filter === undefined ? 'excludeWhen' : 'filter';
  const text = filter ?? excludeWhen ?? '';
  const parsed = parseFilter(text);
  if (parsed.filter === undefined)
    return { decision: undefined, remarks: filterRemarks(source, [kind], text, parsed.faults) };
  return { decision: { kind, text, filter: parsed.filter }, remarks: [] };
}

/** What the parser says about the filter at `path`, at its place in the file. */
export function filterRemarks(
  source: YamlFile,
  path: YamlPath,
  text: string,
  faults: readonly FilterFault[],
  level: 'error' | 'note' = 'error',
): Remark[] {
  return faults.map(({ code, span, message, hint }) =>
    source.remarkInside(path, text, span, { code, level, title: titles[code], message, hint }),
  );
}

const titles: Readonly<Record<FilterFault['code'], string>> = {
  syntax: 'the filter cannot be read',
  'unknown-field': 'unknown field',
  'wrong-type': 'value does not fit',
  regex: 'faulty regular expression',
  limit: 'too large',
};
