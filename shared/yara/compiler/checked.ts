/**
 * A checked expression: its type, its value where that is known at compile time, and how to write its byte code. The checker
 * makes them from the syntax tree; writing happens once the whole rule has turned out sound.
 */
import type { ImageBuilder } from '../bundle/image-builder.ts';
import { OP, type Instruction } from '../bundle/opcodes.ts';
import type { FunctionSchema, ResultConstraint, ScalarSchema, StructureSchema, TypeSchema } from '../modules/schema.ts';

/** What an expression may be; functions have no value but can be called and given a name. */
export type CheckedType = TypeSchema | 'regex' | FunctionType;

export interface FunctionType {
  readonly kind: 'function';
  readonly name: string;
  readonly target: ReaderTarget | LengthTarget | ModuleTarget;
}

/** `len` of a text, an array or a dictionary: `receiver`. */
export interface LengthTarget {
  readonly kind: 'length';
  readonly receiver: Checked;
}

/** One of `readers`: it takes an offset. */
export interface ReaderTarget {
  readonly kind: 'reader';
  readonly reader: number;
}

export interface ModuleTarget {
  readonly kind: 'module';
  readonly structure: StructureSchema;
  readonly overloads: readonly FunctionSchema[];
  /** The structure it was found in, which a method takes as its first argument. */
  readonly receiver: Checked;
}

/** A value known at compile time; text is its bytes. */
export type Constant = boolean | bigint | number | Uint8Array;

export interface Checked {
  readonly type: CheckedType;
  readonly constant?: Constant | undefined;
  readonly constraint?: ResultConstraint | undefined;
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

  /** Writes a number to be filled in later, and says where. */
  place(instruction: Instruction): number {
    this.op(instruction, 0);
    return this.at - 1;
  }

  fill(place: number, value: number): void {
    this.#image.code[place] = value;
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

export function floatConstant(value: number): Checked {
  return {
    type: 'float',
    constant: value,
    write: (to) => {
      to.op('float', to.image.float(value));
    },
  };
}

export function textConstant(bytes: Uint8Array): Checked {
  return {
    type: 'text',
    constant: bytes,
    write: (to) => {
      to.op('text', to.image.bytes(bytes));
    },
  };
}

export function booleanConstant(value: boolean): Checked {
  return { ...operation('boolean', value ? 'true' : 'false'), constant: value };
}

/** One instruction after its operands. */
export function operation(type: CheckedType, instruction: Instruction, ...operands: readonly Checked[]): Checked {
  return {
    type,
    write: (to) => {
      for (const operand of operands) operand.write(to);
      to.op(instruction);
    },
  };
}

export function isScalar(type: CheckedType): type is ScalarSchema {
  return typeof type === 'string' && type !== 'regex';
}

export function isNumber(type: CheckedType): type is 'integer' | 'float' {
  return type === 'integer' || type === 'float';
}

/** The value of an integer that is known. */
export function constantInteger(checked: Checked | undefined): bigint | undefined {
  return typeof checked?.constant === 'bigint' ? checked.constant : undefined;
}

/** The type as the object of a sentence: "an integer". */
export function article(type: CheckedType | 'function'): string {
  const word = typeof type === 'string' ? type : type.kind;
  if (word === 'text') return 'text';
  return word === 'integer' || word === 'array' ? `an ${word}` : `a ${word}`;
}

/** "an integer, a float or text" */
export function anyOf(types: readonly CheckedType[]): string {
  const words = types.map(article);
  const last = words.pop() ?? '';
  return words.length === 0 ? last : `${words.join(', ')} or ${last}`;
}
