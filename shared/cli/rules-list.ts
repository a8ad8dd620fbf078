/** `sluice rules list`: what rules there are, and what each one looks for and needs. */
import { printable } from '../base/redact.ts';
import { filesOfRules } from '../scanner/rule-files.ts';
import { printableBytes } from '../scanner/printable-bytes.ts';
import type { RuleInfo } from '../yara/index.ts';
import { chooseRules } from './choose-rules.ts';
import type { Definition } from './definitions.ts';
import { valuesOf } from './definitions.ts';
import { exitStatus } from './exit-status.ts';
import { counted } from './print-scan.ts';
import type { Terminal } from './terminal.ts';

export interface ListArguments {
  readonly rules: readonly string[];
  readonly define: readonly Definition[];
  readonly json: boolean;
}

const MAX_TEXT = 1_000;

/** A block of lines for each rule, or with `json` one line; in the order in which they are evaluated. */
export async function runRulesList(
  { rules: places, define, json }: ListArguments,
  terminal: Terminal,
): Promise<number> {
  const { rules, files, from } = await chooseRules(places, define);
  const fileOf = files === undefined ? new Map<string, string>() : filesOfRules(files, valuesOf(define));
  for (const [index, rule] of rules.rules.entries()) {
    if (terminal.abortSignal.aborted) break;
    const file = fileOf.get(`${rule.namespace}:${rule.rule}`);
    const text = json ? jsonRule(rule, file) : ruleLines(rule, file).join('\n');
    await terminal.out(json || index === 0 ? text : `\n${text}`);
  }
  terminal.err(`${json ? '' : '\n'}${counted(rules.rules.length, 'rule')} in ${from}`);
  return exitStatus.clean;
}

/** Such as `1 string patterns, 2 hex patterns`; without a singular, so that it can be searched for. */
export function patternCounts(rule: RuleInfo): string {
  const counts = Object.entries(countPatterns(rule)).filter(([, count]) => count > 0);
  return counts.length === 0 ? 'no patterns' : counts.map(([kind, count]) => `${count} ${kind} patterns`).join(', ');
}

function ruleLines(rule: RuleInfo, file: string | undefined): string[] {
  const { isPrivate, isGlobal, tags, needs } = rule;
  const kind = [...(isGlobal ? ['global'] : []), ...(isPrivate ? ['private'] : [])].join(' ');
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['about', descriptionOf(rule)],
    ['namespace', rule.namespace],
    ['file', file],
    ['kind', kind === '' ? undefined : kind],
    ['tags', tags.length === 0 ? undefined : tags.join(', ')],
    ['detection', patternCounts(rule)],
    ['needs', needs.length === 0 ? undefined : needs.join(', ')],
  ];
  const lines = fields.flatMap(([name, text]) => {
    return text === undefined ? [] : [`  ${name.padEnd(9)}  ${printable(text, MAX_TEXT)}`];
  });
  return [rule.rule, ...lines];
}

function jsonRule(rule: RuleInfo, file: string | undefined): string {
  return JSON.stringify({
    rule: rule.rule,
    namespace: rule.namespace,
    file: file ?? null,
    tags: rule.tags,
    description: descriptionOf(rule) ?? null,
    isPrivate: rule.isPrivate,
    isGlobal: rule.isGlobal,
    patterns: countPatterns(rule),
    needs: rule.needs,
  });
}

function countPatterns({ patterns }: RuleInfo): { string: number; hex: number; regex: number } {
  const count = (wanted: RuleInfo['patterns'][number]['kind']): number =>
    patterns.filter(({ kind }) => kind === wanted).length;
  return { string: count('text'), hex: count('hex'), regex: count('regex') };
}

function descriptionOf({ meta }: RuleInfo): string | undefined {
  const value = meta.find(([name]) => name.toLowerCase() === 'description')?.[1];
  if (value === undefined) return undefined;
  return value instanceof Uint8Array ? printableBytes(value) : String(value);
}
