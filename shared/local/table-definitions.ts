/**
 * The tables of the workspace as `infra/tables/*.json` defines them: what Bicep deploys and what the local endpoint
 * checks rows against are one file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { SluiceError } from '../base/errors.ts';

const columnTypes = ['string', 'int', 'long', 'real', 'boolean', 'dateTime', 'guid', 'dynamic'] as const;

const tableSchema = z.object({
  name: z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,59}_CL$/),
  description: z.string(),
  columns: z
    .array(
      z.object({
        name: z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,44}$/),
        type: z.enum(columnTypes),
        description: z.string(),
      }),
    )
    .min(1)
    .max(500),
});

export type ColumnType = (typeof columnTypes)[number];
export type TableDefinition = Readonly<z.infer<typeof tableSchema>>;

/** A file of `infra/tables` is missing or not a table. Code `TABLE_DEFINITION`. */
export class TableDefinitionError extends SluiceError {
  readonly code = 'TABLE_DEFINITION';
}

/** All tables, by name. Throws `TableDefinitionError`. */
export function loadTableDefinitions(folder: URL = findTablesFolder()): TableDefinition[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return files.sort().map((name) => {
    const url = new URL(name, folder);
    const parsed = tableSchema.safeParse(JSON.parse(readFileSync(url, 'utf8')));
    if (parsed.success) return parsed.data;
    throw new TableDefinitionError(`not a table definition: ${z.prettifyError(parsed.error)}`, { where: url.pathname });
  });
}

/** Two folders up in the sources, three in what is built. */
function findTablesFolder(): URL {
  for (const path of ['../../infra/tables/', '../../../infra/tables/']) {
    const folder = new URL(path, import.meta.url);
    try {
      readdirSync(folder);
      return folder;
    } catch {
      // The other layout.
    }
  }
  throw new TableDefinitionError('infra/tables was not found', {
    where: import.meta.url,
    hint: 'the local stack runs from a checkout of the project',
  });
}
