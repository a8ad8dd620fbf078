/**
 * A checked expression: its type, its value where that is known at compile time, and how to write its byte code. The checker
 * makes them from the syntax tree; writing happens once the whole rule has turned out sound.
 */
import type { ImageBuilder } from '../bundle/image-builder.ts';
import { OP, type Instruction } from '../bundle/opcodes.ts';

export type ValueType = 'boolean' | 'integer' | 'float' | 'text';

export interface Checked {
  readonly type: ValueType;
  /** Of an integer; other constants need no look ahead. */
  readonly constant?: bigint | undefined;
  readonly write: (to: CodeWriter) => void;
}

/** Appends instructions to an image's code. */
export class CodeWriter {
  readonly #image: ImageBuilder;

  constructor(image: ImageBuilder) {
    this.#image = image;
  }

  get image(): ImageBuilder {
    return this.#image;
  }

  get at(): number {
    return this.#image.code.length;
  }

  op(instruction: Instruction, ...operands: number[]): void {
    this.#image.code.push(OP[instruction], ...operands);
  }

  /** Writes an instruction one of whose operands is the index behind what is written meanwhile. */
  jumpBehind(instruction: Instruction, operands: readonly number[], targetOperand: number, write: () => void): void {
    this.op(instruction, ...operands);
    const place = this.at - operands.length + targetOperand;
    write();
    this.#image.code[place] = this.at;
  }
}

const INT32_MIN = -(2n ** 31n);
const INT32_MAX = 2n ** 31n - 1n;

export function integerConstant(value: bigint): Checked {
  return {
    type: 'integer',
    constant: value,
    write: (to) => {
      if (value >= INT32_MIN && value <= INT32_MAX) to.op('small', Number(value));
      else to.op('integer', to.image.integer(value));
    },
  };
}

/** One instruction after its operands. */
export function operation(type: ValueType, instruction: Instruction, ...operands: readonly Checked[]): Checked {
  return {
    type,
    write: (to) => {
      for (const operand of operands) operand.write(to);
      to.op(instruction);
    },
  };
}
