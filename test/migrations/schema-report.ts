/** Writes down, from live databases, what the migrations add: docs/schema.md. */
import type { Knex } from 'knex';
import { migrate, rollback } from '../../migrations';
import type { TestDatabase } from '../support/databases';
import { map } from './host';

/** Types that nothing else has, so that the report can say whose type a column repeats. */
const HOST_TYPES: Record<string, string> = {
  'char(31)': "as the host's invoice id",
  'char(32)': "as the host's line id",
  'char(33)': "as the host's customer id",
  'char(34)': "as the host's payment method id",
  'char(35)': "as the host's payment id",
};

interface Column {
  name: string;
  type: string;
  isNullable: boolean;
}
interface TableReport {
  columns: Column[];
  keys: string[];
}
type Report = Map<string, TableReport>;

async function createReportedHost(knex: Knex): Promise<void> {
  await knex.raw('CREATE TABLE customers (id char(33) NOT NULL PRIMARY KEY, name varchar(100))');
  await knex.raw(`CREATE TABLE bills (id char(31) NOT NULL PRIMARY KEY, customer_id char(33), number varchar(30),
    status varchar(20), issue_date date, total decimal(15,2))`);
  await knex.raw(`CREATE TABLE bill_rows (id char(32) NOT NULL PRIMARY KEY, bill_id char(31),
    description varchar(200), quantity decimal(15,4), unit_price decimal(15,2))`);
  await knex.raw('CREATE TABLE ways (id char(34) NOT NULL PRIMARY KEY, name varchar(60))');
  await knex.raw(`CREATE TABLE receipts (id char(35) NOT NULL PRIMARY KEY, bill_id char(31), way_id char(34),
    amount decimal(15,2), paid_on date)`);
}

async function readMariadb(knex: Knex): Promise<Report> {
  const report: Report = new Map();
  const tableOf = (name: string): TableReport => {
    const table = report.get(name) ?? { columns: [], keys: [] };
    report.set(name, table);
    return table;
  };
  const [columns = []] = await knex.raw<Record<string, string | null>[][]>(
    `SELECT TABLE_NAME t, COLUMN_NAME c, COLUMN_TYPE k, COLLATION_NAME n, IS_NULLABLE o FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION`,
  );
  for (const { t, c, k, n, o } of columns) {
    // MariaDB gives integers a display width, MySQL does not.
    const type = `${k}`.replace(/^(\w*int)\(\d+\)/, '$1');
    tableOf(`${t}`).columns.push({
      name: `${c}`,
      type: n?.endsWith('_bin') ? `${type} ${n}` : type,
      isNullable: o === 'YES',
    });
  }
  const [keys = []] = await knex.raw<Record<string, string | number>[][]>(
    `SELECT TABLE_NAME t, INDEX_NAME i, NON_UNIQUE d, GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX SEPARATOR ', ') c
     FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() GROUP BY TABLE_NAME, INDEX_NAME, NON_UNIQUE`,
  );
  for (const { t, i, d, c } of keys)
    tableOf(`${t}`).keys.push(i === 'PRIMARY' ? `primary key (${c})` : `${d === 0 ? 'unique ' : ''}\`${i}\` (${c})`);
  return report;
}

async function readSqlite(knex: Knex): Promise<Report> {
  const report: Report = new Map();
  const tables = await knex.raw<{ name: string }[]>(`SELECT name FROM sqlite_master WHERE type = 'table'`);
  for (const { name } of tables) {
    const columns = await knex.raw<{ name: string; type: string; notnull: number; pk: number }[]>(
      `PRAGMA table_info(${name})`,
    );
    const primary = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
    const keys = [`primary key (${primary.map((column) => column.name).join(', ')})`];
    const indexes = await knex.raw<{ name: string; unique: number; origin: string }[]>(`PRAGMA index_list(${name})`);
    for (const index of indexes.filter(({ origin }) => origin === 'c')) {
      const parts = await knex.raw<{ name: string }[]>(`PRAGMA index_info(${index.name})`);
      const list = parts.map((part) => part.name).join(', ');
      keys.push(`${index.unique === 1 ? 'unique ' : ''}\`${index.name}\` (${list})`);
    }
    report.set(name, {
      columns: columns.map((column) => ({
        name: column.name,
        type: column.type,
        isNullable: column.notnull === 0,
      })),
      keys,
    });
  }
  return report;
}

/** What `after` has and `before` has not. */
function added(before: Report, after: Report): Report {
  const result: Report = new Map();
  for (const [name, table] of [...after].sort(([a], [b]) => a.localeCompare(b))) {
    const known = before.get(name);
    const columns = table.columns.filter(({ name: column }) => !known?.columns.some((other) => other.name === column));
    const keys = table.keys.filter((key) => !known?.keys.includes(key)).sort();
    if (columns.length + keys.length > 0) result.set(name, { columns, keys });
  }
  return result;
}

async function addedTo(database: TestDatabase): Promise<Report> {
  const read = database.name === 'sqlite' ? readSqlite : readMariadb;
  await createReportedHost(database.knex);
  const before = await read(database.knex);
  await migrate(database.knex, map);
  const result = added(before, await read(database.knex));
  await rollback(database.knex, map);
  return result;
}

/** Lined up as Prettier does. */
function markdownTable(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: string[], fill = ' '): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0, fill)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [
    line(head),
    line(
      head.map(() => ''),
      '-',
    ),
    ...body.map((row) => line(row)),
  ].join('\n');
}

/** @throws when the engines do not have the same tables, columns and keys */
export async function schemaReport(mariadb: TestDatabase, sqlite: TestDatabase): Promise<string> {
  const left = await addedTo(mariadb);
  const right = await addedTo(sqlite);
  const sections = [...left].map(([name, table]) => {
    const other = right.get(name);
    if (JSON.stringify(other?.keys) !== JSON.stringify(table.keys))
      throw new Error(`the keys of ${name} differ: ${table.keys.join()} and ${other?.keys.join()}`);
    const rows = table.columns.map((column) => {
      const twin = other?.columns.find((candidate) => candidate.name === column.name);
      if (twin?.isNullable !== column.isNullable) throw new Error(`${name}.${column.name} differs between the engines`);
      const whose = HOST_TYPES[column.type];
      return [column.name, whose ?? column.type, whose ?? twin.type, column.isNullable ? 'yes' : ''];
    });
    const titles: Record<string, string> = {
      bills: "The host's invoices",
      bill_rows: "The host's invoice lines",
      ways: "The host's payment methods, where they are mapped",
      receipts: "The host's payments, where their methods are mapped",
    };
    const title = titles[name] ?? `\`${name}\``;
    const keys = table.keys.map((key) => `- ${key}`).join('\n');
    const parts = [`## ${title}`, markdownTable([['column', 'MySQL, MariaDB', 'SQLite', 'null'], ...rows]), keys];
    return parts.filter((part) => part !== '').join('\n\n');
  });
  return `# What the migrations add

Written from live databases by \`UPDATE_SCHEMA_REPORT=1 npx jest test/migrations/schema-report\`; a test compares it. Shown with the default prefix.
The host's tables get nullable columns at their end, and one index where none of their own begins with the customer and the status; its columns are
the other way round where a foreign key rests on the customer. \`uniqueNumber\` adds the unique index \`im_unique_number\` on the invoice's number.

${sections.join('\n\n')}
`;
}
