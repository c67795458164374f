/** The table of applied steps. Never Knex's own: the host may have its migrations there. */
import type { Connection } from './connection';
import { schemaOf } from './schema';

const DUPLICATE_ROW = 1062;
const RETRYABLE = new Set([1213, 1205, 1180, 3101]);

export async function createBookkeeping(connection: Connection, prefix: string): Promise<void> {
  const schema = schemaOf(connection);
  const { types } = schema;
  await schema.createTable(
    `${prefix}migrations`,
    { name: `${types.varchar(100)} NOT NULL`, applied_at: `${types.time} NOT NULL` },
    { primary: ['name'] },
  );
}

export async function appliedSteps(connection: Connection, prefix: string): Promise<Set<string>> {
  const schema = schemaOf(connection);
  const table = `${prefix}migrations`;
  if (!(await schema.hasTable(table))) return new Set();
  const rows = await connection.rows(`SELECT name AS name FROM ${schema.quote(table)}`);
  return new Set(rows.map((row) => String(row.name)));
}

/** @returns false when another process recorded the step meanwhile */
export async function record(connection: Connection, prefix: string, name: string): Promise<boolean> {
  const schema = schemaOf(connection);
  for (let attempt = 1; ; attempt++) {
    try {
      await connection.rows(`INSERT INTO ${schema.quote(`${prefix}migrations`)} (name, applied_at) VALUES (?, ?)`, [
        name,
        new Date().toISOString(),
      ]);
      return true;
    } catch (error) {
      const { errno } = error as { errno?: unknown };
      if (errno === DUPLICATE_ROW) return false;
      // Nodes of a cluster answer two inserts of one key with a deadlock first.
      if (attempt > 5 || !RETRYABLE.has(Number(errno))) throw error;
    }
  }
}
