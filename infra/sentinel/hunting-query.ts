/**
 * One hunting query: from YAML in Azure-Sentinel's schema to the body of a saved search, which is what Sentinel's page of
 * hunting queries lists. Whether the query binds and yields the columns it maps is not seen here; a test binds it.
 */
import { z } from 'zod';
import { entityMapping, technique } from './analytic-rule.ts';
import { attackDisagreements, tactics } from './attack.ts';

export const huntingQuery = z
  .strictObject({
    id: z.guid(),
    name: z.string().min(1).max(256),
    description: z.string().min(1).max(5000),
    version: z.string().regex(/^\d+\.\d+\.\d+$/, 'must look like 1.0.0'),
    requiredDataConnectors: z.array(z.strictObject({ connectorId: z.string(), dataTypes: z.array(z.string()).min(1) })),
    tactics: z.array(z.enum(tactics)).min(1),
    relevantTechniques: z.array(technique).min(1),
    query: z.string().min(1).max(10_000),
    entityMappings: z.array(entityMapping).min(1).max(10),
  })
  .superRefine((query, context) => {
    for (const message of attackDisagreements(query.tactics, query.relevantTechniques)) {
      context.addIssue({ code: 'custom', message });
    }
  });

export type HuntingQuery = z.infer<typeof huntingQuery>;

/** The ARM body. A saved search has no place for entity mappings; the page takes tactics and techniques from tags. */
export function huntingQueryBody(query: HuntingQuery): { name: string; properties: object } {
  return {
    name: query.id,
    properties: {
      category: 'Hunting Queries',
      displayName: query.name,
      query: query.query,
      version: 2,
      tags: [
        { name: 'description', value: query.description.trim() },
        { name: 'tactics', value: query.tactics.join(',') },
        { name: 'techniques', value: [...new Set(query.relevantTechniques.map((id) => id.slice(0, 5)))].join(',') },
      ],
    },
  };
}
