/** What a scan was asked, with every default filled in and every value checked. */
import { EXTERNAL, EXTERNAL_FIELDS, EXTERNAL_TYPE, textOf, type RuleImage } from '../bundle/image.ts';
import type { ExternalValue, Externals } from '../compiler/externals.ts';
import type { ExternalScanValue } from './evaluator.ts';
import { toInteger } from './integers.ts';
import { MAX_MATCHES_PER_PATTERN } from './match-store.ts';
import type { ScanLimits, ScanOptions } from './scan-result.ts';

export const DEFAULT_LIMITS: ScanLimits = {
  matchesPerPattern: 1_000_000,
  matchBytes: 64 * 1024 * 1024,
  readBytes: 1024 * 1024 * 1024,
  reads: 10_000,
  pageRounds: 1_000,
  evaluationSteps: 100_000_000,
  retainedBytes: 1024 * 1024,
};

/** Matches per pattern that an evidence report lists. */
export const EVIDENCE_MATCHES = 16;

export interface ScanSettings {
  readonly size: number | undefined;
  readonly readAt: ScanOptions['readAt'] | undefined;
  readonly report: 'all' | 'evidence';
  readonly limits: ScanLimits;
  readonly externals: ReadonlyMap<number, ExternalScanValue>;
  readonly abortSignal: AbortSignal | undefined;
}

/** Throws a RangeError or TypeError that names the option and what it takes. */
export function readScanOptions(image: RuleImage, options: ScanOptions): ScanSettings {
  const { size } = options;
  if (size !== undefined && (!Number.isSafeInteger(size) || size < 0)) {
    throw new RangeError(`option size must be a whole number of bytes from 0 to 2^53 − 1, not ${size}`);
  }
  const limits = { ...DEFAULT_LIMITS };
  for (const [name, value] of Object.entries(options.limits ?? {})) {
    if (!Object.hasOwn(limits, name)) {
      throw new TypeError(`there is no limit ${name}; the limits are ${Object.keys(limits).join(', ')}`);
    }
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`limit ${name} must be a whole number from 0 on, not ${value}`);
    }
    limits[name as keyof typeof limits] = value;
  }
  limits.matchesPerPattern = Math.min(limits.matchesPerPattern, MAX_MATCHES_PER_PATTERN);
  return {
    size,
    readAt: options.readAt,
    report: options.report ?? 'all',
    limits,
    externals: readExternals(image, options.externals ?? {}),
    abortSignal: options.abortSignal,
  };
}

function readExternals(image: RuleImage, externals: Externals): ReadonlyMap<number, ExternalScanValue> {
  const values = new Map<number, ExternalScanValue>();
  const known = externalNames(image);
  for (const [name, value] of Object.entries(externals)) {
    const external = known.indexOf(name);
    if (external < 0) {
      throw new TypeError(
        `external ${name} was not declared when the rules were compiled; declared are: ${known.join(', ') || 'none'}`,
      );
    }
    values.set(external, convert(name, value, image.externals[external * EXTERNAL_FIELDS + EXTERNAL.type]!));
  }
  return values;
}

/** In the order of their numbers. */
export function externalNames(image: RuleImage): string[] {
  const names: string[] = [];
  for (let row = 0; row < image.externals.length; row += EXTERNAL_FIELDS) {
    names.push(textOf(image, image.externals[row + EXTERNAL.name]!));
  }
  return names;
}

function convert(name: string, value: ExternalValue, type: number): ExternalScanValue {
  const given = externalType(value);
  if (given !== type) {
    throw new TypeError(
      `external ${name} was declared as ${typeNames[type]} and cannot take the ${typeNames[given]} value given`,
    );
  }
  if (typeof value === 'object') return value.float;
  if (typeof value === 'string') return new TextEncoder().encode(value);
  if (typeof value === 'bigint') return toInteger(BigInt.asIntN(64, value));
  return value;
}

const typeNames: Readonly<Record<number, string>> = {
  [EXTERNAL_TYPE.text]: 'text',
  [EXTERNAL_TYPE.integer]: 'integer',
  [EXTERNAL_TYPE.float]: 'float',
  [EXTERNAL_TYPE.boolean]: 'boolean',
};

/** One of `EXTERNAL_TYPE`. */
export function externalType(value: ExternalValue): number {
  switch (typeof value) {
    case 'string':
      return EXTERNAL_TYPE.text;
    case 'boolean':
      return EXTERNAL_TYPE.boolean;
    case 'bigint':
      return EXTERNAL_TYPE.integer;
    case 'number':
      return Number.isSafeInteger(value) ? EXTERNAL_TYPE.integer : EXTERNAL_TYPE.float;
    default:
      return EXTERNAL_TYPE.float;
  }
}
