/**
 * `--define name=value`: values for externals, as a person writes them. The text's form decides its type:
 *
 *   true, false            boolean
 *   7, -7, 0x1f            integer of 64 bits
 *   0.5, -1e3              float
 *   anything else          text
 *
 * The externals that are filled from the object are always text. Rules in a bundle have their types already, so there the text
 * is read as what they ask for.
 */
import { defaultExternals } from '../scanner/object-externals.ts';
import type { CompiledRules, Externals } from '../yara/index.ts';
import { UsageError } from './exit-status.ts';

type ExternalValue = Externals[string];

export interface Definition {
  readonly name: string;
  readonly text: string;
  readonly value: ExternalValue;
}

const LARGEST_INTEGER = 2n ** 63n - 1n;
const SMALLEST_INTEGER = -(2n ** 63n);

/** Throws a `UsageError` (USAGE) that quotes the definition. */
export function parseDefinition(definition: string): Definition {
  const equals = definition.indexOf('=');
  const name = definition.slice(0, Math.max(equals, 0));
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new UsageError(`--define ${definition}: not of the form name=value`, {
      hint: 'a name is letters, digits and _, not beginning with a digit: --define environment=production',
    });
  }
  const text = definition.slice(equals + 1);
  return { name, text, value: Object.hasOwn(defaultExternals, name) ? text : inferValue(definition, text) };
}

/** The values as inferred, to compile rules with; of a name that is given twice the last. */
export function valuesOf(definitions: readonly Definition[]): Externals {
  return Object.fromEntries(definitions.map(({ name, value }) => [name, value]));
}

/**
 * The values in the types that compiled rules declare; those of names they do not declare are left out. Throws a `UsageError`
 * (USAGE) for a text that cannot be of the declared type.
 */
export function valuesFor(rules: CompiledRules, definitions: readonly Definition[]): Externals {
  const types = new Map(rules.externals.map(({ name, type }) => [name, type]));
  const fitted: Record<string, ExternalValue> = {};
  for (const definition of definitions) {
    const type = types.get(definition.name);
    if (type !== undefined) fitted[definition.name] = readAs(definition, type);
  }
  return fitted;
}

function readAs({ name, text, value }: Definition, type: CompiledRules['externals'][number]['type']): ExternalValue {
  switch (type) {
    case 'text':
      return text;
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'integer':
      if (typeof value === 'bigint') return value;
      break;
    case 'float':
      if (isNumber(text)) return { float: Number(text) };
      break;
  }
  throw new UsageError(`--define ${name}=${text}: the compiled rules take ${type === 'integer' ? 'an' : 'a'} ${type}`);
}

function inferValue(definition: string, text: string): ExternalValue {
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^[+-]?(\d+|0x[0-9a-f]+)$/i.test(text)) return parseInteger(definition, text);
  return isNumber(text) ? { float: Number(text) } : text;
}

function parseInteger(definition: string, text: string): bigint {
  const magnitude = BigInt(text.replace(/^[+-]/, ''));
  const value = text.startsWith('-') ? -magnitude : magnitude;
  if (value > LARGEST_INTEGER || value < SMALLEST_INTEGER) {
    throw new UsageError(`--define ${definition}: an integer has at most 64 bits`);
  }
  return value;
}

function isNumber(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text));
}
