/** Counts what a piece of work sends to the database. */
import type { Knex } from 'knex';

/** The statements that `work` sends through the handle or one of its transactions; BEGIN and COMMIT are not counted. */
export async function statementsOf(knex: Knex, work: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const listen = ({ sql }: { sql: string }): void => {
    if (!/^(BEGIN|COMMIT|ROLLBACK|SET )/i.test(sql)) statements.push(sql);
  };
  knex.on('query', listen);
  try {
    await work();
  } finally {
    knex.removeListener('query', listen);
  }
  return statements;
}

/** All rows of the tables as the driver gives them, in the order of their content. */
export async function contentOf(knex: Knex, tables: string[]): Promise<Record<string, string[]>> {
  const content: Record<string, string[]> = {};
  for (const table of tables) {
    const rows = (await knex(table).select('*')) as Record<string, unknown>[];
    content[table] = rows.map((row) => JSON.stringify(row, bytes)).sort();
  }
  return content;
}

function bytes(_key: string, value: unknown): unknown {
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString('hex');
  return typeof value === 'bigint' ? String(value) : value;
}
