/**
 * What patterns mean, written down as plainly as can be: every start is tried, byte by byte, with no cleverness at all. The
 * families confirm it by the reference, the property tests hold the engine against it, and where the reference is
 * defective it is the judge. Slow on purpose.
 */
import type { MatchTuple } from './answer.ts';

export type NaivePattern = NaiveText | NaiveHex;

export interface NaiveText {
  readonly kind: 'text';
  readonly bytes: readonly number[];
  readonly ascii: boolean;
  readonly wide: boolean;
  readonly nocase?: boolean;
  readonly fullword?: boolean;
  readonly xor?: readonly [from: number, to: number];
}

export interface NaiveHex {
  readonly kind: 'hex';
  readonly nodes: readonly HexNode[];
}

export type HexNode =
  /** Nibbles that are `undefined` are open. */
  | {
      readonly kind: 'byte';
      readonly high: number | undefined;
      readonly low: number | undefined;
      readonly not?: boolean;
    }
  /** `to` is `undefined` where there is no upper bound. */
  | { readonly kind: 'jump'; readonly from: number; readonly to: number | undefined }
  | { readonly kind: 'alternatives'; readonly of: readonly (readonly HexNode[])[] };

/** Every start with the length of its match, ordered by start. */
export function naiveMatches(pattern: NaivePattern, data: Uint8Array): MatchTuple[] {
  const matches: MatchTuple[] = [];
  for (let start = 0; start < data.length; start++) {
    const match = pattern.kind === 'text' ? textAt(pattern, data, start) : hexAt(pattern, data, start);
    if (match) matches.push(match);
  }
  return matches;
}

function textAt(pattern: NaiveText, data: Uint8Array, start: number): MatchTuple | undefined {
  const forms = [
    ...(pattern.ascii ? [{ bytes: pattern.bytes, isWide: false }] : []),
    ...(pattern.wide ? [{ bytes: pattern.bytes.flatMap((byte) => [byte, 0]), isWide: true }] : []),
  ];
  const [from, to] = pattern.xor ?? [0, 0];
  for (const { bytes, isWide } of forms) {
    for (let key = from; key <= to; key++) {
      const at = (offset: number): number | undefined => (offset in data ? data[offset]! ^ key : undefined);
      if (!bytes.every((byte, index) => isSame(byte, at(start + index), pattern.nocase === true))) continue;
      if (pattern.fullword === true && !standsAlone(at, start, start + bytes.length, isWide)) continue;
      return pattern.xor ? [start, bytes.length, key] : [start, bytes.length];
    }
  }
  return undefined;
}

function isSame(wanted: number, found: number | undefined, nocase: boolean): boolean {
  return found !== undefined && (nocase ? lower(wanted) === lower(found) : wanted === found);
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

/** The neighbours are bytes, or units of a byte and a zero. */
function standsAlone(at: (offset: number) => number | undefined, start: number, end: number, isWide: boolean): boolean {
  if (!isWide) return !isAlphanumeric(at(start - 1)) && !isAlphanumeric(at(end));
  return !(at(start - 1) === 0 && isAlphanumeric(at(start - 2))) && !(at(end + 1) === 0 && isAlphanumeric(at(end)));
}

function isAlphanumeric(byte: number | undefined): boolean {
  return byte !== undefined && /[0-9A-Za-z]/.test(String.fromCharCode(byte));
}

function hexAt({ nodes }: NaiveHex, data: Uint8Array, start: number): MatchTuple | undefined {
  for (const end of hexEnds(nodes, data, start)) return [start, end - start];
  return undefined;
}

/** Could the pattern, from `start` on, be a match of that length? */
export function couldHaveLength(pattern: NaivePattern, data: Uint8Array, [start, length]: MatchTuple): boolean {
  if (pattern.kind === 'text') return textAt(pattern, data, start)?.[1] === length;
  for (const end of hexEnds(pattern.nodes, data, start)) if (end === start + length) return true;
  return false;
}

/**
 * Has the pattern both a gap and alternatives of several lengths? Which of its possible ends it reports is then a matter of
 * the reference's inner order (the tail that comes first in the data, as a rule); that it matches is not.
 */
export function hasSeveralEnds(pattern: NaivePattern): boolean {
  if (pattern.kind === 'text') return false;
  const all = withInner(pattern.nodes);
  const isUneven = all.some((node) => node.kind === 'alternatives' && new Set(node.of.flatMap(widths)).size > 1);
  return isUneven && all.some((node) => node.kind === 'jump' && node.from !== node.to);
}

function withInner(nodes: readonly HexNode[]): HexNode[] {
  return nodes.flatMap((node) => [node, ...(node.kind === 'alternatives' ? node.of.flatMap(withInner) : [])]);
}

/** The shortest and the longest width. */
function widths(nodes: readonly HexNode[]): [number, number] {
  let [least, most] = [0, 0];
  for (const node of nodes) {
    const [from, to] =
      node.kind === 'byte'
        ? [1, 1]
        : node.kind === 'jump'
          ? [node.from, node.to ?? Infinity]
          : [Math.min(...node.of.map((one) => widths(one)[0])), Math.max(...node.of.map((one) => widths(one)[1]))];
    least += from;
    most += to;
  }
  return [least, most];
}

/** The ends a sequence can have, the preferred one first: shorter jumps before longer, alternatives from the left. */
function* hexEnds(nodes: readonly HexNode[], data: Uint8Array, at: number): Generator<number> {
  const [node, ...rest] = nodes;
  if (!node) yield at;
  else if (node.kind === 'byte') {
    if (at < data.length && fits(node, data[at]!)) yield* hexEnds(rest, data, at + 1);
  } else if (node.kind === 'jump') {
    const to = Math.min(node.to ?? Infinity, data.length - at);
    for (let width = node.from; width <= to; width++) yield* hexEnds(rest, data, at + width);
  } else {
    for (const alternative of node.of) {
      for (const end of hexEnds(alternative, data, at)) yield* hexEnds(rest, data, end);
    }
  }
}

function fits({ high, low, not }: Extract<HexNode, { kind: 'byte' }>, byte: number): boolean {
  const isIt = (high === undefined || byte >> 4 === high) && (low === undefined || (byte & 15) === low);
  return isIt !== (not === true);
}

/** The pattern as a rule writes it. */
export function patternText(pattern: NaivePattern): string {
  if (pattern.kind === 'hex') return `{ ${hexText(pattern.nodes)} }`;
  const { bytes, ascii, wide, nocase, fullword, xor } = pattern;
  const words = [
    `"${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`,
    ...(ascii ? ['ascii'] : []),
    ...(wide ? ['wide'] : []),
    ...(nocase === true ? ['nocase'] : []),
    ...(fullword === true ? ['fullword'] : []),
    ...(xor ? [`xor(${xor[0]}-${xor[1]})`] : []),
  ];
  return words.join(' ');
}

function hexText(nodes: readonly HexNode[]): string {
  return nodes
    .map((node) => {
      if (node.kind === 'byte') return `${node.not === true ? '~' : ''}${nibble(node.high)}${nibble(node.low)}`;
      if (node.kind === 'jump') return node.from === node.to ? `[${node.from}]` : `[${node.from}-${node.to ?? ''}]`;
      return `(${node.of.map(hexText).join(' | ')})`;
    })
    .join(' ');
}

function nibble(value: number | undefined): string {
  return value === undefined ? '?' : value.toString(16);
}
