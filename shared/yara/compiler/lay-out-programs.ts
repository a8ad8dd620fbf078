/** Writes programs, atoms and chains as the flat tables of the image. */
import type { RuleImage } from '../bundle/image.ts';
import type { Program, ProgramSet } from './programs.ts';

export function layOutPrograms(
  programs: readonly Program[],
  { chains, pieces }: ProgramSet,
): Pick<RuleImage, 'programs' | 'atoms' | 'chains' | 'pieces'> {
  const rows: number[] = [];
  const atomRows: number[] = [];
  programs.forEach(({ target, flags, rank, minLength, maxLength, shape, atoms }, program) => {
    rows.push(target, flags, rank, minLength, bounded(maxLength), shape, atoms === undefined ? 0 : 1);
    for (const { minBefore, maxBefore, guard } of atoms ?? []) {
      atomRows.push(program, Math.min(minBefore, maxLength), bounded(maxBefore), guard);
    }
  });
  return {
    programs: Int32Array.from(rows),
    atoms: Int32Array.from(atomRows),
    chains: Int32Array.from(
      chains.flatMap((chain) => [chain.pattern, chain.firstPiece, chain.pieceCount, Number(chain.isGreedy)]),
    ),
    pieces: Float64Array.from(pieces.flatMap(({ chain, minGap, maxGap }) => [chain, minGap, maxGap])),
  };
}

/** −1 stands for what has no bound below the reach. */
function bounded(length: number): number {
  return Number.isFinite(length) && length < 2 ** 31 ? length : -1;
}
