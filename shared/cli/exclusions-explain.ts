/** `sluice exclusions explain` and `kql`: what exclusions do, in words and as lines of a query. */
import { printable } from '../base/redact.ts';
import type { ExclusionFile } from '../exclusions/exclusion-file.ts';
import { askedFields } from '../exclusions/exclusion-set.ts';
import type { KqlTable } from '../exclusions/fields.ts';
import { fieldOf } from '../exclusions/fields.ts';
import { clauseOf, exclusionClauses } from '../exclusions/print-kql.ts';
import { printFilter } from '../exclusions/print-filter.ts';
import { negated } from '../exclusions/rewrite.ts';
import { soundExclusions } from './exclusions-check.ts';
import { exitStatus, UsageError } from './exit-status.ts';
import { counted } from './print-scan.ts';
import type { Terminal } from './terminal.ts';

const MAX_LINE = 2_000;

/** A block for each exclusion. `places` may also be ids of the project's exclusions. */
export async function runExclusionsExplain(places: readonly string[], terminal: Terminal): Promise<number> {
  const blocks = chosenFiles(places).map((file) => explain(file).join('\n'));
  await terminal.out(blocks.join('\n\n'));
  return exitStatus.clean;
}

export interface KqlArguments {
  readonly places: readonly string[];
  /** Only exclusions for this rule, `name` or `namespace:name`; all of them unless given. */
  readonly rule: string | undefined;
  readonly table: KqlTable;
}

/** The lines for a query; a comment for an exclusion that can never hold in the table. */
export async function runExclusionsKql({ places, rule, table }: KqlArguments, terminal: Terminal): Promise<number> {
  const files = chosenFiles(places);
  if (rule !== undefined) {
    const clauses = exclusionClauses(files, rule, table);
    await terminal.out(clauses === '' ? `// No exclusion for ${rule} can hold in ${table}` : clauses);
    return exitStatus.clean;
  }
  const clauses = files.map(({ exclusion }) => {
    const none = `// Exclusion ${exclusion.id}: asks for nothing that ${table} has, so it can never hold there`;
    return clauseOf(exclusion, table) ?? none;
  });
  await terminal.out(clauses.join('\n'));
  return exitStatus.clean;
}

function chosenFiles(places: readonly string[]): readonly ExclusionFile[] {
  const isId = (place: string): boolean => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(place);
  if (places.length === 0 || !places.every(isId)) return soundExclusions(places);
  const all = soundExclusions([]);
  return places.map((id) => {
    const file = all.find(({ exclusion }) => exclusion.id === id);
    if (file !== undefined) return file;
    const known = all.map(({ exclusion }) => exclusion.id).join(', ');
    throw new UsageError(`no exclusion has the id ${id}`, { hint: `there are ${known}` });
  });
}

function explain({ exclusion, seedFilter, telemetry }: ExclusionFile): string[] {
  const { id, title, rules, owner, expiry, trustClaims, decision } = exclusion;
  const isAboutClaims = askedFields(decision).some((name) => fieldOf(name)?.origin === 'claimed');
  const trust = trustClaims
    ? 'trusted on the owner’s word'
    : 'not trusted: what rests on them alone is still raised, at Informational';
  const entries: (readonly [string, string | undefined])[] = [
    ['for', rules.join(', ')],
    ...decisionEntries(exclusion),
    ['asks for', askedFields(decision).map(describeField).join('\n')],
    ['claims are', isAboutClaims ? trust : undefined],
    ['owner', owner ?? 'nobody'],
    ['holds', expiry === undefined ? 'without an end' : `to the end of ${expiry}, UTC`],
    ['seed', seedFilter],
    ['telemetry', telemetry?.trim()],
  ];
  const lines = entries.flatMap(([name, text]) =>
    (text ?? '')
      .split('\n')
      .flatMap((line, index) =>
        line === '' ? [] : `  ${(index === 0 ? name : '').padEnd(12)}${printable(line, MAX_LINE)}`,
      ),
  );
  return [`${id}: ${title}`, ...lines];
}

function decisionEntries({ decision }: ExclusionFile['exclusion']): (readonly [string, string])[] {
  if (decision.kind === 'sha256') return [['excludes', `${counted(decision.hashes.size, 'object')} by SHA-256`]];
  const { kind, filter } = decision;
  const other = negated(filter);
  const [excluding, keeping] = kind === 'excludeWhen' ? [filter, other] : [other, filter];
  return [
    ['excludes', `when ${printFilter(excluding)}`],
    ['keeps', `when ${printFilter(keeping)}`],
  ];
}

function describeField(name: string): string {
  const { origin, meaning } = fieldOf(name)!;
  return `${name} (${origin}: ${meaning})`;
}
