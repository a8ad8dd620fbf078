/**
 * What an object begins with when a rule asks a format module about it: a program. For rules about signatures it is one that
 * certificates of the names, serial numbers and times in the condition have signed; for others a real one, now and then
 * damaged. Its keys are new in each run, so that these objects are alike for one seed, but for their signatures.
 */
import type { Expression, Rule } from '../../shared/yara/syntax/ast.ts';
import { namesIn, walk } from './expressions.ts';
import { mutated } from './modules/mutate.ts';
import { packageFiles } from './modules/package-files.ts';
import { elfFiles } from './modules/real-files.ts';
import {
  authenticode,
  certificate,
  commonName,
  der,
  KEYS,
  text,
  unsignedImage,
  withSignatures,
} from './modules/signed-pe.ts';
import type { Random } from './random.ts';

/** Larger files would make the reference slow. */
const LARGEST = 200 * 1024;
const MOST_FILES = 40;
const MAX_TIME = 4_000_000_000;

/** Undefined where no rule needs one. */
export function containerFor(rules: readonly Rule[], random: Random): Uint8Array | undefined {
  const needing = (module: string): Rule[] =>
    rules.filter(({ condition }) => condition !== undefined && namesIn(condition).has(module));
  const pe = needing('pe');
  const signed = pe.filter(({ condition }) => asksForSignatures(condition!));
  if (signed.length > 0) {
    const image = unsignedImage();
    return withSignatures(image, ...signed.map(({ condition }) => signatureFor(condition!, image, random)));
  }
  if (pe.length > 0) return realFile('pe', random) ?? unsignedImage();
  return needing('elf').length > 0 ? realFile('elf', random) : undefined;
}

/** Headers that a plan must not write over, with their offsets. */
export function headersOf(container: Uint8Array): { readonly offset: number; readonly bytes: Uint8Array }[] {
  const first = { offset: 0, bytes: container.subarray(0, 64) };
  if (container.length < 64 || container[0] !== 0x4d) return [first];
  const offset = new DataView(container.buffer, container.byteOffset).getUint32(60, true);
  return [first, ...(offset >= 64 ? [{ offset, bytes: container.subarray(offset, offset + 32) }] : [])];
}

const known = new Map<string, readonly Uint8Array[]>();

function realFile(kind: 'pe' | 'elf', random: Random): Uint8Array | undefined {
  let files = known.get(kind);
  if (files === undefined) {
    const all = kind === 'elf' ? elfFiles(400) : packageFiles(Uint8Array.of(0x4d, 0x5a));
    files = all
      .map(({ bytes }) => bytes)
      .filter(({ length }) => length <= LARGEST)
      .slice(0, MOST_FILES);
    known.set(kind, files);
  }
  if (files.length === 0) return undefined;
  const file = random.pick(files);
  return random.chance(30) ? mutated(file, random, [{ offset: 0, length: Math.min(1024, file.length) }]) : file;
}

// Signatures --------------------------------------------------------------------------------------------------------------

/** What is said of `….field`, compared or looked through. */
function operandsOf(condition: Expression, field: string): { readonly operator: string; readonly other: Expression }[] {
  const found: { operator: string; other: Expression }[] = [];
  const isField = (expression: Expression): boolean => expression.kind === 'field' && expression.field.name === field;
  walk(condition, (expression) => {
    if (expression.kind !== 'comparison' && expression.kind !== 'textOperation') return;
    const { left, right, operator } = expression;
    if (isField(left)) found.push({ operator, other: right });
    else if (isField(right)) found.push({ operator: mirrored(operator), other: left });
  });
  return found;
}

function mirrored(operator: string): string {
  return operator.replace(/[<>]/, (sign) => (sign === '<' ? '>' : '<'));
}

function asksForSignatures(condition: Expression): boolean {
  return ['serial', 'subject', 'issuer', 'not_after'].some((field) => operandsOf(condition, field).length > 0);
}

function signatureFor(condition: Expression, image: Uint8Array, random: Random): Uint8Array {
  const textOf = (field: string): string | undefined => {
    const texts = operandsOf(condition, field).flatMap(({ other }) =>
      other.kind === 'text' ? [new TextDecoder().decode(other.bytes)] : [],
    );
    return texts.length > 0 ? random.pick(texts) : undefined;
  };
  const subject = commonName(textOf('subject') ?? 'Subject');
  const issuer = commonName(textOf('issuer') ?? 'Issuer');
  const serial = serialOf(textOf('serial') ?? '01:02:03');
  const own = certificate({
    subject,
    issuer,
    serial,
    key: KEYS.rsa,
    signer: KEYS.largeRsa,
    notBefore: time(timeFor(condition, 'not_before', random) ?? 1_000_000_000),
    notAfter: time(timeFor(condition, 'not_after', random) ?? 2_000_000_000),
  });
  return authenticode(image, { issuer, serial, key: KEYS.rsa, digest: 'sha256', certificates: [own] });
}

/** `01:a2:…` as an integer of ASN.1, as it stands there. */
function serialOf(digits: string): Buffer {
  const bytes = digits.split(':').map((pair) => Number.parseInt(pair, 16));
  return der(0x02, Uint8Array.from(bytes.some(Number.isNaN) ? [1] : bytes));
}

/** A number of seconds that does what the condition says of it, or barely not. */
function timeFor(condition: Expression, field: string, random: Random): number | undefined {
  const bounds = operandsOf(condition, field).filter(({ other }) => other.kind === 'integer');
  if (bounds.length === 0) return undefined;
  const { operator, other } = random.pick(bounds);
  const seconds = other.kind === 'integer' ? Number(other.value) : 0;
  const step = operator.startsWith('>') ? 1 : operator.startsWith('<') ? -1 : 0;
  return Math.min(MAX_TIME, Math.max(0, seconds + random.pick([0, step, step, step * 86_400])));
}

/** GeneralizedTime. */
function time(seconds: number): Buffer {
  const stamp = new Date(seconds * 1000).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return text(stamp, 0x18);
}
