/**
 * One analytics rule: from YAML in Azure-Sentinel's schema to the body of `Microsoft.SecurityInsights/alertRules`
 * (2025-09-01, kind Scheduled). Everything that the service would refuse is refused here first: closed lists, limits,
 * durations, entity identifiers, and tactics that have nothing to do with the techniques. Whether the query yields the
 * columns that the rule names is not seen here; a test binds the query for that.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { attackDisagreements, tactics } from './attack.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { entityIdentifiers, entityTypes } from './entities.ts';

const minute = 60;
const day = 24 * 60 * minute;

/** `5m`, `1d`, `PT5H`: seconds. */
const duration = z.string().transform((text, context) => {
  const seconds = parseDuration(text);
  if (seconds === undefined) {
    context.addIssue({ code: 'custom', message: `"${text}" is not a duration such as 5m, 1d or PT5H` });
    return z.NEVER;
  }
  return seconds;
});

function durationWithin(least: number, most: number): z.ZodType<number, string> {
  return duration.refine((seconds) => seconds >= least && seconds <= most, {
    error: `must be from ${formatDuration(least)} to ${formatDuration(most)}`,
  });
}

const columnName = z.string().regex(/^[A-Za-z_]\w{0,499}$/, 'must be the name of a column');
export const technique = z.string().regex(/^T\d{4}(\.\d{3})?$/, 'must look like T1105 or T1608.001');

/** Text with at most three `{{Column}}` in it. */
function template(longest: number): z.ZodType<string> {
  return z
    .string()
    .min(1)
    .max(longest)
    .refine((text) => placeholders(text).length <= 3, { error: 'may name at most 3 columns' });
}

export const entityMapping = z
  .strictObject({
    entityType: z.enum(entityTypes),
    fieldMappings: z
      .array(z.strictObject({ identifier: z.string(), columnName }))
      .min(1)
      .max(3),
  })
  .superRefine(({ entityType, fieldMappings }, context) => {
    const { known, required } = entityIdentifiers[entityType];
    const given = fieldMappings.map(({ identifier }) => identifier);
    for (const identifier of given.filter((name) => !known.includes(name))) {
      context.addIssue({
        code: 'custom',
        message: `${entityType} has no identifier ${identifier}; it has ${known.join(', ')}`,
      });
    }
    if (!required.some((group) => group.every((name) => given.includes(name)))) {
      const groups = required.map((group) => group.join(' and ')).join(', or ');
      context.addIssue({ code: 'custom', message: `${entityType} needs ${groups}` });
    }
  });

const groupingConfiguration = z.strictObject({
  enabled: z.boolean(),
  reopenClosedIncident: z.boolean(),
  lookbackDuration: durationWithin(5 * minute, 7 * day),
  matchingMethod: z.enum(['AllEntities', 'AnyAlert', 'Selected']),
  groupByEntities: z.array(z.enum(entityTypes)),
  groupByAlertDetails: z.array(z.enum(['DisplayName', 'Severity'])),
  groupByCustomDetails: z.array(z.string()),
});

const analyticRuleFields = z.strictObject({
  id: z.guid(),
  kind: z.literal('Scheduled'),
  name: z.string().min(1).max(256),
  description: z.string().min(1).max(5000),
  severity: z.enum(['Informational', 'Low', 'Medium', 'High']),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'must look like 1.0.0'),
  status: z.enum(['Available', 'Deprecated']).optional(),
  requiredDataConnectors: z.array(z.strictObject({ connectorId: z.string(), dataTypes: z.array(z.string()).min(1) })),
  queryFrequency: durationWithin(5 * minute, 14 * day),
  queryPeriod: durationWithin(5 * minute, 14 * day),
  triggerOperator: z.enum(['gt', 'lt', 'eq', 'ne']),
  triggerThreshold: z.int().min(0).max(10_000),
  tactics: z.array(z.enum(tactics)).min(1),
  relevantTechniques: z.array(technique).min(1),
  tags: z.array(z.enum(['NearRealTime'])).optional(),
  query: z.string().min(1).max(10_000),
  eventGroupingSettings: z.strictObject({ aggregationKind: z.enum(['SingleAlert', 'AlertPerResult']) }),
  alertDetailsOverride: z.strictObject({
    alertDisplayNameFormat: template(256),
    alertDescriptionFormat: template(5000),
    alertSeverityColumnName: columnName,
  }),
  customDetails: z
    .record(z.string().regex(/^[a-zA-Z]\w{0,19}$/, 'must be a letter and up to 19 letters, digits or _'), columnName)
    .refine((details) => Object.keys(details).length <= 20, { error: 'may hold at most 20' }),
  entityMappings: z.array(entityMapping).min(1).max(10),
  incidentConfiguration: z.strictObject({ createIncident: z.boolean(), groupingConfiguration }),
});

export type AnalyticRule = z.infer<typeof analyticRuleFields>;

/** What a rule's YAML may hold: each field alone, and then how they fit together. */
export const analyticRule = analyticRuleFields.superRefine((rule, context) => {
  for (const message of disagreements(rule)) context.addIssue({ code: 'custom', message });
});

export interface AlertRuleBody {
  readonly name: string;
  readonly kind: 'Scheduled' | 'NRT';
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The names in `{{…}}`, in order. */
export function placeholders(text: string): string[] {
  return [...text.matchAll(/\{\{(.*?)\}\}/g)].map((match) => match[1]!.trim());
}

/** Every column that the rule takes from its query's result, for a check of the query. */
export function columnsOf(rule: AnalyticRule): string[] {
  const { alertDisplayNameFormat, alertDescriptionFormat, alertSeverityColumnName } = rule.alertDetailsOverride;
  const columns = [
    ...rule.entityMappings.flatMap(({ fieldMappings }) => fieldMappings.map((field) => field.columnName)),
    ...Object.values(rule.customDetails),
    ...placeholders(alertDisplayNameFormat),
    ...placeholders(alertDescriptionFormat),
    alertSeverityColumnName,
  ];
  return [...new Set(columns)];
}

/** The ARM body, without what only the deployment knows. */
export function alertRuleBody(rule: AnalyticRule): AlertRuleBody {
  const operators = { gt: 'GreaterThan', lt: 'LessThan', eq: 'Equal', ne: 'NotEqual' } as const;
  const { groupingConfiguration, createIncident } = rule.incidentConfiguration;
  return {
    name: rule.id,
    kind: rule.kind,
    properties: {
      displayName: rule.name,
      description: rule.description.trim(),
      severity: rule.severity,
      enabled: true,
      query: rule.query,
      queryFrequency: formatDuration(rule.queryFrequency),
      queryPeriod: formatDuration(rule.queryPeriod),
      triggerOperator: operators[rule.triggerOperator],
      triggerThreshold: rule.triggerThreshold,
      // The body must say it even where nothing is suppressed.
      suppressionEnabled: false,
      suppressionDuration: 'PT5H',
      tactics: rule.tactics,
      // The stable API takes T1608 and refuses T1608.001.
      techniques: [...new Set(rule.relevantTechniques.map((id) => id.slice(0, 5)))],
      eventGroupingSettings: rule.eventGroupingSettings,
      alertDetailsOverride: rule.alertDetailsOverride,
      customDetails: rule.customDetails,
      entityMappings: rule.entityMappings,
      incidentConfiguration: {
        createIncident,
        groupingConfiguration: {
          ...groupingConfiguration,
          lookbackDuration: formatDuration(groupingConfiguration.lookbackDuration),
        },
      },
    },
  };
}

/**
 * The same rule of kind NRT, which runs each minute over what came in since; undefined for one that is not tagged
 * `NearRealTime`. A rule cannot change its kind, so this one has a name of its own; `replaces` is the other's.
 */
export function nearRealTimeBody(rule: AnalyticRule): (AlertRuleBody & { readonly replaces: string }) | undefined {
  if (rule.tags?.includes('NearRealTime') !== true) return undefined;
  const scheduled = ['queryFrequency', 'queryPeriod', 'triggerOperator', 'triggerThreshold'];
  const properties = Object.entries(alertRuleBody(rule).properties).filter(([name]) => !scheduled.includes(name));
  return {
    name: derivedId(`${rule.id} NRT`),
    replaces: rule.id,
    kind: 'NRT',
    properties: Object.fromEntries(properties),
  };
}

/** A GUID that is always the same for the same text (version 8 of RFC 9562). */
function derivedId(text: string): string {
  const digits = createHash('sha256').update(text).digest('hex');
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `8${digits.slice(13, 16)}`, `8${digits.slice(17, 20)}`];
  return [...parts, digits.slice(20, 32)].join('-');
}

function disagreements(rule: AnalyticRule): string[] {
  const messages: string[] = [];
  if (rule.queryPeriod < rule.queryFrequency) messages.push('queryPeriod is shorter than queryFrequency');
  if (rule.queryPeriod >= 2 * day && rule.queryFrequency < 60 * minute) {
    messages.push('a queryPeriod of 2 days or more needs a queryFrequency of at least 1 hour');
  }
  return [...messages, ...attackDisagreements(rule.tactics, rule.relevantTechniques), ...groupingDisagreements(rule)];
}

function groupingDisagreements(rule: AnalyticRule): string[] {
  const { enabled, matchingMethod, groupByEntities, groupByAlertDetails, groupByCustomDetails } =
    rule.incidentConfiguration.groupingConfiguration;
  const messages: string[] = [];
  const mapped = rule.entityMappings.map(({ entityType }) => entityType);
  for (const entity of groupByEntities.filter((type) => !mapped.includes(type))) {
    messages.push(`groupByEntities names ${entity}, which entityMappings does not`);
  }
  for (const key of groupByCustomDetails.filter((name) => !Object.hasOwn(rule.customDetails, name))) {
    messages.push(`groupByCustomDetails names ${key}, which customDetails does not`);
  }
  const selected = groupByEntities.length + groupByAlertDetails.length + groupByCustomDetails.length;
  if (enabled && matchingMethod === 'Selected' && selected === 0) {
    messages.push('matchingMethod Selected needs something to group by');
  }
  return messages;
}
