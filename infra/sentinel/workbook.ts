/**
 * One workbook: from YAML with a list of charts to the body of `Microsoft.Insights/workbooks`, whose content is JSON in a
 * text. Only what is used here of that content is known: a picker of the time range, headings, and queries shown as a
 * chart, a table or tiles.
 */
import { z } from 'zod';

const chart = z.strictObject({
  title: z.string().min(1).max(120),
  /** Shown where the query yields nothing. */
  empty: z.string().min(1).max(500).optional(),
  visualization: z.enum(['timechart', 'barchart', 'piechart', 'table', 'tiles', 'areachart']),
  /** Share of the row's width, in percent. */
  width: z.int().min(20).max(100),
  query: z.string().min(1).max(10_000),
});

export const workbook = z.strictObject({
  id: z.guid(),
  name: z.string().min(1).max(120),
  description: z.string().min(1).max(2_000),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'must look like 1.0.0'),
  charts: z.array(chart).min(1).max(40),
});

export type Workbook = z.infer<typeof workbook>;

const resourceType = 'microsoft.operationalinsights/workspaces';
const day = 86_400_000;

/** The ARM body, without what only the deployment knows. Every query runs over the time range that the reader picks. */
export function workbookBody({ id, name, description, charts }: Workbook): { name: string; properties: object } {
  const content = {
    version: 'Notebook/1.0',
    items: [
      { type: 1, content: { json: `## ${name}\n\n${description.trim()}` }, name: 'title' },
      timeRange(),
      ...charts.map((each, index) => ({
        type: 3,
        content: {
          version: 'KqlItem/1.0',
          query: each.query,
          size: 0,
          title: each.title,
          ...(each.empty === undefined ? {} : { noDataMessage: each.empty }),
          timeContextFromParameter: 'TimeRange',
          queryType: 0,
          resourceType,
          visualization: each.visualization,
        },
        customWidth: String(each.width),
        name: `chart ${index + 1}`,
        styleSettings: { maxWidth: `${each.width}%` },
      })),
    ],
    fallbackResourceIds: [],
    $schema: 'https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json',
  };
  return {
    name: id,
    properties: {
      displayName: name,
      category: 'sentinel',
      version: 'Notebook/1.0',
      serializedData: JSON.stringify(content),
    },
  };
}

function timeRange(): object {
  return {
    type: 9,
    content: {
      version: 'KqlParameterItem/1.0',
      parameters: [
        {
          id: 'b5e7b2a0-6d0f-4f0b-8a57-0a4f4f2a5d10',
          version: 'KqlParameterItem/1.0',
          name: 'TimeRange',
          label: 'Time range',
          type: 4,
          isRequired: true,
          value: { durationMs: 7 * day },
          typeSettings: {
            selectableValues: [day / 24, day, 7 * day, 30 * day, 90 * day].map((durationMs) => ({ durationMs })),
            allowCustom: true,
          },
        },
      ],
      style: 'pills',
      queryType: 0,
      resourceType,
    },
    name: 'parameters',
  };
}
