/**
 * Unrolls the shapes of an image. They are kept as they were written, so what is never run costs next to nothing; whoever
 * runs one keeps what comes out. The image was checked: none is larger than `MAX_STATES`.
 */
import { shapeCodeOf, type RuleImage } from '../bundle/image.ts';
import { statesOf } from '../compiler/automaton.ts';
import { decodeShape } from '../compiler/shape-code.ts';
import { measureShape, type ShapeSize } from '../compiler/shape-size.ts';
import { reversed, type Shape } from '../compiler/shape.ts';

export interface Unrolled {
  /** `STATE_FIELDS` (compiler/automaton.ts) numbers per state. */
  readonly states: Int32Array;
  /** The byte sets that states number. */
  readonly sets: readonly Uint32Array[];
}

export class Unroller {
  readonly #image: RuleImage;
  #sets: readonly Uint32Array[] | undefined;
  #numbers: ReadonlyMap<Uint32Array, number> = new Map();

  constructor(image: RuleImage) {
    this.#image = image;
  }

  /** For matches of at most `reach` bytes; `isReversed` to be read towards the start. */
  unroll(shape: number, reach: number, isReversed = false): Unrolled {
    const forward = this.shapeOf(shape);
    const states = statesOf(isReversed ? reversed(forward) : forward, reach, (set) => this.#numbers.get(set)!);
    return { states, sets: this.#sets! };
  }

  shapeOf(shape: number): Shape {
    return decodeShape(shapeCodeOf(this.#image, shape), (this.#sets ??= this.#readSets()));
  }

  sizeOf(shape: number, reach: number): ShapeSize {
    return measureShape(shapeCodeOf(this.#image, shape), this.#image.byteSets.length / 8, reach)!;
  }

  #readSets(): readonly Uint32Array[] {
    const { byteSets } = this.#image;
    const sets = Array.from({ length: byteSets.length / 8 }, (_, set) => byteSets.subarray(set * 8, set * 8 + 8));
    this.#numbers = new Map(sets.map((set, number) => [set, number]));
    return sets;
  }
}
