/**
 * Every integer operator on every pair of edges of 64 bits. The operands are externals, so that nothing is folded before
 * the scan; what should come out is said by big integers cut to 64 bits.
 */
import type { Case } from '../case.ts';
import { sheetOf } from '../sheet.ts';

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const operands = [
  MIN,
  MIN + 1n,
  -(2n ** 53n) - 1n,
  -(2n ** 32n),
  -65n,
  -64n,
  -2n,
  -1n,
  0n,
  1n,
  2n,
  63n,
  64n,
  65n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n + 1n,
  MAX - 1n,
  MAX,
];

/** `undefined` where the language says undefined. */
type Operator = (left: bigint, right: bigint) => bigint | undefined;

const arithmetic: Readonly<Record<string, Operator>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '\\': (left, right) => (right === 0n ? undefined : left / right),
  '%': (left, right) => (right === 0n ? undefined : left % right),
};

const bitwise: Readonly<Record<string, Operator>> = {
  '&': (left, right) => left & right,
  '|': (left, right) => left | right,
  '^': (left, right) => left ^ right,
  '<<': (left, right) => shift(left, right, (value, count) => value << count),
  '>>': (left, right) => shift(left, right, (value, count) => value >> count),
};

/** Counts of 64 and more push everything out, signs too; negative ones are taken modulo 64. */
function shift(left: bigint, count: bigint, by: (value: bigint, count: bigint) => bigint): bigint {
  if (count >= 64n) return 0n;
  return by(left, count < 0n ? BigInt.asUintN(6, count) : count);
}

const comparisons: Readonly<Record<string, (left: bigint, right: bigint) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

const shared = {
  chapter: 'integer operators',
  bytes: new Uint8Array(0),
  externals: Object.fromEntries(operands.map((value, index) => [`e${index}`, value])),
};

export function integerOperatorCases(): Case[] {
  return [
    ...Object.entries(arithmetic).map(([symbol, operator]) =>
      binary(symbol, operator, ['arithmetic', 'defined', 'externals']),
    ),
    ...Object.entries(bitwise).map(([symbol, operator]) =>
      binary(symbol, operator, ['bitwise', 'defined', 'externals']),
    ),
    ...Object.entries(comparisons).map(([symbol, holds]) => comparison(symbol, holds)),
    unary('-', (value) => -value, ['arithmetic', 'externals']),
    unary('~', (value) => ~value, ['bitwise', 'externals']),
  ];
}

function binary(symbol: string, operator: Operator, features: string[]): Case {
  const conditions = new Map<string, boolean>();
  operands.forEach((left, i) => {
    operands.forEach((right, j) => {
      // The reference breaks down here; `cases/numbers.yaml` has what ours says.
      if (symbol === '\\' && left === MIN && right === -1n) return;
      const result = operator(left, right);
      const text = `e${i} ${symbol} e${j}`;
      if (result === undefined) conditions.set(`not defined (${text})`, true);
      else conditions.set(`(${text}) == ${literal(BigInt.asIntN(64, result))}`, true);
    });
  });
  return {
    ...shared,
    name: `${symbol} on pairs of ${operands.map(String).join(' ')}`,
    features,
    ...sheetOf(conditions),
  };
}

function comparison(symbol: string, holds: (left: bigint, right: bigint) => boolean): Case {
  const conditions = new Map<string, boolean>();
  operands.forEach((left, i) => {
    operands.forEach((right, j) => conditions.set(`e${i} ${symbol} e${j}`, holds(left, right)));
  });
  return { ...shared, name: `${symbol} on the same pairs`, features: ['externals'], ...sheetOf(conditions) };
}

function unary(symbol: string, operator: (value: bigint) => bigint, features: string[]): Case {
  const conditions = new Map<string, boolean>();
  operands.forEach((value, i) => {
    conditions.set(`${symbol}e${i} == ${literal(BigInt.asIntN(64, operator(value)))}`, true);
  });
  return { ...shared, name: `${symbol} on each of them`, features, ...sheetOf(conditions) };
}

/** The least integer cannot be written, so it stands as an external. */
function literal(value: bigint): string {
  return value === MIN ? 'e0' : String(value);
}
