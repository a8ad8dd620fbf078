/**
 * One function that analysts read rows through: from YAML in the shape of Azure-Sentinel's parsers to the body of
 * `Microsoft.OperationalInsights/workspaces/savedSearches`.
 */
import { z } from 'zod';

const parameterType = z.enum(['bool', 'datetime', 'dynamic', 'int', 'long', 'real', 'string', 'timespan']);

const functionName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{2,62}$/, 'must be a name such as SluiceFindings');

export const readerFunction = z
  .strictObject({
    id: z.guid(),
    Function: z.strictObject({
      Title: z.string().min(1).max(120),
      Version: z.string().regex(/^\d+\.\d+\.\d+$/, 'must look like 1.0.0'),
      LastUpdated: z.iso.date(),
    }),
    Category: z.string().min(1),
    FunctionName: functionName,
    FunctionAlias: functionName,
    FunctionParameters: z
      .array(z.strictObject({ Name: z.string().regex(/^[A-Za-z_]\w*$/), Type: parameterType, Default: z.string() }))
      .optional(),
    FunctionQuery: z.string().min(1).max(10_000),
  })
  .refine((reader) => reader.FunctionName === reader.FunctionAlias, {
    error: 'FunctionName and FunctionAlias differ; queries call the alias, and people look for the name',
  });

export type ReaderFunction = z.infer<typeof readerFunction>;

/** As KQL declares them, such as `starttime:datetime=datetime(null)`; empty without parameters. */
export function functionParameters({ FunctionParameters = [] }: ReaderFunction): string {
  return FunctionParameters.map(({ Name, Type, Default }) => `${Name}:${Type}=${Default}`).join(', ');
}

/** The ARM body. The saved search is named for the function, so that a new version takes the old one's place. */
export function savedSearchBody(reader: ReaderFunction): { name: string; properties: object } {
  return {
    name: reader.FunctionName,
    properties: {
      category: reader.Category,
      displayName: reader.Function.Title,
      functionAlias: reader.FunctionAlias,
      ...(reader.FunctionParameters === undefined ? {} : { functionParameters: functionParameters(reader) }),
      query: reader.FunctionQuery,
      version: 2,
    },
  };
}
