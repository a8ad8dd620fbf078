/**
 * The incidents that an analytics rule would raise from the rows in the findings table. The rule's own query is run over
 * the rows; everything after it comes from the rule's YAML too: which column is the severity, title and description, which
 * entities an alert has, and how alerts are grouped into incidents.
 *
 * The service runs the query every few minutes and waits for slow rows. Here it is run when rows have come: those are
 * taken to have come in just now, and those of earlier runs as long ago as the time between two runs.
 *
 * Left out is what nobody uploads here: `StorageBlobLogs`, so the columns about the uploader are empty.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { tables } from '../sinks/rows.ts';
import type { FindingRow } from '../sinks/rows.ts';
import { runQuery } from './kusto/run-query.ts';
import type { ResultRow } from './kusto/run-query.ts';
import { loadTableDefinitions } from './table-definitions.ts';

const severities = ['Informational', 'Low', 'Medium', 'High'] as const;
export type IncidentSeverity = (typeof severities)[number];

export interface Entity {
  readonly type: string;
  /** Such as `{ Algorithm: 'SHA256', Value: '…' }`; only fields that have a value. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface Alert {
  readonly title: string;
  readonly description: string;
  readonly severity: IncidentSeverity;
  readonly entities: readonly Entity[];
  readonly customDetails: Readonly<Record<string, string>>;
}

export interface Incident {
  /** From 1, in the order in which they were opened. */
  readonly number: number;
  /** Of its first alert. */
  readonly title: string;
  /** The highest of its alerts'. */
  readonly severity: IncidentSeverity;
  readonly alerts: readonly Alert[];
  /** Each once. */
  readonly entities: readonly Entity[];
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
}

/** What of a rule's YAML decides about alerts and incidents. The whole schema is checked where the rule is built. */
const incidentRule = z.object({
  name: z.string(),
  query: z.string(),
  queryFrequency: z.string().transform(durationInMs),
  queryPeriod: z.string().transform(durationInMs),
  severity: z.enum(severities),
  tactics: z.array(z.string()),
  relevantTechniques: z.array(z.string()),
  eventGroupingSettings: z.object({ aggregationKind: z.literal('AlertPerResult') }),
  alertDetailsOverride: z.object({
    alertDisplayNameFormat: z.string(),
    alertDescriptionFormat: z.string(),
    alertSeverityColumnName: z.string(),
  }),
  customDetails: z.record(z.string(), z.string()),
  entityMappings: z.array(
    z.object({
      entityType: z.string(),
      fieldMappings: z.array(z.object({ identifier: z.string(), columnName: z.string() })),
    }),
  ),
  incidentConfiguration: z.object({
    createIncident: z.literal(true),
    groupingConfiguration: z.object({
      enabled: z.boolean(),
      lookbackDuration: z.string().transform(durationInMs),
      matchingMethod: z.enum(['AllEntities', 'AnyAlert', 'Selected']),
      groupByEntities: z.array(z.string()),
      groupByAlertDetails: z.array(z.enum(['DisplayName', 'Severity'])),
      groupByCustomDetails: z.array(z.string()),
    }),
  }),
});

export type IncidentRule = z.infer<typeof incidentRule>;

/** Reads the rule's YAML. Throws where it holds what this file does not imitate. */
export function readIncidentRule(path: string | URL): IncidentRule {
  return incidentRule.parse(parse(readFileSync(path, 'utf8')));
}

/** One rule, the rows that have come so far, and the incidents they opened. */
export class IncidentBook {
  readonly #rule: IncidentRule;
  /** Rows of earlier runs that the query still looks back to. */
  #earlier: readonly FindingRow[] = [];
  readonly #incidents: { incident: Incident; key: string | undefined; lastAlertAt: number }[] = [];

  constructor(rule: IncidentRule) {
    this.#rule = rule;
  }

  /**
   * Takes rows that have come in; returns the incidents they opened or joined, each as it then is. Throws `KustoError`
   * when the rule's query cannot be run. The first call loads the language service, which takes about a second.
   */
  add(rows: readonly FindingRow[], now: Date): Incident[] {
    const touched = new Set<number>();
    for (const columns of this.#run(rows, now)) touched.add(this.#file(this.#toAlert(columns), now.getTime()));
    const { queryPeriod } = this.#rule;
    this.#earlier = [...this.#earlier, ...rows].filter(
      ({ TimeGenerated }) => Date.parse(TimeGenerated) > now.getTime() - queryPeriod,
    );
    return [...touched].map((index) => this.#incidents[index]!.incident);
  }

  #run(rows: readonly FindingRow[], now: Date): readonly ResultRow[] {
    const earlierRun = new Date(now.getTime() - this.#rule.queryFrequency);
    const findings = {
      name: tables.findings,
      columns: loadTableDefinitions().find(({ name }) => name === tables.findings)!.columns,
      rows: [...this.#earlier, ...rows].map((row) => ({ ...row })),
      ingestedAt: (index: number) => (index < this.#earlier.length ? earlierRun : now),
    };
    return runQuery(this.#rule.query, { tables: [findings] }, now).rows;
  }

  #toAlert(columns: ResultRow): Alert {
    const { alertDetailsOverride, entityMappings, customDetails, severity } = this.#rule;
    const value = (name: string): string => toText(columns[name]);
    const fill = (format: string): string =>
      format.replaceAll(/\{\{\s*(.*?)\s*\}\}/g, (_, name: string) => value(name));
    const own = severities.find((word) => word === value(alertDetailsOverride.alertSeverityColumnName));
    return {
      title: fill(alertDetailsOverride.alertDisplayNameFormat),
      description: fill(alertDetailsOverride.alertDescriptionFormat),
      severity: own ?? severity,
      entities: entityMappings
        .map(({ entityType, fieldMappings }) => ({
          type: entityType,
          fields: withValue(fieldMappings.map(({ identifier, columnName }) => [identifier, value(columnName)])),
        }))
        .filter(({ fields }) => Object.keys(fields).length > 0),
      customDetails: withValue(Object.entries(customDetails).map(([name, column]) => [name, value(column)])),
    };
  }

  /** Puts the alert into the incident it belongs to, or opens one. Returns the incident's index. */
  #file(alert: Alert, now: number): number {
    const { lookbackDuration } = this.#rule.incidentConfiguration.groupingConfiguration;
    const key = this.#groupingKey(alert);
    const index = this.#incidents.findIndex(
      (entry) => key !== undefined && entry.key === key && now - entry.lastAlertAt <= lookbackDuration,
    );
    const { tactics, relevantTechniques } = this.#rule;
    if (index === -1) {
      const number = this.#incidents.length + 1;
      const { title, severity, entities } = alert;
      const techniques = relevantTechniques;
      const incident = { number, title, severity, alerts: [alert], entities, tactics, techniques };
      this.#incidents.push({ incident, key, lastAlertAt: now });
      return number - 1;
    }
    const { incident } = this.#incidents[index]!;
    const joined = {
      ...incident,
      severity: severities[Math.max(severities.indexOf(incident.severity), severities.indexOf(alert.severity))]!,
      alerts: [...incident.alerts, alert],
      entities: distinct([...incident.entities, ...alert.entities]),
    };
    this.#incidents[index] = { incident: joined, key, lastAlertAt: now };
    return index;
  }

  /** Alerts with equal keys share an incident; undefined: an incident of its own. */
  #groupingKey(alert: Alert): string | undefined {
    const grouping = this.#rule.incidentConfiguration.groupingConfiguration;
    if (!grouping.enabled) return undefined;
    switch (grouping.matchingMethod) {
      case 'AnyAlert':
        return 'any';
      case 'AllEntities':
        return JSON.stringify(alert.entities);
      case 'Selected': {
        const entities = alert.entities.filter(({ type }) => grouping.groupByEntities.includes(type));
        const details = grouping.groupByAlertDetails.map((name) =>
          name === 'Severity' ? alert.severity : alert.title,
        );
        const custom = grouping.groupByCustomDetails.map((name) => alert.customDetails[name] ?? '');
        // What the alerts should have in common but lack makes none of them alike.
        const isWhole = grouping.groupByEntities.every((type) => entities.some((entity) => entity.type === type));
        return isWhole ? JSON.stringify([entities, details, custom]) : undefined;
      }
      default:
        return grouping.matchingMethod satisfies never;
    }
  }
}

/** As an alert shows a column. */
function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

function withValue(entries: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

function distinct(entities: readonly Entity[]): Entity[] {
  return [...new Map(entities.map((entity) => [JSON.stringify(entity), entity])).values()];
}

/** `5h`, or in ISO 8601 `PT5H`: days, hours and minutes, as the rule's lookback is. */
function durationInMs(text: string): number {
  const iso = /^(\d+)[mhd]$/.test(text) ? (text.endsWith('d') ? `P${text}` : `PT${text}`).toUpperCase() : text;
  const parts = /^P(?!$)(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/.exec(iso);
  if (parts === null) throw new Error(`not a duration: ${text}`);
  const [days = 0, hours = 0, minutes = 0] = parts.slice(1).map((part: string | undefined) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60_000;
}
