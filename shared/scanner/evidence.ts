/**
 * Evidence: where a rule's patterns matched, and what the bytes there look like. It is read at the end of a scan, from the same
 * pinned version that was scanned, and is bounded in every direction, because the object's author decides how often and where
 * a rule matches:
 *
 *   16 matches a finding · 64 bytes of each · 512 excerpts and under 32 KB of them in a report · reads of at most 64 KiB
 *
 * Every pattern shows its first match before any shows its second, and so does every finding, so a noisy one cannot push the
 * others out. Where an excerpt cannot be had (budget spent, bytes not held, object gone by now) the match stands without it:
 * a finding is never lost for want of its picture.
 */
import { SluiceError } from '../base/errors.ts';
import type { EvidenceMode } from '../base/settings.ts';
import type { RuleMatch } from '../yara/index.ts';
import { printableBytes } from './printable-bytes.ts';
import type { EvidenceMatch } from './scan-report.ts';

export interface EvidenceOptions {
  readonly mode: EvidenceMode;
  /** Reads the scanned version; undefined where nothing can be read. */
  readonly readAt: ((offset: number, length: number) => Promise<Uint8Array>) | undefined;
  readonly abortSignal?: AbortSignal;
}

const MATCHES_PER_FINDING = 16;
const EXCERPT_BYTES = 64;
const EXCERPTS_PER_REPORT = 512;
const EXCERPT_JSON_BYTES_PER_REPORT = 32 * 1024 - 1;
const READ_BYTES = 64 * 1024;
/** Bytes read for nothing to save a request. */
const READ_GAP = 16 * 1024;
const PARALLEL_READS = 8;

interface Draft {
  readonly pattern: string;
  readonly patternIndex: number;
  readonly offset: number;
  readonly length: number;
  excerpt: string | undefined;
}

/**
 * The evidence of each match, in the order of `matches`; within one, patterns as declared and matches by offset. At most
 * `EXCERPTS_PER_REPORT` reads. Rejects only with the signal's reason, or when `readAt` fails with something other than a
 * `SluiceError`.
 */
export async function collectEvidence(
  matches: readonly RuleMatch[],
  options: EvidenceOptions,
): Promise<EvidenceMatch[][]> {
  if (options.mode === 'none') return matches.map(() => []);
  const drafts = matches.map(chooseMatches);
  if (options.mode === 'excerpt' && options.readAt !== undefined) {
    await fillExcerpts(inTurns(drafts).slice(0, EXCERPTS_PER_REPORT), options.readAt, options.abortSignal);
  }
  return drafts.map((chosen) => chosen.toSorted(byPatternAndOffset).map(toEvidence));
}

/** The matches to show of one rule, the first of each pattern before the second of any. */
function chooseMatches(match: RuleMatch): Draft[] {
  const perPattern = match.patterns.map(({ identifier, matches }, patternIndex) =>
    matches.slice(0, MATCHES_PER_FINDING).map(({ offset, length }): Draft => {
      return { pattern: identifier, patternIndex, offset, length, excerpt: undefined };
    }),
  );
  return inTurns(perPattern).slice(0, MATCHES_PER_FINDING);
}

/** The first of every list, then the second of every list, and so on. */
function inTurns<Item>(lists: readonly (readonly Item[])[]): Item[] {
  const longest = lists.reduce((length, list) => Math.max(length, list.length), 0);
  return Array.from({ length: longest }, (_, turn) => lists.flatMap((list) => list.slice(turn, turn + 1))).flat();
}

async function fillExcerpts(
  drafts: readonly Draft[],
  readAt: NonNullable<EvidenceOptions['readAt']>,
  abortSignal: AbortSignal | undefined,
): Promise<void> {
  const reads = groupIntoReads(drafts);
  for (let index = 0; index < reads.length; index += PARALLEL_READS) {
    abortSignal?.throwIfAborted();
    await Promise.all(reads.slice(index, index + PARALLEL_READS).map((read) => fillFromRead(read, readAt)));
  }
  abortSignal?.throwIfAborted();
  spendBudget(drafts);
}

interface Read {
  readonly offset: number;
  end: number;
  readonly drafts: Draft[];
}

/** Neighbouring excerpts come with one read: an object of a few kilobytes is read once, whatever matched in it. */
function groupIntoReads(drafts: readonly Draft[]): Read[] {
  const reads: Read[] = [];
  for (const draft of drafts.toSorted((a, b) => a.offset - b.offset)) {
    const end = draft.offset + shownLength(draft);
    const last = reads.at(-1);
    if (last !== undefined && draft.offset - last.end <= READ_GAP && end - last.offset <= READ_BYTES) {
      last.end = Math.max(last.end, end);
      last.drafts.push(draft);
    } else {
      reads.push({ offset: draft.offset, end, drafts: [draft] });
    }
  }
  return reads;
}

async function fillFromRead(read: Read, readAt: NonNullable<EvidenceOptions['readAt']>): Promise<void> {
  const bytes = await readOrNothing(read, readAt);
  for (const draft of read.drafts) {
    const start = draft.offset - read.offset;
    const shown = bytes.subarray(start, start + shownLength(draft));
    if (shown.length === shownLength(draft)) draft.excerpt = printableBytes(shown);
  }
}

async function readOrNothing(read: Read, readAt: NonNullable<EvidenceOptions['readAt']>): Promise<Uint8Array> {
  try {
    return await readAt(read.offset, read.end - read.offset);
  } catch (error) {
    // The scan is whole and its answer stands, even if the object was deleted or overwritten a moment later.
    if (error instanceof SluiceError) return new Uint8Array(0);
    throw error;
  }
}

/** Takes the excerpts away that the report has no room for; what counts is their size as JSON, where they end up. */
function spendBudget(drafts: readonly Draft[]): void {
  let left = EXCERPT_JSON_BYTES_PER_REPORT;
  for (const draft of drafts) {
    if (draft.excerpt === undefined) continue;
    const size = Buffer.byteLength(JSON.stringify(draft.excerpt));
    if (size > left) draft.excerpt = undefined;
    else left -= size;
  }
}

function shownLength(draft: Draft): number {
  return Math.min(draft.length, EXCERPT_BYTES);
}

function byPatternAndOffset(a: Draft, b: Draft): number {
  return a.patternIndex - b.patternIndex || a.offset - b.offset;
}

function toEvidence({ pattern, offset, length, excerpt }: Draft): EvidenceMatch {
  return { pattern, offset, length, excerpt };
}
