/**
 * A diagnostic as a person reads it: title, `file:line:column`, the source line, carets below what is meant, labels, hint.
 * Plain text without colour. Lines longer than `MAX_LINE` are cut around the span; what is invisible is made visible, so
 * neither a rule nor a file name can write to the terminal behind the reader's back.
 */
import type { Label, Span } from './diagnostic.ts';
import { type SourceText, visibleCells, visibleText } from './source-text.ts';

/** Characters of a source line that are shown. */
const MAX_LINE = 160;
/** Characters shown before the span when a line is cut. */
const LEAD = 50;

export interface Rendering {
  /** The compiler knows errors and warnings; notes are for programs around it. */
  readonly severity: 'error' | 'warning' | 'note';
  readonly code: string;
  readonly title: string;
  readonly message: string;
  readonly source: SourceText;
  readonly span: Span;
  readonly labels: readonly Label[];
  readonly hint: string | undefined;
}

/** O(length shown + lines of the source once). */
export function renderDiagnostic(rendering: Rendering): string {
  const { source, span, labels } = rendering;
  const { line, column } = source.positionOf(span.start);
  const marks: Mark[] = [
    { span, text: rendering.message, mark: '^' },
    ...labels.map((label) => ({ span: label.span, text: label.message, mark: '-' as const })),
  ];
  const lastLine = Math.max(...marks.map((mark) => source.lineAt(mark.span.start).line));
  const gutter = ' '.repeat(String(lastLine).length);
  const lines = [
    `${rendering.severity}[${rendering.code}]: ${rendering.title}`,
    `${gutter}--> ${visibleText(source.name)}:${line}:${column}`,
    `${gutter} |`,
  ];
  let shown = -1;
  for (const mark of marks) {
    const at = source.lineAt(mark.span.start);
    const excerpt = cutAround(source, at.start, at.end, mark.span);
    // A label below the line that was just shown needs no second copy of it, unless the line was cut elsewhere.
    if (at.line !== shown || excerpt.isCut) {
      if (shown >= 0) lines.push(`${gutter} |`);
      lines.push(`${String(at.line).padStart(gutter.length)} | ${excerpt.text}`.trimEnd());
      shown = at.line;
    }
    const carets = mark.mark.repeat(excerpt.width);
    lines.push(`${gutter} | ${' '.repeat(excerpt.indent)}${carets} ${mark.text}`.trimEnd());
  }
  if (rendering.hint !== undefined) {
    const [first, ...others] = rendering.hint.split('\n');
    lines.push(`${gutter} |`, `${gutter} = hint: ${first!}`, ...others.map((line) => `${gutter}         ${line}`));
  }
  return lines.join('\n');
}

interface Mark {
  readonly span: Span;
  readonly text: string;
  readonly mark: '^' | '-';
}

interface Excerpt {
  readonly text: string;
  /** Columns before the carets. */
  readonly indent: number;
  /** Number of carets. */
  readonly width: number;
  readonly isCut: boolean;
}

function cutAround(source: SourceText, lineStart: number, lineEnd: number, span: Span): Excerpt {
  const spanStart = Math.min(span.start, lineEnd);
  // A span over several lines is marked to the end of its first.
  const spanEnd = Math.max(spanStart, Math.min(span.end, lineEnd));
  const isCut = lineEnd - lineStart > MAX_LINE;
  const from = isCut ? characterBoundary(source.bytes, Math.max(lineStart, spanStart - LEAD), lineStart) : lineStart;
  const to = isCut ? Math.min(lineEnd, from + MAX_LINE) : lineEnd;
  const before = from > lineStart ? '…' : '';
  const after = to < lineEnd ? '…' : '';
  let text = before;
  let indent = before.length;
  let end = indent;
  for (const cell of visibleCells(source.bytes, from, to)) {
    text += cell.text;
    const width = Array.from(cell.text).length;
    if (cell.start < spanStart) indent += width;
    if (cell.start < spanEnd) end += width;
  }
  return { text: text + after, indent, width: Math.max(1, end - indent), isCut };
}

/** Steps back over at most three continuation bytes, so that no character is cut in two. */
function characterBoundary(bytes: Uint8Array, offset: number, lowest: number): number {
  let at = offset;
  while (at > lowest && at > offset - 3 && (bytes[at]! & 0xc0) === 0x80) at--;
  return at;
}
