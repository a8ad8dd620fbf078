/**
 * The bundle: an image as bytes. The same rules give the same bytes, on every machine.
 *
 * ```
 * offset  size  what
 * 0       8     "SLUICERB"
 * 8       8     format version (float64, little-endian, as all numbers)
 * 16      32    SHA-256 of everything behind it: the rules' digest
 * 48      …     the sections in the order of `sectionTypes`: length in elements (8 bytes), elements, padding to 8 bytes
 * ```
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { CompiledRules } from '../compiler/compiled-rules.ts';
import { FORMAT_VERSION } from '../version.ts';
import { ByteReader, ByteWriter } from './byte-stream.ts';
import { checkImage } from './check-image.ts';
import { sectionTypes, type RuleImage, type SectionName } from './image.ts';
import { loaded, LoadedRules } from './loaded-rules.ts';

const MAGIC = new TextEncoder().encode('SLUICERB');
const DIGEST_BYTES = 32;

/** The bytes are no bundle of this engine, or were damaged. */
export class BundleError extends Error {
  readonly code = 'BUNDLE_INVALID';

  constructor(problem: string) {
    super(`the rule bundle cannot be used: ${problem}`);
    this.name = 'BundleError';
  }
}

export function encodeRules(rules: CompiledRules): Uint8Array {
  const { image, digest } = loaded(rules);
  const writer = new ByteWriter();
  writer.raw(MAGIC);
  writer.number(FORMAT_VERSION);
  writer.raw(hexToBytes(digest));
  writer.raw(encodeSections(image));
  return writer.finish();
}

export interface DecodeOptions {
  /** SHA-256 of the host, 32 bytes, where it has a faster one than JavaScript: a third of the time goes there. */
  readonly sha256?: (bytes: Uint8Array) => Uint8Array;
}

/** Parses no rule: checks the digest and that every table is sound, then views them in place. Throws a BundleError. */
export function decodeRules(bytes: Uint8Array, options: DecodeOptions = {}): CompiledRules {
  const fail = (problem: string): Error => new BundleError(problem);
  const reader = new ByteReader(bytes, fail);
  if (bytes.length < MAGIC.length || !MAGIC.every((byte, at) => bytes[at] === byte)) {
    throw new BundleError('it does not begin as a bundle does');
  }
  reader.raw(MAGIC.length);
  const version = reader.number();
  if (version !== FORMAT_VERSION) {
    throw new BundleError(
      `its format is version ${version}, this engine reads version ${FORMAT_VERSION}: compile the rules again`,
    );
  }
  const digest = reader.raw(DIGEST_BYTES);
  const hash = options.sha256 ?? sha256;
  const actual = hash(bytes.subarray(MAGIC.length + 8 + DIGEST_BYTES));
  if (!digest.every((byte, at) => actual[at] === byte)) throw new BundleError('its checksum does not fit its content');
  const image = Object.fromEntries(
    Object.entries(sectionTypes).map(([name, type]) => [name, reader.array(type as typeof Uint8Array)]),
  ) as unknown as RuleImage;
  reader.end();
  const problem = checkImage(image);
  if (problem !== undefined) throw new BundleError(problem);
  return new LoadedRules(image, bytesToHex(actual));
}

/** Rules as the compiler has made them, with their digest. */
export function loadImage(image: RuleImage): LoadedRules {
  return new LoadedRules(image, bytesToHex(sha256(encodeSections(image))));
}

function encodeSections(image: RuleImage): Uint8Array {
  const writer = new ByteWriter();
  for (const name of Object.keys(sectionTypes) as SectionName[]) writer.array(image[name]);
  return writer.finish();
}
