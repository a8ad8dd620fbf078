/** Checks what is asked of modules: fields, items of arrays and dictionaries, calls. Their schema says what there is. */
import { HEAD_BYTES, RULE_FLAG, RULE_RANGE_SHIFT } from '../bundle/image.ts';
import { readers } from '../bundle/opcodes.ts';
import { kindBit } from '../modules/range-computations.ts';
import { functionLink, type FunctionSchema, type StructureSchema } from '../modules/schema.ts';
import type { Call, Expression, Field, Index } from '../syntax/ast.ts';
import {
  article,
  constantInteger,
  floatConstant,
  integerConstant,
  operation,
  type Checked,
  type CheckedType,
  type FunctionType,
  type ModuleTarget,
} from './checked.ts';
import { refuseToWrite, type ConditionChecker } from './checker.ts';
import { nearest } from './suggestions.ts';

export function checkField(checker: ConditionChecker, { object, field }: Field): Checked | undefined {
  const checked = checker.check(object);
  if (checked === undefined) return undefined;
  const { type } = checked;
  const { name } = field;
  if (hasLength(type)) {
    if (name === 'len') return callable(name, { kind: 'length', receiver: checked });
    checker.scope.error('E008', field.span, `${article(type)} has no method named ${name}`, { hint: 'it has len()' });
    return undefined;
  }
  if (typeof type === 'string' || type.kind !== 'structure') {
    checker.scope.error('E002', object.span, `expected a structure, found ${article(type)}`);
    return undefined;
  }
  return memberOf(checker, checked, type, field);
}

function memberOf(
  { scope }: ConditionChecker,
  object: Checked,
  structure: StructureSchema,
  { name, span }: Field['field'],
): Checked | undefined {
  const { constants = {}, fields = {}, functions = {} } = structure;
  if (Object.hasOwn(constants, name)) return constantOf(constants[name]!);
  if (Object.hasOwn(functions, name)) {
    return callable(`${structure.name}.${name}`, {
      kind: 'module',
      structure,
      overloads: functions[name]!,
      receiver: object,
    });
  }
  if (!Object.hasOwn(fields, name)) {
    scope.error('E008', span, `${structure.name} has no field or function named ${name}`, {
      hint: nearest(name, [...Object.keys(fields), ...Object.keys(functions), ...Object.keys(constants)]),
    });
    return undefined;
  }
  const { type, deprecated, refused } = fields[name]!;
  if (refused !== undefined) {
    scope.error('E100', span, `${structure.name}.${name} cannot be used: ${refused}`);
    return undefined;
  }
  if (deprecated !== undefined) {
    scope.warning('deprecated_field', span, `${structure.name}.${name} is deprecated`, { hint: deprecated });
  }
  return {
    type,
    write: (to) => {
      object.write(to);
      to.op('field', to.image.link(name));
    },
  };
}

/** A group of constants is a structure without a value. */
function constantOf(constant: bigint | number | StructureSchema): Checked {
  if (typeof constant === 'bigint') return integerConstant(constant);
  if (typeof constant === 'number') return floatConstant(constant);
  return { type: constant, write: refuseToWrite };
}

function callable(name: string, target: FunctionType['target']): Checked {
  return { type: { kind: 'function', name, target }, write: refuseToWrite };
}

function hasLength(type: CheckedType): boolean {
  return type === 'text' || (typeof type === 'object' && (type.kind === 'array' || type.kind === 'dictionary'));
}

export function checkIndex(checker: ConditionChecker, { object, index }: Index): Checked | undefined {
  const checked = checker.check(object);
  const type = checked?.type;
  if (checked === undefined || type === undefined) {
    checker.check(index);
    return undefined;
  }
  if (typeof type === 'object' && type.kind === 'array') {
    const number = checker.offset(index);
    return number && operation(type.item, 'item', checked, number);
  }
  if (typeof type === 'object' && type.kind === 'dictionary') {
    const key = checker.ofType(index, [type.key]);
    return key && operation(type.value, 'lookup', checked, key);
  }
  checker.scope.error('E002', object.span, `expected an array or a dictionary, found ${article(type)}`);
  return undefined;
}

// Calls -------------------------------------------------------------------------------------------------------------------

export function checkCall(checker: ConditionChecker, call: Call): Checked | undefined {
  const callee = checker.check(call.callee);
  const given = call.arguments.map((argument) => checker.check(argument));
  if (callee === undefined) return undefined;
  const { type } = callee;
  if (typeof type === 'string' || type.kind !== 'function') {
    checker.scope.error('E002', call.callee.span, `expected a function, found ${article(type)}`);
    return undefined;
  }
  if (!given.every((argument) => argument !== undefined)) return undefined;
  switch (type.target.kind) {
    case 'reader':
      return callReader(checker, call, type, type.target.reader, given);
    case 'length':
      if (!fit(checker, call, type, given, [[]])) return undefined;
      return operation('integer', 'lengthOf', type.target.receiver);
    case 'module':
      return callModule(checker, call, type, type.target, given);
  }
}

function callReader(
  checker: ConditionChecker,
  call: Call,
  type: FunctionType,
  reader: number,
  given: readonly Checked[],
): Checked | undefined {
  if (!fit(checker, call, type, given, [['integer']])) return undefined;
  const [offset] = given;
  const { name, size, type: result } = readers[reader]!;
  checker.scope.read(constantInteger(offset), size, HEAD_BYTES);
  return {
    type: result,
    constraint: result === 'integer' ? { range: rangeOf(size, name.startsWith('int')) } : undefined,
    write: (to) => {
      offset!.write(to);
      to.op('read', reader);
    },
  };
}

/** What an integer of that many bytes may be. */
function rangeOf(bytes: number, isSigned: boolean): readonly [bigint, bigint] {
  const values = 1n << BigInt(bytes * 8);
  return isSigned ? [-values / 2n, values / 2n - 1n] : [0n, values - 1n];
}

function callModule(
  checker: ConditionChecker,
  call: Call,
  type: FunctionType,
  { structure, overloads, receiver }: ModuleTarget,
  given: readonly Checked[],
): Checked | undefined {
  const schema = overloads.find(({ parameters }) => isFitting(parameters, given));
  if (schema === undefined) {
    refuse(
      checker,
      call,
      type,
      given,
      overloads.map(({ parameters }) => parameters),
    );
    return undefined;
  }
  const name = type.name.slice(structure.name.length + 1);
  noteNeeds(checker, schema, given, call.arguments);
  const operands = schema.isMethod === true ? [receiver, ...given] : given;
  return {
    type: schema.result,
    constraint: schema.constraint,
    write: (to) => {
      for (const operand of operands) operand.write(to);
      to.op('call', to.image.link(functionLink(structure, name, schema)));
    },
  };
}

/** What the call asks of the object, for the rule's flags. */
function noteNeeds(
  { scope }: ConditionChecker,
  { range, readsObject, hasEffect }: FunctionSchema,
  given: readonly Checked[],
  written: readonly Expression[],
): void {
  if (hasEffect === true) scope.needs |= RULE_FLAG.hasEffect;
  if (readsObject === true) scope.needs |= RULE_FLAG.readsPages;
  if (range === undefined) return;
  scope.needs |= RULE_FLAG.readsRanges;
  const { kind, part } = range;
  const isWhole =
    part === 'whole' || (constantInteger(given[part.offset]) === 0n && written[part.size]!.kind === 'filesize');
  if (isWhole) scope.needs |= kindBit(kind) << RULE_RANGE_SHIFT;
  else scope.needs |= RULE_FLAG.readsPages;
}

function isFitting(parameters: readonly CheckedType[], given: readonly Checked[]): boolean {
  return parameters.length === given.length && parameters.every((parameter, at) => parameter === given[at]!.type);
}

function fit(
  checker: ConditionChecker,
  call: Call,
  type: FunctionType,
  given: readonly Checked[],
  overloads: readonly (readonly CheckedType[])[],
): boolean {
  if (overloads.some((parameters) => isFitting(parameters, given))) return true;
  refuse(checker, call, type, given, overloads);
  return false;
}

function refuse(
  { scope }: ConditionChecker,
  call: Call,
  { name }: FunctionType,
  given: readonly Checked[],
  overloads: readonly (readonly CheckedType[])[],
): void {
  const found = given.map(({ type }) => wordFor(type)).join(', ');
  const taken = overloads.map((parameters) => `(${parameters.map(wordFor).join(', ')})`);
  const span = { start: call.callee.span.end, end: call.span.end };
  scope.error('E004', span, `${name} does not take (${found})`, { hint: `it takes ${taken.join(' or ')}` });
}

function wordFor(type: CheckedType): string {
  return typeof type === 'string' ? type : type.kind;
}
