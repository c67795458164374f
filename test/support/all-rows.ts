/** What a database holds, every table of it, so that "nothing changed" can be said of all of them at once. */
import type { Knex } from 'knex';
import type { Row } from '../../plugin/host/contract';

/** Rows by table, as texts in an order that does not depend on the engine; tables without rows are left out. */
export async function allRows(knex: Knex, except: string[] = []): Promise<Record<string, string[]>> {
  const isSqlite = (knex.client as { driverName: string }).driverName === 'better-sqlite3';
  const query = isSqlite
    ? knex('sqlite_master').where({ type: 'table' }).whereNot('name', 'like', 'sqlite_%').select('name')
    : knex('information_schema.tables').whereRaw('table_schema = DATABASE()').select({ name: 'table_name' });
  const found = (await query) as unknown as { name: string }[];
  const rows: Record<string, string[]> = {};
  for (const name of found.map((one) => one.name).sort()) {
    if (except.includes(name)) continue;
    const list = (await knex(name).select()) as Row[];
    if (list.length > 0) rows[name] = list.map((row) => JSON.stringify(row)).sort();
  }
  return rows;
}
