/** What a scan was asked, with every default filled in and every value checked. */
import { EXTERNAL, EXTERNAL_FIELDS, EXTERNAL_TYPE, EXTERNAL_TYPE_NAMES, type RuleImage } from '../bundle/image.ts';
import { externalsOf } from '../bundle/loaded-rules.ts';
import { STEPS_PER_BYTE } from '../compiler/dense-repeats.ts';
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
  pageRounds: 10_000,
  evaluationSteps: 100_000_000,
  retainedBytes: 1024 * 1024,
  stepsPerByte: STEPS_PER_BYTE,
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
  readonly onConsole: ScanOptions['onConsole'] | undefined;
  readonly profile: boolean;
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
    onConsole: options.onConsole,
    profile: options.profile === true,
  };
}

function readExternals(image: RuleImage, externals: Externals): ReadonlyMap<number, ExternalScanValue> {
  const values = new Map<number, ExternalScanValue>();
  const known = externalsOf(image).map(({ name }) => name);
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

function convert(name: string, value: ExternalValue, type: number): ExternalScanValue {
  const given = externalType(value);
  if (given !== type) {
    throw new TypeError(
      `external ${name} was declared as ${EXTERNAL_TYPE_NAMES[type as keyof typeof EXTERNAL_TYPE_NAMES]} and cannot take the ${EXTERNAL_TYPE_NAMES[given]} value given`,
    );
  }
  if (typeof value === 'object') return value.float;
  if (typeof value === 'string') return new TextEncoder().encode(value);
  if (typeof value === 'bigint') return toInteger(BigInt.asIntN(64, value));
  return value;
}

/** One of `EXTERNAL_TYPE`. */
export function externalType(value: ExternalValue): keyof typeof EXTERNAL_TYPE_NAMES {
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
