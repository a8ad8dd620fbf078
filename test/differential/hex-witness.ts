/** Bytes that a hex pattern matches: wildcards filled, jumps of a legal length, one of the alternatives. */
import type { HexNode } from '../../shared/yara/syntax/hex-ast.ts';
import type { Random } from './random.ts';

/** A witness grows no longer than this by what may be chosen. */
const LONGEST_JUMP = 20_000;

export function writeHexWitness(node: HexNode, random: Random, out: number[]): void {
  switch (node.kind) {
    case 'bytes':
      node.values.forEach((value, at) => out.push(value | (random.byte() & ~node.masks[at]!)));
      return;
    case 'negatedByte':
      for (;;) {
        const byte = random.byte();
        if ((byte & node.mask) === node.value) continue;
        out.push(byte);
        return;
      }
    case 'jump': {
      const length = jumpLength(node.min, node.max, random);
      // Mostly one byte over and over: what lies between is not the point, and zeros are what gaps hold.
      const fill = random.chance(60) ? random.byte() : undefined;
      for (let at = 0; at < length; at++) out.push(fill ?? random.byte());
      return;
    }
    case 'alternatives':
      writeHexWitness(random.pick(node.alternatives), random, out);
      return;
    case 'sequence':
      for (const item of node.items) writeHexWitness(item, random, out);
      return;
  }
}

function jumpLength(min: number, max: number | undefined, random: Random): number {
  if (max === undefined) return min + random.pick([0, 1, random.below(40), random.below(400), random.below(6000)]);
  return random.pick([min, Math.min(max, min + LONGEST_JUMP), random.between(min, Math.min(max, min + LONGEST_JUMP))]);
}
