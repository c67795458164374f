/** Rows of the host that the map counts on: its next-number settings. */
import type { Knex } from 'knex';
import type { Row, TableMap } from './contract';
import { columnOf, type Schema } from './schema-reader';

export interface MissingRow {
  /** 'series.invoice.next' */
  entry: string;
  table: string;
  /** The row that is looked for. */
  row: Row;
}

/** Next-number settings whose row is not there: giving a number would fail. What has no table or column is said elsewhere. */
export async function missingRows(knex: Knex, map: TableMap, schema: Schema): Promise<MissingRow[]> {
  const missing: MissingRow[] = [];
  for (const [name, series] of Object.entries(map.series ?? {})) {
    const { next } = series;
    const table = next && schema.table(next.table);
    if (!next || !table || [next.column, ...Object.keys(next.where)].some((column) => !columnOf(table, column)))
      continue;
    const found: unknown = await knex(next.table)
      .where(next.where as Record<string, string>)
      .first(knex.raw('1 AS imfound'));
    if (!found) missing.push({ entry: `series.${name}.next`, table: next.table, row: next.where });
  }
  return missing;
}
