/** Checks `with`: names for values, evaluated once, in the order they are written. */
import type { With, WithDeclaration } from '../syntax/ast.ts';
import type { Checked } from './checked.ts';
import type { ConditionChecker } from './checker.ts';

export function checkWith(checker: ConditionChecker, { declarations, body }: With): Checked | undefined {
  const { scope } = checker;
  const kept: { readonly slot: number; readonly value: Checked }[] = [];
  let isSound = true;
  for (const declaration of declarations) {
    const value = valueOf(checker, declaration);
    if (value === undefined) isSound = false;
    const slot = declare(checker, declaration, value);
    if (value !== undefined && slot !== undefined) kept.push({ slot, value });
  }
  const checkedBody = checker.boolean(body);
  const variables = scope.leave(declarations.length);
  for (const { name, span } of variables) {
    // A later one of the same name stands before it.
    const isUsed = variables.some((variable) => variable.name === name && variable.isUsed);
    if (!isUsed) scope.warning('unused_identifier', span, `${name} is never used`, { hint: 'leave it out' });
  }
  if (!isSound || checkedBody === undefined) return undefined;
  return {
    type: 'boolean',
    constant: checkedBody.constant,
    write: (to) => {
      for (const { slot, value } of kept) {
        value.write(to);
        to.op('keep', slot);
      }
      checkedBody.write(to);
    },
  };
}

function valueOf(checker: ConditionChecker, { value }: WithDeclaration): Checked | undefined {
  const checked = checker.check(value);
  if (checked === undefined) return undefined;
  const { type } = checked;
  if (typeof type === 'object' && type.kind === 'function') {
    const { target } = type;
    if (target.kind === 'length') {
      checker.wrongType(value.span, ['boolean', 'integer', 'float', 'text'], type);
      return undefined;
    }
    const isMethod = target.kind === 'module' && target.overloads.some((overload) => overload.isMethod);
    if (isMethod) {
      checker.scope.error(
        'E036',
        value.span,
        `${type.name} belongs to a value, and cannot be given a name of its own`,
        {
          hint: 'give the value a name and call the method on it',
        },
      );
      return undefined;
    }
  }
  return checked;
}

/**
 * Makes the name known, and returns the slot of its value where it has one: a function, or a module that is nothing but
 * functions, is only another name.
 */
function declare(
  { scope }: ConditionChecker,
  { name }: WithDeclaration,
  value: Checked | undefined,
): number | undefined {
  if (value === undefined) {
    scope.enter(name, undefined);
    return undefined;
  }
  const { type, constant, constraint } = value;
  const hasNoValue =
    typeof type === 'object' && (type.kind === 'function' || (type.kind === 'structure' && type.fields === undefined));
  if (hasNoValue || constant !== undefined || type === 'regex') {
    scope.enter(name, value);
    return undefined;
  }
  const slot = scope.newSlot();
  scope.enter(name, {
    type,
    constraint,
    write: (to) => {
      to.op('variable', slot);
    },
  });
  return slot;
}
