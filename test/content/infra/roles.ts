/** Reads the role assignments out of infra/modules/roles.bicep: which role, on what, in which case. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `role on scope (case)`, sorted. Throws when an assignment is not of the form that every one has. */
export function readRoleAssignments(folder: string): string[] {
  const text = readFileSync(join(folder, 'modules/roles.bicep'), 'utf8');
  const blocks = text
    .split(/^(?=resource )/m)
    .filter((block) => /^resource \w+ 'Microsoft\.Authorization\/roleAssignments@/.test(block));
  return blocks
    .map((block) => {
      const role = /^ +roleDefinitionId: role\.(\w+)$/m.exec(block)?.[1];
      const scope = /^ +scope: (\S+)$/m.exec(block)?.[1];
      const name = /^ +name: guid\((\S+)\.id, principalId, role\.(\w+)\)$/m.exec(block);
      const condition = /= if \((\w+) != null\) \{|= \[\n +for .* in \((\w+)\.\?/.exec(block);
      const given = condition?.[1] ?? condition?.[2];
      if (role === undefined || scope === undefined || given === undefined)
        throw new Error(`unusual assignment:\n${block}`);
      if (name?.[1] !== scope || name[2] !== role) throw new Error(`the name does not say what is assigned:\n${block}`);
      return `${role} on ${scope} (${given})`;
    })
    .sort();
}

/** GUID of each role that roles.bicep defines. */
export function readRoleIds(folder: string): Record<string, string> {
  const text = readFileSync(join(folder, 'modules/roles.bicep'), 'utf8');
  const lines = text.matchAll(/^ {2}(\w+): '\$\{definitions\}\/([0-9a-f-]{36})'$/gm);
  return Object.fromEntries([...lines].map((match): [string, string] => [match[1]!, match[2]!]));
}

/** Bicep files that assign roles. */
export function filesThatAssignRoles(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.bicep'));
  return files.filter((file) =>
    readFileSync(join(folder, file), 'utf8').includes('Microsoft.Authorization/roleAssignments'),
  );
}
