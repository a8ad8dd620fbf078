/**
 * A range is cut at the end of the object; one that begins behind it, or is negative, gives undefined. The order of the
 * floating-point operations is part of the result.
 */
import { toInteger, type Integer } from '../../scan/integers.ts';
import type { CallContext, Implementation } from '../module.ts';
import {
  computeOver,
  type Distribution,
  type MonteCarlo,
  type RangeResults,
  type SerialCorrelation,
} from '../range-computations.ts';
import type { RangeKind } from '../schema.ts';

const encoder = new TextEncoder();

export const mathFunctions: Readonly<Record<string, Implementation>> = {
  'math.min(integer, integer)': (_context, a: Integer, b: Integer) => (a < b ? a : b),
  'math.max(integer, integer)': (_context, a: Integer, b: Integer) => (a > b ? a : b),
  // The smallest integer has no opposite within 64 bits and stays itself.
  'math.abs(integer)': (_context, x: Integer) => (x < 0 ? toInteger(BigInt.asIntN(64, -BigInt(x))) : x),
  'math.in_range(float, float, float)': (_context, x: number, min: number, max: number) => min <= x && x <= max,
  'math.in_range(integer, integer, integer)': (_context, x: Integer, min: Integer, max: Integer) =>
    min <= x && x <= max,
  'math.to_number(boolean)': (_context, truth: boolean) => (truth ? 1 : 0),
  'math.to_string(integer)': (_context, x: Integer) => encoder.encode(String(x)),
  'math.to_string(integer, integer)': (_context, x: Integer, base: Integer) => toText(x, base),

  'math.count(integer, integer, integer)': (context, byte: Integer, offset: Integer, length: Integer) =>
    countOf(byte, overRange(context, 'distribution', offset, length)),
  'math.count(integer)': (context, byte: Integer) => countOf(byte, overAll(context)),
  'math.percentage(integer, integer, integer)': (context, byte: Integer, offset: Integer, length: Integer) =>
    percentageOf(byte, overRange(context, 'distribution', offset, length)),
  'math.percentage(integer)': (context, byte: Integer) => percentageOf(byte, overAll(context)),
  'math.mode()': (context) => modeOf(overAll(context)),
  'math.mode(integer, integer)': (context, offset: Integer, length: Integer) =>
    modeOf(overRange(context, 'distribution', offset, length)),

  ...overloads('entropy', 'distribution', [], entropyOf),
  ...overloads('deviation', 'distribution', ['float'], deviationOf),
  ...overloads('mean', 'distribution', [], meanOf),
  ...overloads('serial_correlation', 'serialCorrelation', [], serialCorrelationOf),
  ...overloads('monte_carlo_pi', 'monteCarlo', [], monteCarloPiOf),
};

/** For a range and for a text. */
function overloads<Kind extends RangeKind>(
  name: string,
  kind: Kind,
  others: readonly 'float'[],
  result: (computed: RangeResults[Kind], other: number) => number | undefined,
): Record<string, Implementation> {
  return {
    [`math.${name}(${['integer', 'integer', ...others].join(', ')})`]: (
      context: CallContext,
      offset: Integer,
      length: Integer,
      other: number,
    ) => {
      const computed = overRange(context, kind, offset, length);
      return computed && result(computed, other);
    },
    [`math.${name}(${['text', ...others].join(', ')})`]: (_context: CallContext, text: Uint8Array, other: number) =>
      result(computeOver(kind, text), other),
  };
}

function overRange<Kind extends RangeKind>(
  context: CallContext,
  kind: Kind,
  offset: Integer,
  length: Integer,
): RangeResults[Kind] | undefined {
  const { size } = context.object;
  if (offset < 0 || length < 0 || offset > size) return undefined;
  const start = Number(offset);
  return context.range(kind, start, Math.min(Number(length), size - start));
}

function overAll(context: CallContext): Distribution {
  return context.range('distribution', 0, context.object.size);
}

const BASES: ReadonlySet<Integer> = new Set([8, 10, 16]);

/** In bases 8 and 16 the bits are shown, so a negative number has 64 of them. */
function toText(x: Integer, base: Integer): Uint8Array | undefined {
  if (!BASES.has(base)) return undefined;
  const shown = base === 10 ? BigInt(x) : BigInt.asUintN(64, BigInt(x));
  return encoder.encode(shown.toString(Number(base)));
}

function countOf(byte: Integer, distribution: Distribution | undefined): number | undefined {
  if (distribution === undefined || byte < 0 || byte > 255) return undefined;
  return distribution.counts[Number(byte)];
}

function percentageOf(byte: Integer, distribution: Distribution | undefined): number | undefined {
  const count = countOf(byte, distribution);
  return count === undefined || distribution!.length === 0 ? undefined : count / distribution!.length;
}

/** The most frequent byte; of several the smallest. */
function modeOf(distribution: Distribution | undefined): number | undefined {
  if (distribution === undefined || distribution.length === 0) return undefined;
  const { counts } = distribution;
  return counts.indexOf(counts.reduce((most, count) => Math.max(most, count)));
}

function entropyOf({ counts, length }: Distribution): number {
  let entropy = 0;
  for (const count of counts) {
    if (count === 0) continue;
    const share = count / length;
    entropy -= share * Math.log2(share);
  }
  return entropy;
}

function deviationOf({ counts, length }: Distribution, mean: number): number | undefined {
  if (length === 0) return undefined;
  let sum = 0;
  counts.forEach((count, byte) => {
    sum += Math.abs(byte - mean) * count;
  });
  return sum / length;
}

function meanOf({ counts, length }: Distribution): number | undefined {
  if (length === 0) return undefined;
  let sum = 0;
  counts.forEach((count, byte) => {
    sum += byte * count;
  });
  return sum / length;
}

/** Stands for the correlation of bytes that are all the same, or none. */
const NO_CORRELATION = -100_000;

function serialCorrelationOf({ products, sum, squares, length }: SerialCorrelation): number {
  const squaredSum = sum * sum;
  const correlation = (length * products - squaredSum) / (length * squares - squaredSum);
  return Number.isNaN(correlation) ? NO_CORRELATION : correlation;
}

/** How far, in parts of pi, the share of points inside a circle is from what it would be for random ones. */
function monteCarloPiOf({ inside, points }: MonteCarlo): number | undefined {
  if (points === 0) return undefined;
  return Math.abs(4 * (inside / points) - Math.PI) / Math.PI;
}
