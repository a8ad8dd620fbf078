/**
 * Rules that benches compile: the seed's one rule, and the first so many of public rules that every engine in the
 * comparison takes whole. Without `SLUICE_CORPUS` (public rule files with a manifest of what libyara and YARA-X make of them)
 * the larger sets are synthetic, which the name says.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileRules, RuleCompileError } from '../../shared/yara/index.ts';
import { randomFor } from '../conformance/seed.ts';

export interface BenchRules {
  readonly name: string;
  readonly ruleCount: number;
  readonly sources: readonly { readonly text: string; readonly name: string; readonly namespace: string }[];
}

/** What public rules take to be defined from outside. */
export const externals = { filename: '', filepath: '', extension: '', filetype: '', owner: '' };

const root = join(import.meta.dirname, '../..');

export function seedRule(): BenchRules {
  const name = 'rules/eqgrp/eqgrp-callbacks.yar';
  return {
    name: 'seed',
    ruleCount: 1,
    sources: [{ text: readFileSync(join(root, name), 'utf8'), name, namespace: 'seed' }],
  };
}

/**
 * At least `count` rules, in whole files; where there are fewer, synthetic ones make up the number; with `corpusName`, of sources whose name begins so. Files with
 * a rule that one of the engines refuses are left out.
 */
export function publicRules(count: number, corpusName = ''): BenchRules {
  const corpus = process.env.SLUICE_CORPUS;
  if (corpus === undefined) return syntheticRules(count);
  const manifest = readFileSync(join(corpus, 'rules/MANIFEST.tsv'), 'utf8').trim().split('\n');
  const columns = manifest[0]!.split('\t');
  const files = manifest
    .slice(1)
    .map((line) => line.split('\t'))
    .map((fields) => Object.fromEntries(columns.map((column, at) => [column, fields[at] ?? ''])))
    .filter((file) => file['libyara_4_2_3'] === 'ok' && file['yarax_1_20'] === 'ok')
    .filter((file) => file['corpus']!.startsWith(corpusName));
  // Rules in the style of signature-base first: those are what people run.
  files.sort((a, b) => rankOf(a['corpus']!) - rankOf(b['corpus']!));
  const sources: { text: string; name: string; namespace: string }[] = [];
  let ruleCount = 0;
  for (const file of files) {
    if (ruleCount >= count) break;
    const bytes = readFileSync(join(corpus, 'rules', file['corpus']!, file['path']!));
    const text = bytes.toString('utf8');
    if (!Buffer.from(text).equals(bytes)) continue;
    const rules = rulesIn(text);
    if (rules === 0 || (ruleCount + rules > count * 1.2 && ruleCount > 0)) continue;
    ruleCount += rules;
    sources.push({ text, name: file['path']!, namespace: `n${sources.length}` });
  }
  const name = `${ruleCount} public${corpusName === '' ? '' : ` (${corpusName})`}`;
  if (count === Infinity || ruleCount >= count * 0.9) return { name, ruleCount, sources };
  const more = syntheticRules(count - ruleCount);
  return { name: `${name} + ${more.name}`, ruleCount: count, sources: [...sources, ...more.sources] };
}

function rankOf(corpus: string): number {
  return corpus.startsWith('Neo23x0__signature-base') ? 0 : 1;
}

/** 0 where some rule is refused. */
function rulesIn(text: string): number {
  try {
    return compileRules([{ text }], { externals }).rules.length;
  } catch (error) {
    if (error instanceof RuleCompileError) return 0;
    throw error;
  }
}

function syntheticRules(count: number): BenchRules {
  const random = randomFor('bench', 'rules');
  const letters = 'etaoinshrdlucmfwypvbgkjqxz_.%/\\-0123456789ETAOIN';
  const word = (length: number): string =>
    Array.from({ length }, () => letters[random.below(letters.length)]!)
      .join('')
      .replaceAll('\\', '\\\\');
  const byte = (): string => random.below(256).toString(16).padStart(2, '0');
  const texts = Array.from({ length: count }, (_, at) => {
    const strings = Array.from({ length: 1 + random.below(6) }, (_unused, string) => {
      const kind = random.below(10);
      if (kind < 7)
        return `$s${string} = "${word(5 + random.below(30))}"${['', ' wide', ' nocase', ' ascii wide'][kind % 4]!}`;
      if (kind < 9) return `$s${string} = { ${Array.from({ length: 6 + random.below(20) }, byte).join(' ')} }`;
      return `$s${string} = /${word(8).replaceAll(/[^a-zA-Z0-9]/g, 'x')}[0-9a-f]{2,8}/`;
    });
    return `rule synthetic_${at} { strings: ${strings.join('\n')} condition: 2 of them or $s0 }`;
  });
  const sources = [{ text: texts.join('\n'), name: 'synthetic.yar', namespace: 'synthetic' }];
  return { name: `${count} synthetic`, ruleCount: count, sources };
}
