/**
 * The reference has every field, constant and function that modules with a format have here, of the same type, warns about
 * the same, and of an empty object says the same.
 */
import { describe, expect, it } from 'vitest';
import { scanBytes } from '../../../shared/yara/index.ts';
import { modules } from '../../../shared/yara/modules/registry.ts';
import { structuresIn } from '../../../shared/yara/modules/links.ts';
import type { ParameterSchema, StructureSchema, TypeSchema } from '../../../shared/yara/modules/schema.ts';
import { askReference, tryCompile } from '../../unit/shared/yara/both-engines.ts';

const USES: Readonly<Record<string, (path: string) => string>> = {
  boolean: (path) => `defined ${path} and (${path} or not ${path})`,
  integer: (path) => `${path} + 1 == 2`,
  float: (path) => `${path} + 1.0 == 2.0`,
  text: (path) => `${path} contains "x"`,
};

const GIVEN: Readonly<Record<ParameterSchema, string>> = {
  boolean: 'true',
  integer: '1',
  float: '1.0',
  text: '"a"',
  regex: '/a/',
};

/** A condition for each field and constant that can be reached without a call, and for each call. */
function conditionsOf(path: string, schema: StructureSchema): string[] {
  const constants = Object.entries(schema.constants ?? {}).flatMap(([name, value]) =>
    typeof value === 'object' ? conditionsOf(`${path}.${name}`, value) : [`${path}.${name} == ${value}`],
  );
  const calls = Object.entries(schema.functions ?? {}).flatMap(([name, overloads]) =>
    overloads
      .filter(({ isMethod }) => isMethod !== true)
      .flatMap(({ parameters, result }) =>
        conditionsOfType(`${path}.${name}(${parameters.map((type) => GIVEN[type]).join(', ')})`, result),
      ),
  );
  const fields = Object.entries(schema.fields ?? {}).flatMap(([name, { type }]) =>
    conditionsOfType(`${path}.${name}`, type),
  );
  return [...constants, ...fields, ...calls];
}

function conditionsOfType(path: string, type: TypeSchema): string[] {
  if (typeof type === 'string') return [USES[type]!(path)];
  switch (type.kind) {
    case 'structure':
      return conditionsOf(path, type);
    case 'array':
      return [`${path}.len() == 3`, ...conditionsOfType(`${path}[0]`, type.item)];
    case 'dictionary':
      return [`${path}.len() == 3`, ...conditionsOfType(`${path}[${type.key === 'text' ? '"a"' : '1'}]`, type.value)];
  }
}

describe.each(modules.filter(({ open }) => open !== undefined).map(({ schema }) => [schema.name, schema] as const))(
  '%s',
  (name, schema) => {
    it.each(conditionsOf(name, schema))('%s', async (condition) => {
      const rule = `import "${name}" rule r { condition: ${condition} }`;
      const bytes = new Uint8Array(0);
      const { errors, warnings, matches } = askReference(rule, bytes);
      const ours = tryCompile([{ text: rule }]);
      expect(errors).toEqual([]);
      expect(ours.rules).toBeDefined();
      expect(ours.warnings).toEqual(warnings);
      const found = await scanBytes(ours.rules!, bytes);
      expect(found.matches.map(({ rule: identifier }) => identifier)).toEqual(matches);
    });

    it('names its structures after itself', () => {
      for (const { name: structure } of structuresIn(schema)) {
        expect(structure === name || structure.startsWith(`${name}.`)).toBe(true);
      }
    });
  },
);
