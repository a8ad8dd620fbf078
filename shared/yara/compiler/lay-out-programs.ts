/** Writes programs, atoms and chains as the flat tables of the image. */
import type { RuleImage } from '../bundle/image.ts';
import type { Atom } from './atoms.ts';
import type { ProgramSet } from './programs.ts';

export interface ProgramLayout {
  readonly sections: Pick<RuleImage, 'programs' | 'atoms' | 'chains' | 'pieces'>;
  /** Number of the first atom of each program's list. */
  readonly firstAtom: ReadonlyMap<readonly Atom[], number>;
}

export function layOutPrograms({ programs, chains, pieces }: ProgramSet): ProgramLayout {
  const rows: number[] = [];
  const atoms: number[] = [];
  const firstAtom = new Map<readonly Atom[], number>();
  let atomCount = 0;
  programs.forEach(({ target, flags, rank, minLength, maxLength, shape, atoms: list }, program) => {
    rows.push(target, flags, rank, minLength, bounded(maxLength), shape, list === undefined ? 0 : 1);
    if (list === undefined) return;
    firstAtom.set(list, atomCount);
    atomCount += list.length;
    for (const { minBefore, maxBefore, maxBehind, guard } of list) {
      atoms.push(program, Math.min(minBefore, maxLength), bounded(maxBefore), bounded(maxBehind), guard);
    }
  });
  return {
    firstAtom,
    sections: {
      programs: Int32Array.from(rows),
      atoms: Int32Array.from(atoms),
      chains: Int32Array.from(
        chains.flatMap((chain) => [chain.pattern, chain.firstPiece, chain.pieceCount, Number(chain.isGreedy)]),
      ),
      pieces: Float64Array.from(pieces.flatMap(({ chain, minGap, maxGap }) => [chain, minGap, maxGap])),
    },
  };
}

/** −1 stands for what has no bound below the reach. */
function bounded(length: number): number {
  return Number.isFinite(length) && length < 2 ** 31 ? length : -1;
}
