/**
 * Puts exclusions into queries: a line `// exclusions: RULE` becomes the clauses of every exclusion that covers the rule,
 * printed as KQL over DeviceNetworkEvents, at the same indentation. So a scanner and a hunter leave out the same things, and
 * an exclusion that is edited makes the generated content stale.
 */
import path from 'node:path';
import { exclusionClauses } from '../../shared/exclusions/print-kql.ts';
import { readExclusions } from '../../shared/exclusions/read-folder.ts';

const marker = /^([ \t]*)\/\/ exclusions: (\S+)$/gm;
const exclusionsFolder = path.join(import.meta.dirname, '../../rules/exclusions');

/** Reads the folder of exclusions and returns what fills the markers of a text. Throws what `readExclusions` throws. */
export function exclusionFiller(folder: string = exclusionsFolder): (text: string) => string {
  const files = readExclusions(folder, 'rules/exclusions');
  return (text) =>
    text.replaceAll(marker, (_, indent: string, rule: string) =>
      exclusionClauses(files, rule)
        .split('\n')
        .map((line) => `${indent}${line}`)
        .join('\n'),
    );
}
