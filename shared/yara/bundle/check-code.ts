/**
 * Is byte code sound? Every rule's code is walked once with types in place of values: whole instructions, operands that name
 * what exists, jumps that go where the stack fits, and a stack that always holds what an instruction takes. So a bundle
 * from outside may give wrong answers, but nothing in it can break a scan.
 *
 * Types: `b` boolean, `i` integer, `f` float, `t` text, `p` pattern. In signatures `x` stands for `i` or `f`.
 */
import {
  EXTERNAL,
  EXTERNAL_FIELDS,
  EXTERNAL_TYPE,
  PATTERN_FIELDS,
  RULE,
  RULE_FIELDS,
  type RuleImage,
} from './image.ts';
import { OP, operandCounts, QUANTIFIER, readers, type Instruction } from './opcodes.ts';

const instructionNames = Object.entries(OP)
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => name as Instruction);

/** What instructions take and leave whose operands need no look. */
const signatures: Partial<Record<Instruction, string>> = {
  true: '>b',
  false: '>b',
  small: '>i',
  filesize: '>i',
  and: 'bb>b',
  or: 'bb>b',
  not: 'b>b',
  truth: 'x>b',
  textTruth: 't>b',
  toInteger: 'b>i',
  toFloat: 'i>f',
  add: 'ii>i',
  subtract: 'ii>i',
  multiply: 'ii>i',
  divide: 'ii>i',
  remainder: 'ii>i',
  negate: 'i>i',
  bitAnd: 'ii>i',
  bitOr: 'ii>i',
  bitXor: 'ii>i',
  bitNot: 'i>i',
  shiftLeft: 'ii>i',
  shiftRight: 'ii>i',
  addFloat: 'ff>f',
  subtractFloat: 'ff>f',
  multiplyFloat: 'ff>f',
  divideFloat: 'ff>f',
  negateFloat: 'f>f',
  equal: 'xx>b',
  notEqual: 'xx>b',
  less: 'xx>b',
  lessOrEqual: 'xx>b',
  greater: 'xx>b',
  greaterOrEqual: 'xx>b',
  textEqual: 'tt>b',
  textNotEqual: 'tt>b',
  textLess: 'tt>b',
  textLessOrEqual: 'tt>b',
  textGreater: 'tt>b',
  textGreaterOrEqual: 'tt>b',
  contains: 'tt>b',
  icontains: 'tt>b',
  startswith: 'tt>b',
  istartswith: 'tt>b',
  endswith: 'tt>b',
  iendswith: 'tt>b',
  iequals: 'tt>b',
};

/** What instructions take and leave whose first operand is a pattern. */
const patternSignatures: Partial<Record<Instruction, string>> = {
  has: '>b',
  hasAt: 'i>b',
  hasIn: 'ii>b',
  count: '>i',
  countIn: 'ii>i',
  offset: 'i>i',
  length: 'i>i',
};

/** What the sets take behind their quantifier's number. */
const setSignatures: Partial<Record<Instruction, string>> = { of: '>b', ofAt: 'i>b', ofIn: 'ii>b' };

const MAX_VARIABLES = 4096;

/** What is wrong; undefined when all of it is sound. */
export function checkCode(image: RuleImage): string | undefined {
  for (let row = 0; row < image.rules.length; row += RULE_FIELDS) {
    const start = image.rules[row + RULE.codeStart]!;
    const end = image.rules[row + RULE.codeEnd]!;
    const isInside = start >= 0 && start <= end && end <= image.code.length;
    if (!isInside || !new CodeCheck(image, row / RULE_FIELDS).isSound(start, end)) {
      return `the code of rule ${row / RULE_FIELDS} is broken`;
    }
  }
  return undefined;
}

class CodeCheck {
  readonly #image: RuleImage;
  readonly #rule: number;
  #stack = '';
  readonly #variables: (string | undefined)[] = [];
  /** The stack that a jump brings to its target. */
  readonly #arriving = new Map<number, string>();
  readonly #loops: { readonly body: number; readonly behind: number; readonly stack: string }[] = [];

  constructor(image: RuleImage, rule: number) {
    this.#image = image;
    this.#rule = rule;
  }

  isSound(start: number, end: number): boolean {
    const { code } = this.#image;
    for (let at = start; at < end;) {
      if (!this.#meets(at)) return false;
      const instruction = code[at]!;
      const count = operandCounts[instruction];
      if (count === undefined || at + 1 + count > end) return false;
      const operands = code.subarray(at + 1, at + 1 + count);
      at += 1 + count;
      if (!this.#step(instructionNames[instruction]!, operands, at, end)) return false;
    }
    return this.#meets(end) && this.#arriving.size === 0 && this.#loops.length === 0 && this.#stack === 'b';
  }

  /** Do jumps to here bring the stack that is here? */
  #meets(at: number): boolean {
    const arriving = this.#arriving.get(at);
    this.#arriving.delete(at);
    return arriving === undefined || arriving === this.#stack;
  }

  #step(name: Instruction, operands: Int32Array, next: number, end: number): boolean {
    const [first = 0, second = 0, third = 0] = operands;
    const signature = signatures[name];
    if (signature !== undefined) return this.#apply(signature);
    const patternSignature = patternSignatures[name];
    if (patternSignature !== undefined) return this.#isPattern(first) && this.#apply(patternSignature);
    const setSignature = setSignatures[name];
    if (setSignature !== undefined) {
      return this.#isSet(second, third) && this.#apply(`${quantifierTakes(first)}${setSignature}`);
    }
    const image = this.#image;
    switch (name) {
      case 'integer':
        return first >= 0 && first < image.integers.length && this.#apply('>i');
      case 'float':
        return first >= 0 && first < image.floats.length && this.#apply('>f');
      case 'text':
        return first >= 0 && first < image.stringOffsets.length - 1 && this.#apply('>t');
      case 'external':
        return this.#external(first);
      case 'rule':
        return first >= 0 && first < this.#rule && this.#apply('>b');
      case 'read':
        return readers[first] !== undefined && this.#apply(readers[first].type === 'integer' ? 'i>i' : 'i>f');
      case 'defined':
        if (this.#stack === '') return false;
        this.#stack = `${this.#stack.slice(0, -1)}b`;
        return true;
      case 'andSkip':
      case 'orSkip':
        return this.#stack.endsWith('b') && this.#jump(first, this.#stack, next, end);
      case 'ofValues':
        return second > 0 && this.#apply(`${quantifierTakes(first)}${'b'.repeat(second)}>b`);
      case 'variable': {
        const type = this.#variables[first];
        return type !== undefined && type !== 'p' && this.#apply(`>${type}`);
      }
      case 'keep': {
        const type = this.#stack.slice(-1);
        return type !== '' && this.#keep(first, type) && this.#apply(`${type}>`);
      }
      case 'forRange':
        return this.#apply(`${quantifierTakes(first)}ii>`) && this.#keep(second, 'i') && this.#enter(third, next, end);
      case 'forList':
        return this.#list(operands, next, end);
      case 'forSet':
        return (
          this.#isSet(operands[3]!, operands[4]!) &&
          this.#apply(`${quantifierTakes(first)}>`) &&
          this.#keep(second, 'p') &&
          this.#enter(third, next, end)
        );
      case 'next':
        return this.#leave(first, next);
      default:
        return false;
    }
  }

  #list(operands: Int32Array, next: number, end: number): boolean {
    const [quantifier = 0, variable = 0, behind = 0, count = 0] = operands;
    const type = this.#stack.slice(-1);
    return (
      count > 0 &&
      type !== '' &&
      this.#apply(`${quantifierTakes(quantifier)}${type.repeat(Math.min(count, this.#stack.length))}>`) &&
      this.#keep(variable, type) &&
      this.#enter(behind, next, end)
    );
  }

  /** `next` stands right before `behind`, and only there may the loop be left. */
  #enter(behind: number, body: number, end: number): boolean {
    this.#loops.push({ body, behind, stack: this.#stack });
    return this.#jump(behind, `${this.#stack}b`, body, end);
  }

  #leave(body: number, next: number): boolean {
    const loop = this.#loops.pop();
    if (loop === undefined) return false;
    return loop.body === body && loop.behind === next && this.#stack === `${loop.stack}b`;
  }

  #jump(target: number, stack: string, next: number, end: number): boolean {
    const loop = this.#loops.at(-1);
    const limit = loop !== undefined && loop.behind !== target ? loop.behind : end;
    if (target < next || target > limit) return false;
    const known = this.#arriving.get(target);
    this.#arriving.set(target, stack);
    return known === undefined || known === stack;
  }

  #keep(variable: number, type: string): boolean {
    if (variable < 0 || variable >= MAX_VARIABLES) return false;
    this.#variables[variable] = type;
    return true;
  }

  #external(external: number): boolean {
    const { externals } = this.#image;
    const type = externals[external * EXTERNAL_FIELDS + EXTERNAL.type];
    switch (external < 0 ? undefined : type) {
      case EXTERNAL_TYPE.text:
        return this.#apply('>t');
      case EXTERNAL_TYPE.integer:
        return this.#apply('>i');
      case EXTERNAL_TYPE.float:
        return this.#apply('>f');
      case EXTERNAL_TYPE.boolean:
        return this.#apply('>b');
      default:
        return false;
    }
  }

  #isPattern(operand: number): boolean {
    if (operand < 0) return this.#variables[~operand] === 'p';
    return operand < this.#image.patterns.length / PATTERN_FIELDS;
  }

  #isSet(first: number, count: number): boolean {
    const { sets, patterns } = this.#image;
    if (first < 0 || count < 1 || first + count > sets.length) return false;
    return sets
      .subarray(first, first + count)
      .every((pattern) => pattern >= 0 && pattern < patterns.length / PATTERN_FIELDS);
  }

  #apply(signature: string): boolean {
    const [takes = '', leaves = ''] = signature.split('>');
    const from = this.#stack.length - takes.length;
    if (from < 0) return false;
    for (let at = 0; at < takes.length; at++) {
      const wanted = takes[at];
      const found = this.#stack[from + at];
      if (wanted === 'x' ? found !== 'i' && found !== 'f' : found !== wanted) return false;
    }
    this.#stack = this.#stack.slice(0, from) + leaves;
    return true;
  }
}

function quantifierTakes(kind: number): string {
  if (kind === QUANTIFIER.number || kind === QUANTIFIER.percentage) return 'i';
  // Any other number that is no quantifier asks for what no stack holds.
  return kind === QUANTIFIER.all || kind === QUANTIFIER.any || kind === QUANTIFIER.none ? '' : '?';
}
