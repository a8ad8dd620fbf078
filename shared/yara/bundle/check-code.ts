/**
 * Is byte code sound? Every rule's code is walked once with types in place of values: whole instructions, operands that name
 * what exists, jumps that go where the stack and the loops fit, and a stack that always holds what an instruction takes. So
 * a bundle from outside may give wrong answers, but nothing in it can break a scan.
 */
import { moduleNamed } from '../modules/links.ts';
import { typeKey, type TypeSchema } from '../modules/schema.ts';
import { signatureOf, type CodeType } from './code-types.ts';
import {
  EXTERNAL,
  EXTERNAL_FIELDS,
  EXTERNAL_TYPE,
  PATTERN_FIELDS,
  RULE,
  RULE_FIELDS,
  type RuleImage,
} from './image.ts';
import { linksOf, type Links } from './links.ts';
import { OP, operandCounts, QUANTIFIER, readers, type Instruction } from './opcodes.ts';

/** By number. */
const instructionNames = Object.entries(OP)
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => name as Instruction);
const signatures = instructionNames.map(signatureOf);

export const MAX_VARIABLES = 1 << 16;

/** What is wrong; undefined when all of it is sound. */
export function checkCode(image: RuleImage): string | undefined {
  const check = new CodeCheck(image);
  for (let row = 0; row < image.rules.length; row += RULE_FIELDS) {
    const start = image.rules[row + RULE.codeStart]!;
    const end = image.rules[row + RULE.codeEnd]!;
    const isInside = start >= 0 && start <= end && end <= image.code.length;
    if (!isInside || !check.isSound(row / RULE_FIELDS, start, end)) {
      return `the code of rule ${row / RULE_FIELDS} is broken, or uses what this engine lacks`;
    }
  }
  return undefined;
}

/** A stack of types. Stacks share what is below, so that copies cost nothing. */
interface Stack {
  readonly type: CodeType;
  readonly below: Stack | undefined;
}

interface Loop {
  /** Where the body, or the first item, begins. */
  readonly body: number;
  readonly behind: number;
  readonly stack: Stack | undefined;
  readonly kind: 'loop' | 'of';
  /** Items of an `of` that are still to come. */
  left: number;
  readonly around: Loop | undefined;
}

/** What a jump brings to its target. */
interface Arrival {
  readonly stack: Stack | undefined;
  readonly loop: Loop | undefined;
}

class CodeCheck {
  readonly #image: RuleImage;
  readonly #links: Links;
  #rule = 0;
  #stack: Stack | undefined;
  #loop: Loop | undefined;
  /** A variable keeps its type for the whole rule. */
  readonly #variables: (CodeType | undefined)[] = [];
  readonly #arrivals = new Map<number, Arrival>();

  constructor(image: RuleImage) {
    this.#image = image;
    this.#links = linksOf(image);
  }

  /** False is the end: nothing more is to be asked. */
  isSound(rule: number, start: number, end: number): boolean {
    const { code } = this.#image;
    this.#rule = rule;
    this.#variables.length = 0;
    for (let at = start; at < end;) {
      if (!this.#meets(at)) return false;
      const instruction = code[at]!;
      const count = operandCounts[instruction];
      if (count === undefined || at + 1 + count > end) return false;
      if (!this.#step(instruction, at + 1, at + 1 + count, end)) return false;
      at += 1 + count;
    }
    const isDone = this.#meets(end) && this.#arrivals.size === 0 && this.#loop === undefined;
    return isDone && this.#pop('boolean') && this.#stack === undefined;
  }

  /** Do jumps to here bring the stack and the loops that are here? */
  #meets(at: number): boolean {
    if (this.#arrivals.size === 0) return true;
    const arrival = this.#arrivals.get(at);
    this.#arrivals.delete(at);
    return arrival === undefined || (arrival.loop === this.#loop && isSame(arrival.stack, this.#stack));
  }

  /** Its operands stand from `operands` up to `next`. */
  #step(instruction: number, operands: number, next: number, end: number): boolean {
    const { code } = this.#image;
    const first = code[operands]!;
    const second = code[operands + 1]!;
    const third = code[operands + 2]!;
    const signature = signatures[instruction];
    if (signature !== undefined) {
      const isNamed =
        (signature.pattern !== true || this.#isPattern(first)) &&
        (signature.set !== true || this.#isSet(second, third)) &&
        (signature.regex !== true || this.#isRegex(first));
      if (!isNamed || !this.#take(signature.takes)) return false;
      // An anchor stands above the quantifier's number.
      return (signature.set !== true || this.#quantifier(first)) && this.#push(signature.gives);
    }
    const image = this.#image;
    switch (instructionNames[instruction]) {
      case 'integer':
        return isIn(first, image.integers.length) && this.#apply([], 'integer');
      case 'float':
        return isIn(first, image.floats.length) && this.#apply([], 'float');
      case 'text':
        return isIn(first, image.stringOffsets.length - 1) && this.#apply([], 'text');
      case 'external':
        return this.#external(first);
      case 'rule':
        return isIn(first, this.#rule) && this.#apply([], 'boolean');
      case 'read':
        return isIn(first, readers.length) && this.#apply(['integer'], readers[first]!.type);
      case 'defined':
        return this.#popAny() !== undefined && this.#push('boolean');
      case 'andSkip':
      case 'orSkip':
        return this.#stack?.type === 'boolean' && this.#jump(first, this.#stack, next, end);
      case 'module':
        return this.#module(first);
      case 'field':
        return this.#field(first);
      case 'item':
        return this.#item();
      case 'lookup':
        return this.#lookup();
      case 'lengthOf':
        return hasLength(this.#popAny()) && this.#push('integer');
      case 'call':
        return this.#call(first);
      case 'variable': {
        const type = this.#variables[first];
        return type !== undefined && type !== 'pattern' && this.#push(type);
      }
      case 'keep': {
        const type = this.#popAny();
        return type !== undefined && this.#keep(first, type);
      }
      case 'forRange':
        return (
          this.#apply(['integer', 'integer']) && this.#keep(second, 'integer') && this.#enter(first, third, next, end)
        );
      case 'forList':
        return (
          this.#list(code[operands + 3]!) && this.#keep(second, this.#listType!) && this.#enter(first, third, next, end)
        );
      case 'forSet':
        return (
          this.#isSet(code[operands + 3]!, code[operands + 4]!) &&
          this.#keep(second, 'pattern') &&
          this.#enter(first, third, next, end)
        );
      case 'forArray':
        return this.#array(second) && this.#enter(first, third, next, end);
      case 'forDictionary':
        return this.#dictionary(second, third) && this.#enter(first, code[operands + 3]!, next, end);
      case 'next':
        return this.#next(first, next);
      case 'ofValues':
        return third > 0 && this.#enter(first, second, next, end, third);
      case 'ofNext':
        return this.#ofNext(first, next);
      default:
        return false;
    }
  }

  // Modules --------------------------------------------------------------------------------------------------------------

  #module(link: number): boolean {
    const module = isIn(link, this.#links.names.length) ? moduleNamed(this.#links.names[link]!) : undefined;
    return module?.open !== undefined && this.#push(module.schema);
  }

  #field(link: number): boolean {
    const structure = this.#popAny();
    const name = this.#links.names[link];
    if (name === undefined || typeof structure !== 'object' || structure.kind !== 'structure') return false;
    const fields = structure.fields ?? {};
    return Object.hasOwn(fields, name) && this.#push(fields[name]!.type);
  }

  #item(): boolean {
    if (!this.#pop('integer')) return false;
    const array = this.#popAny();
    return typeof array === 'object' && array.kind === 'array' && this.#push(array.item);
  }

  #lookup(): boolean {
    const key = this.#popAny();
    const dictionary = this.#popAny();
    const isFitting = typeof dictionary === 'object' && dictionary.kind === 'dictionary' && dictionary.key === key;
    return isFitting && this.#push(dictionary.value);
  }

  #call(link: number): boolean {
    const called = this.#links.functions[link];
    if (called === undefined) return false;
    const { structure, schema } = called;
    return this.#apply(schema.isMethod === true ? [structure, ...schema.parameters] : schema.parameters, schema.result);
  }

  // Loops ----------------------------------------------------------------------------------------------------------------

  #listType: CodeType | undefined;

  /** Takes that many values of one type, which it leaves in `#listType`. */
  #list(count: number): boolean {
    this.#listType = this.#stack?.type;
    if (this.#listType === undefined || count <= 0) return false;
    for (let item = 0; item < count; item++) if (!this.#pop(this.#listType)) return false;
    return true;
  }

  #array(variable: number): boolean {
    const array = this.#popAny();
    return typeof array === 'object' && array.kind === 'array' && this.#keep(variable, array.item);
  }

  #dictionary(key: number, value: number): boolean {
    const dictionary = this.#popAny();
    if (typeof dictionary !== 'object' || dictionary.kind !== 'dictionary') return false;
    return this.#keep(key, dictionary.key) && this.#keep(value, dictionary.value);
  }

  /** Takes the quantifier's number. What the loop leaves stands `behind` it. */
  #enter(quantifier: number, behind: number, body: number, end: number, items = 0): boolean {
    if (!this.#quantifier(quantifier)) return false;
    if (!this.#jump(behind, pushed(this.#stack, 'boolean'), body, end)) return false;
    const kind = items > 0 ? 'of' : 'loop';
    this.#loop = { body, behind, stack: this.#stack, kind, left: items, around: this.#loop };
    return true;
  }

  /** Stands right before `behind`, and only there is the loop left. */
  #next(body: number, next: number): boolean {
    const loop = this.#loop;
    if (loop?.kind !== 'loop' || loop.body !== body || loop.behind !== next) return false;
    this.#loop = loop.around;
    return isSame(this.#stack, pushed(loop.stack, 'boolean'));
  }

  #ofNext(behind: number, next: number): boolean {
    const loop = this.#loop;
    if (loop?.kind !== 'of' || loop.behind !== behind) return false;
    if (!isSame(this.#stack, pushed(loop.stack, 'boolean'))) return false;
    loop.left--;
    if (loop.left > 0) {
      this.#stack = loop.stack;
      return next < behind;
    }
    this.#loop = loop.around;
    return next === behind;
  }

  /** Jumps go forward, and out of a loop only to where it is left. */
  #jump(target: number, stack: Stack | undefined, next: number, end: number): boolean {
    if (target < next || target > (this.#loop?.behind ?? end)) return false;
    const known = this.#arrivals.get(target);
    this.#arrivals.set(target, { stack, loop: this.#loop });
    return known === undefined || (known.loop === this.#loop && isSame(known.stack, stack));
  }

  // Operands -------------------------------------------------------------------------------------------------------------

  #keep(variable: number, type: CodeType): boolean {
    if (!isIn(variable, MAX_VARIABLES)) return false;
    const known = this.#variables[variable];
    this.#variables[variable] = type;
    return known === undefined || isSameType(known, type);
  }

  #external(external: number): boolean {
    const { externals } = this.#image;
    if (!isIn(external, externals.length / EXTERNAL_FIELDS)) return false;
    switch (externals[external * EXTERNAL_FIELDS + EXTERNAL.type]) {
      case EXTERNAL_TYPE.text:
        return this.#push('text');
      case EXTERNAL_TYPE.integer:
        return this.#push('integer');
      case EXTERNAL_TYPE.float:
        return this.#push('float');
      case EXTERNAL_TYPE.boolean:
        return this.#push('boolean');
      default:
        return false;
    }
  }

  /** The current pattern is one only inside the loop that sets it. */
  #isPattern(operand: number): boolean {
    if (operand >= 0) return operand < this.#image.patterns.length / PATTERN_FIELDS;
    return this.#variables[~operand] === 'pattern' && this.#isSetAround(~operand);
  }

  #isSetAround(variable: number): boolean {
    for (let loop = this.#loop; loop !== undefined; loop = loop.around) {
      const at = loop.body - 1 - operandCounts[OP.forSet]!;
      const { code } = this.#image;
      if (loop.kind === 'loop' && code[at] === OP.forSet && code[at + 2] === variable) return true;
    }
    return false;
  }

  #isSet(first: number, count: number): boolean {
    const { sets, patterns } = this.#image;
    if (first < 0 || count < 1 || first + count > sets.length) return false;
    const patternCount = patterns.length / PATTERN_FIELDS;
    for (let at = first; at < first + count; at++) if (!isIn(sets[at]!, patternCount)) return false;
    return true;
  }

  #isRegex(regex: number): boolean {
    return isIn(regex, this.#image.regexes.length);
  }

  #push(type: CodeType): true {
    this.#stack = pushed(this.#stack, type);
    return true;
  }

  #popAny(): CodeType | undefined {
    const top = this.#stack;
    this.#stack = top?.below;
    return top?.type;
  }

  #pop(wanted: CodeType): boolean {
    const found = this.#popAny();
    if (found === undefined) return false;
    if (wanted === 'number') return found === 'integer' || found === 'float';
    return isSameType(found, wanted);
  }

  /** Takes types off the stack, the last one from its top. */
  #take(types: readonly CodeType[]): boolean {
    for (let at = types.length - 1; at >= 0; at--) if (!this.#pop(types[at]!)) return false;
    return true;
  }

  #apply(takes: readonly CodeType[], gives?: CodeType): boolean {
    return this.#take(takes) && (gives === undefined || this.#push(gives));
  }

  /** Is it one, and is there the number that it takes? */
  #quantifier(quantifier: number): boolean {
    switch (quantifier) {
      case QUANTIFIER.number:
      case QUANTIFIER.percentage:
        return this.#pop('integer');
      case QUANTIFIER.all:
      case QUANTIFIER.any:
      case QUANTIFIER.none:
        return true;
      default:
        return false;
    }
  }
}

function pushed(below: Stack | undefined, type: CodeType): Stack {
  return { type, below };
}

function isSame(a: Stack | undefined, b: Stack | undefined): boolean {
  let left = a;
  let right = b;
  while (left !== right) {
    if (left === undefined || right === undefined || !isSameType(left.type, right.type)) return false;
    left = left.below;
    right = right.below;
  }
  return true;
}

function isSameType(a: CodeType, b: CodeType): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && sameKey(a, b));
}

function sameKey(a: TypeSchema, b: TypeSchema): boolean {
  return typeKey(a) === typeKey(b);
}

function hasLength(type: CodeType | undefined): boolean {
  return type === 'text' || (typeof type === 'object' && type.kind !== 'structure');
}

function isIn(index: number, length: number): boolean {
  return index >= 0 && index < length;
}
