/**
 * The generated bodies against what the service takes: property names, closed lists, ISO 8601 durations and limits of
 * `Microsoft.SecurityInsights/alertRules` (2025-09-01, and 2025-10-01-preview for NRT), of saved searches and of workbooks. The
 * schemas here are written from the types of the API and share nothing with what makes the bodies.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { infra } from '../infra/copy-infra.ts';

const tactic = z.enum([
  'Reconnaissance',
  'ResourceDevelopment',
  'InitialAccess',
  'Execution',
  'Persistence',
  'PrivilegeEscalation',
  'DefenseEvasion',
  'CredentialAccess',
  'Discovery',
  'LateralMovement',
  'Collection',
  'Exfiltration',
  'CommandAndControl',
  'Impact',
  'PreAttack',
  'ImpairProcessControl',
  'InhibitResponseFunction',
]);
const severity = z.enum(['High', 'Medium', 'Low', 'Informational']);
const entityType = z.enum([
  'Account',
  'Host',
  'IP',
  'Malware',
  'File',
  'Process',
  'CloudApplication',
  'DNS',
  'AzureResource',
  'FileHash',
  'RegistryKey',
  'RegistryValue',
  'SecurityGroup',
  'URL',
  'Mailbox',
  'MailCluster',
  'MailMessage',
  'SubmissionMail',
]);
const guid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
const duration = z.string().regex(/^P(?=.)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?)?$/);
const kql = z.string().min(1).max(10_000);

const alertProperties = {
  displayName: z.string().max(256),
  description: z.string().max(5_000),
  severity,
  enabled: z.boolean(),
  query: kql,
  suppressionEnabled: z.boolean(),
  suppressionDuration: duration,
  tactics: z.array(tactic),
  techniques: z.array(z.string().regex(/^T\d{4}$/)),
  eventGroupingSettings: z.strictObject({ aggregationKind: z.enum(['SingleAlert', 'AlertPerResult']) }),
  alertDetailsOverride: z.strictObject({
    alertDisplayNameFormat: z.string(),
    alertDescriptionFormat: z.string(),
    alertSeverityColumnName: z.string(),
  }),
  customDetails: z.record(z.string().regex(/^[a-zA-Z]\w{0,19}$/), z.string()),
  entityMappings: z
    .array(
      z.strictObject({
        entityType,
        fieldMappings: z
          .array(z.strictObject({ identifier: z.string(), columnName: z.string() }))
          .min(1)
          .max(3),
      }),
    )
    .min(1)
    .max(10),
  incidentConfiguration: z.strictObject({
    createIncident: z.boolean(),
    groupingConfiguration: z.strictObject({
      enabled: z.boolean(),
      reopenClosedIncident: z.boolean(),
      lookbackDuration: duration,
      matchingMethod: z.enum(['AllEntities', 'AnyAlert', 'Selected']),
      groupByEntities: z.array(entityType),
      groupByAlertDetails: z.array(z.enum(['DisplayName', 'Severity'])),
      groupByCustomDetails: z.array(z.string()),
    }),
  }),
};

const scheduled = z.strictObject({
  name: guid,
  kind: z.literal('Scheduled'),
  properties: z.strictObject({
    ...alertProperties,
    queryFrequency: duration,
    queryPeriod: duration,
    triggerOperator: z.enum(['GreaterThan', 'LessThan', 'Equal', 'NotEqual']),
    triggerThreshold: z.int().min(0).max(10_000),
  }),
});
const nearRealTime = z.strictObject({
  name: guid,
  replaces: guid,
  kind: z.literal('NRT'),
  properties: z.strictObject(alertProperties),
});
const savedSearch = z.strictObject({
  name: z.string().min(1).max(63),
  properties: z.strictObject({
    category: z.string(),
    displayName: z.string(),
    query: kql,
    version: z.literal(2),
    functionAlias: z.string().optional(),
    functionParameters: z.string().optional(),
    tags: z.array(z.strictObject({ name: z.string(), value: z.string().min(1) })).optional(),
  }),
});
const workbook = z.strictObject({
  name: guid,
  properties: z.strictObject({
    displayName: z.string(),
    category: z.literal('sentinel'),
    version: z.literal('Notebook/1.0'),
    serializedData: z.string(),
  }),
});

function read(file: string): unknown[] {
  return JSON.parse(readFileSync(join(infra, 'sentinel/generated', file), 'utf8')) as unknown[];
}

describe('the generated bodies', () => {
  it.each([
    ['analytic-rules.json', scheduled, 5],
    ['near-real-time-rules.json', nearRealTime, 1],
    ['hunting-queries.json', savedSearch, 5],
    ['parsers.json', savedSearch, 4],
    ['workbooks.json', workbook, 1],
  ])('of %s are what the service takes', (file, schema, count) => {
    const bodies = read(file);
    expect(bodies).toHaveLength(count);
    for (const body of bodies) expect(schema.safeParse(body).error).toBeUndefined();
  });

  const [body] = read('analytic-rules.json') as z.infer<typeof scheduled>[];
  it.each<[string, object]>([
    ['a duration of the YAML', { queryFrequency: '5m' }],
    ['a duration without unit', { queryPeriod: 'PT5' }],
    ['an operator of the YAML', { triggerOperator: 'gt' }],
    ['a severity', { severity: 'Critical' }],
    ['a tactic with spaces', { tactics: ['Resource Development'] }],
    ['a sub-technique', { techniques: ['T1608.001'] }],
    [
      'an entity',
      { entityMappings: [{ entityType: 'Blob', fieldMappings: [{ identifier: 'Name', columnName: 'A' }] }] },
    ],
    ['a property', { requiredDataConnectors: [] }],
    ['a detail’s name', { customDetails: { 'First match': 'FirstMatch' } }],
  ])('would be refused with %s that the service does not know', (_, change) => {
    expect(scheduled.safeParse({ ...body!, properties: { ...body!.properties, ...change } }).success).toBe(false);
  });

  it('take, as NRT, the place of a scheduled rule with the same query', () => {
    const rules = read('analytic-rules.json') as z.infer<typeof scheduled>[];
    for (const each of read('near-real-time-rules.json') as z.infer<typeof nearRealTime>[]) {
      const other = rules.find(({ name }) => name === each.replaces);
      expect(other?.properties.query).toBe(each.properties.query);
      expect(each.name).not.toBe(each.replaces);
    }
  });

  it('hold a workbook whose every chart asks over the time range that its picker sets', () => {
    const [{ properties }] = read('workbooks.json') as [z.infer<typeof workbook>];
    const { version, items } = JSON.parse(properties.serializedData) as {
      version: string;
      items: { type: number; content: { timeContextFromParameter?: string; parameters?: { name: string }[] } }[];
    };
    expect(version).toBe('Notebook/1.0');
    const pickers = items.flatMap(({ content }) => content.parameters ?? []).map(({ name }) => name);
    const charts = items.filter(({ type }) => type === 3);
    expect(charts.length).toBeGreaterThan(8);
    for (const { content } of charts) expect(pickers).toContain(content.timeContextFromParameter);
  });
});
