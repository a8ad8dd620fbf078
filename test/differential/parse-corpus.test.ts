/**
 * Public rules, as they are. The folder in `SLUICE_CORPUS` holds rule files below `rules/` and `rules/MANIFEST.tsv`, which
 * says of each file whether YARA-X 1.20 accepts it. What it accepts must be parsed without an error.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Diagnostics } from '../../shared/yara/syntax/diagnostics.ts';
import { parseSource } from '../../shared/yara/syntax/parser.ts';
import { SourceText } from '../../shared/yara/syntax/source-text.ts';

const corpus = process.env.SLUICE_CORPUS;
const manifest = corpus === undefined ? undefined : join(corpus, 'rules', 'MANIFEST.tsv');
const reason =
  manifest === undefined
    ? 'SLUICE_CORPUS is not set'
    : existsSync(manifest)
      ? undefined
      : `SLUICE_CORPUS has no rules/MANIFEST.tsv: ${String(corpus)}`;

/** Files that the reference accepts and the parser does not, with the cause. */
const CAUSES: ReadonlyMap<string, string> = new Map();

/** Of processor time, so that a busy machine changes little. Warm it is five times as fast. */
const MIN_BYTES_PER_SECOND = 5_000_000;

interface CorpusFile {
  readonly name: string;
  readonly isAccepted: boolean;
  readonly bytes: Uint8Array;
}

function readCorpus(): CorpusFile[] {
  const [header = '', ...lines] = readFileSync(manifest!, 'utf8').trimEnd().split('\n');
  const columns = header.split('\t');
  const at = (fields: readonly string[], column: string): string => fields[columns.indexOf(column)] ?? '';
  return lines.map((line) => {
    const fields = line.split('\t');
    const name = join(at(fields, 'corpus'), at(fields, 'path'));
    const bytes = readFileSync(join(corpus!, 'rules', name));
    return { name, isAccepted: at(fields, 'yarax_1_20') === 'ok', bytes };
  });
}

describe.skipIf(reason !== undefined)(`public rules${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  const files = reason === undefined ? readCorpus() : [];

  it('are parsed wherever the reference accepts them', () => {
    const counts = new Map<string, number>();
    const refused: string[] = [];
    const more = { files: 0, rules: 0, bytes: 0, broken: 0, acceptedHereOnly: 0 };
    for (const { name, isAccepted, bytes } of files) {
      const diagnostics = new Diagnostics();
      const { rules } = parseSource(new SourceText(bytes, name), diagnostics);
      more.files++;
      more.rules += rules.length;
      more.bytes += bytes.length;
      more.broken += rules.filter((rule) => rule.isBroken).length;
      const isParsed = diagnostics.errors.length === 0;
      if (isParsed && !isAccepted) more.acceptedHereOnly++;
      if (!isParsed && isAccepted && !CAUSES.has(name)) refused.push(diagnostics.errors[0]!.rendered);
      for (const { code } of diagnostics.all) counts.set(code, (counts.get(code) ?? 0) + 1);
    }
    console.log({ ...more, diagnostics: Object.fromEntries(counts) });
    expect(refused).toEqual([]);
    expect(more.files).toBeGreaterThan(0);
  });

  it('are parsed fast', () => {
    const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
    const speeds = [0, 1].map(() => {
      const before = process.cpuUsage();
      for (const file of files) parseSource(new SourceText(file.bytes, file.name), new Diagnostics());
      const { user, system } = process.cpuUsage(before);
      return bytes / ((user + system) / 1_000_000);
    });
    console.log(`${(bytes / 1e6).toFixed(1)} MB at ${speeds.map((speed) => (speed / 1e6).toFixed(1)).join(', ')} MB/s`);
    expect(Math.max(...speeds)).toBeGreaterThan(MIN_BYTES_PER_SECOND);
  });
});
