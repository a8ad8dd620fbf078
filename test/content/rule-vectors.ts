/**
 * Reads the vectors files that stand beside the rules (`rules/<family>/<name>.vectors.yaml`): objects described in parts,
 * and for each the rules that match it. The format is described in `rules/README.md`.
 *
 * A file that does not follow the format is an error that names the file and the place; a vector is never skipped.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const MAX_BYTES_PER_VECTOR = 16 * 1024 * 1024;

export type VectorKind = 'hit' | 'near-miss' | 'miss';

export interface RuleVector {
  readonly name: string;
  readonly kind: VectorKind;
  /** The rules that match, in the order of their file. */
  readonly expect: readonly string[];
  readonly bytes: Uint8Array;
}

type Part =
  | { text: string }
  | { utf16le: string }
  | { hex: string }
  | { fill: { byte: string; length: number } }
  | { repeat: { times: number; parts: Part[] } }
  | { use: string };

const count = z.int().positive().max(MAX_BYTES_PER_VECTOR);
const hexText = z.string().regex(/^[0-9A-Fa-f]{2}(?:\s*[0-9A-Fa-f]{2})*$/, 'pairs of hex digits, quoted');

const part: z.ZodType<Part> = z.lazy(() =>
  z.union([
    z.strictObject({ text: z.string().min(1) }),
    z.strictObject({ utf16le: z.string().min(1) }),
    z.strictObject({ hex: hexText }),
    z.strictObject({ fill: z.strictObject({ byte: hexText.length(2), length: count }) }),
    z.strictObject({ repeat: z.strictObject({ times: count, parts: z.array(part).min(1) }) }),
    z.strictObject({ use: z.string() }),
  ]),
);

const vectorsFile = z.strictObject({
  parts: z.record(z.string(), z.array(part).min(1)).default({}),
  vectors: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        kind: z.enum(['hit', 'near-miss', 'miss']),
        expect: z.array(z.string()),
        bytes: z.array(part),
      }),
    )
    .min(1),
});

/** Reads one vectors file. Throws with the file's path when it does not follow the format. */
export function readRuleVectors(path: string): RuleVector[] {
  try {
    const file = vectorsFile.parse(parse(readFileSync(path, 'utf8')));
    return file.vectors.map((vector) => ({ ...vector, bytes: assemble(vector.bytes, file.parts) }));
  } catch (error) {
    throw new Error(`vectors file cannot be read: ${path}`, { cause: error });
  }
}

function assemble(parts: readonly Part[], named: Readonly<Record<string, readonly Part[]>>): Uint8Array {
  const pieces: Buffer[] = [];
  let length = 0;
  const add = (piece: Buffer): void => {
    length += piece.length;
    if (length > MAX_BYTES_PER_VECTOR) throw new Error(`a vector has more than ${MAX_BYTES_PER_VECTOR} bytes`);
    pieces.push(piece);
  };
  const append = (list: readonly Part[], isNamed: boolean): void => {
    for (const item of list) {
      if ('text' in item) add(Buffer.from(item.text, 'utf8'));
      else if ('utf16le' in item) add(Buffer.from(item.utf16le, 'utf16le'));
      else if ('hex' in item) add(Buffer.from(item.hex.replaceAll(/\s/g, ''), 'hex'));
      else if ('fill' in item) add(Buffer.alloc(item.fill.length, Number.parseInt(item.fill.byte, 16)));
      else if ('repeat' in item)
        for (let turn = 0; turn < item.repeat.times; turn++) append(item.repeat.parts, isNamed);
      else {
        const used = named[item.use];
        if (used === undefined || isNamed) throw new Error(`part cannot be used here: ${item.use}`);
        append(used, true);
      }
    }
  };
  append(parts, false);
  return Buffer.concat(pieces);
}
