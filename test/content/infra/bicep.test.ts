import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkBicep, missingChecker } from './bicep-check.ts';
import { bicepLiteral } from './bicep-literal.ts';
import { infra, infraWith, temporaryFolder } from './copy-infra.ts';
import type { Fault } from './copy-infra.ts';

const files = ['main.bicep', 'main.bicepparam'];

describe('the Bicep files', () => {
  it('are clean against the official resource types, parameters too', (context) => {
    if (missingChecker !== undefined) context.skip(missingChecker);
    expect(checkBicep(infra, files)).toEqual([]);
  });

  const faults: (Fault & { what: string; code: string })[] = [
    {
      what: 'a misspelt property',
      file: 'modules/storage.bicep',
      from: 'allowSharedKeyAccess:',
      to: 'allowSharedKeyAcces:',
      code: 'unknown-property',
    },
    {
      what: 'a value outside a closed list',
      file: 'modules/subscription.bicep',
      from: "operatorType: 'StringNotIn'",
      to: "operatorType: 'StringNotOf'",
      code: 'wrong-value',
    },
    {
      what: 'a parameter that a module has not got',
      file: 'main.bicep',
      from: 'queueNames: storage.outputs.queueNames',
      to: 'queues: storage.outputs.queueNames',
      code: 'property',
    },
    {
      what: 'a role that is not defined',
      file: 'modules/roles.bicep',
      from: 'roleDefinitionId: role.storageBlobDataReader',
      to: 'roleDefinitionId: role.storageBlobReader',
      code: 'unknown-property',
    },
    {
      what: 'a property of a table file that is not there',
      file: 'modules/tables.bicep',
      from: 'table.columns',
      to: 'table.fields',
      code: 'unknown-property',
    },
    {
      what: 'an alert over an unknown property',
      file: 'modules/alerts.bicep',
      from: 'windowSize:',
      to: 'window:',
      code: 'unknown-property',
    },
    {
      what: 'a log category without its name',
      file: 'modules/ingestion.bicep',
      from: "category: 'LogErrors', enabled: true",
      to: "categories: 'LogErrors', enabled: true",
      code: 'unknown-property',
    },
    {
      what: 'an endpoint in a subnet by name',
      file: 'modules/private-endpoint.bicep',
      from: 'subnet: { id: subnetId }',
      to: 'subnet: subnetId',
      code: 'wrong-type',
    },
    {
      what: 'a module that is not given what it needs',
      file: 'main.bicep',
      from: '    queueName: queueName\n    actionGroupIds',
      to: '    actionGroupIds',
      code: 'missing-module-param',
    },
    {
      what: 'a query that is not there',
      file: 'modules/alerts.bicep',
      from: '../alerts/poison.kql',
      to: '../alerts/poisoned.kql',
      code: 'file-not-found',
    },
    {
      what: 'a parameter file that names an unknown parameter',
      file: 'main.bicepparam',
      from: 'param workspaceId',
      to: 'param workspace',
      code: 'unknown-param',
    },
  ];
  it.for(faults)('are not clean with $what', ({ code, ...fault }, context) => {
    if (missingChecker !== undefined) context.skip(missingChecker);
    expect(checkBicep(infraWith(fault), files).join('\n')).toContain(code);
  });
});

/** The generated bodies written out as resources: Bicep checks what it only loads from JSON no further. */
function generatedAsBicep(folder: string): string {
  const read = (name: string): { name: string; properties: unknown }[] =>
    JSON.parse(readFileSync(join(folder, 'sentinel/generated', name), 'utf8')) as {
      name: string;
      properties: unknown;
    }[];
  const rules = read('analytic-rules.json').map(
    ({ name, properties }, index) =>
      `resource rule${index} 'Microsoft.SecurityInsights/alertRules@2025-09-01' = {
  scope: workspace
  name: '${name}'
  kind: 'Scheduled'
  properties: ${bicepLiteral(properties)}
}`,
  );
  const functions = read('parsers.json').map(
    ({ name, properties }, index) =>
      `resource reader${index} 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-07-01' = {
  parent: workspace
  name: '${name}'
  properties: ${bicepLiteral(properties)}
}`,
  );
  const workspace = `resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {\n  name: 'any'\n}`;
  return [workspace, ...rules, ...functions, ''].join('\n\n');
}

describe('the generated ARM bodies', () => {
  const check = (folder: string): string[] => {
    const target = temporaryFolder();
    writeFileSync(join(target, 'generated.bicep'), generatedAsBicep(folder));
    return checkBicep(target, ['generated.bicep']);
  };

  it('fit the official types of the resources they are deployed as', (context) => {
    if (missingChecker !== undefined) context.skip(missingChecker);
    expect(check(infra)).toEqual([]);
  });

  const faults: (Fault & { what: string })[] = [
    {
      what: 'a trigger operator of the YAML schema',
      from: '"GreaterThan"',
      to: '"gt"',
      file: 'sentinel/generated/analytic-rules.json',
    },
    {
      what: 'an unknown property',
      from: '"queryPeriod"',
      to: '"period"',
      file: 'sentinel/generated/analytic-rules.json',
    },
    { what: 'no display name', from: '"displayName"', to: '"title"', file: 'sentinel/generated/parsers.json' },
  ];
  it.for(faults)('do not fit with $what', (fault, context) => {
    if (missingChecker !== undefined) context.skip(missingChecker);
    expect(check(infraWith(fault))).not.toEqual([]);
  });
});
