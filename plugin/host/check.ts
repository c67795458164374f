/** Compares a host's database with its table map, and says everything that does not fit at once. */
import type { Knex } from 'knex';
import type { Row, TableMap } from './contract';
import { unmappedReferences, type UnmappedReference } from './check-references';
import { missingRows, type MissingRow } from './check-rows';
import { columnUses, type ColumnUse } from './check-uses';
import { columnOf, rawRows, readSchema, type Schema, type SchemaColumn } from './schema-reader';

export type HostFaultCode =
  | 'names_rewritten'
  | 'missing_table'
  | 'missing_column'
  | 'unfit_type'
  | 'not_transactional'
  | 'not_migrated'
  | 'missing_row'
  | 'unmapped_reference';

export interface HostFault {
  code: HostFaultCode;
  /** A table, or table.column; 'knex' for the handle. */
  where: string;
  /** What to do, for the developer who wrote the map. */
  mend: string;
  /** The same in the languages of the screen: the text under `check`, and what it names. */
  says: { text: string; vars: Row };
}

/** What migrate() adds, without the prefix. */
const OWN_TABLES = [
  'migrations',
  'save_keys',
  'merges',
  'merge_sources',
  'merge_links',
  'carried_lines',
  'series',
  'activity',
  'settings',
  'received_payments',
  'customer_notices',
  'dismissals',
  ...['claimed_numbers', 'number_changes', 'explained_gaps', 'vacated_numbers'],
];
const OWN_INVOICE_COLUMNS = ['version', 'merged_into_id', 'merged_at', 'reminders_off'];
const OWN_LINE_COLUMNS = ['source_invoice_id', 'source_line_id'];
/** The same where the map has what billing needs. */
const BILLING_TABLES = [
  ...['order_modules', 'module_payment_methods', 'images'],
  ...['sales', 'sale_payments', 'sale_payment_taxes'],
];
const METHOD_COLUMNS = [
  ...['kind', 'external_identifier', 'requires_reference', 'reference_label', 'reference_mask', 'image_id'],
  ...['integration_id', 'archived_at', 'used_at'],
];
const PAYMENT_COLUMNS = [
  ...['external_reference', 'method_snapshot', 'order_module_id', 'request_key', 'reverses_payment_id', 'reason'],
  'actor',
];

/**
 * All faults of a host at once: its handle, missing tables and columns, types that do not fit, the plugin's own tables and
 * columns, next-number settings without their row, and every column that seems to point at an invoice without being mapped. Reads only; needs one connection.
 * Throws IM_DATABASE_UNSUPPORTED on anything but MySQL, MariaDB and SQLite.
 */
export async function checkHost(knex: Knex, map: TableMap): Promise<{ ok: boolean; faults: HostFault[] }> {
  const schema = await readSchema(knex);
  const uses = columnUses(map);
  const faults = [
    ...(await rewrittenNames(knex, map, uses)),
    ...missing(schema, uses),
    ...unfitTypes(schema, uses),
    ...notTransactional(schema, uses),
    ...notMigrated(schema, map),
    ...(await missingRows(knex, map, schema)).map((row) => missingRowFault(row)),
    ...unmappedReferences(schema, map).map((reference) => unmappedFault(reference)),
  ];
  return { ok: faults.length === 0, faults };
}

/** The faults for which `delete` is not offered: columns that would point at an invoice that is gone. */
export function deleteBlockers(faults: HostFault[]): HostFault[] {
  return faults.filter((fault) => fault.code === 'unmapped_reference');
}

/** Asks the handle for every name in use, once as an identifier that it writes and once as a key that it answers. */
async function rewrittenNames(knex: Knex, map: TableMap, uses: ColumnUse[]): Promise<HostFault[]> {
  const prefix = map.tablePrefix ?? 'im_';
  const names = new Set([`${prefix}version`, `${prefix}merged_into_id`]);
  for (const use of uses) names.add(use.table).add(use.column);
  const wanted = [...names];
  const quoted = wanted.map((name) => `'' AS \`${name.replaceAll('`', '``')}\``);
  const [row] = await rawRows(knex, `SELECT ${quoted.join(', ')}`);
  const answered = Object.keys(row ?? {});
  const changes = wanted.flatMap((name) => {
    const written = knex.raw('??', [name]).toSQL().sql.replaceAll('`', '');
    return [
      ...(written === name ? [] : [`writes ${name} as ${written}`]),
      ...(answered.includes(name) ? [] : [`answers ${name} under another name`]),
    ];
  });
  if (changes.length === 0) return [];
  const shown = changes.slice(0, 3).join(', ') + (changes.length > 3 ? ', …' : '');
  return [
    {
      code: 'names_rewritten',
      where: 'knex',
      mend: `Pass a Knex handle without postProcessResponse and wrapIdentifier: this one ${shown}. A second handle may share the host's pool size settings, but must leave names alone.`,
      says: { text: 'names_rewritten', vars: { changes: shown } },
    },
  ];
}

function missing(schema: Schema, uses: ColumnUse[]): HostFault[] {
  const faults = new Map<string, HostFault>();
  for (const { table: tableName, column, entry } of uses) {
    const table = schema.table(tableName);
    const where = table ? `${tableName}.${column}` : tableName;
    if (faults.has(where) || (table && columnOf(table, column))) continue;
    const part = entry.replace(/\.[^.]*$/, '');
    const columns = table?.columns.map(({ name }) => name).join(', ');
    faults.set(
      where,
      table
        ? {
            code: 'missing_column',
            where,
            mend: `The map's ${entry} names the column '${column}', which table '${tableName}' does not have. Its columns: ${columns}.`,
            says: { text: 'missing_column', vars: { entry, table: tableName, column, columns } },
          }
        : {
            code: 'missing_table',
            where,
            mend: `The map's ${part} names the table '${tableName}', which this database does not have. Correct ${part}.table, or connect Knex to the host's database.`,
            says: { text: 'missing_table', vars: { entry: part, table: tableName } },
          },
    );
  }
  return [...faults.values()];
}

function unfitTypes(schema: Schema, uses: ColumnUse[]): HostFault[] {
  const faults = new Map<string, HostFault>();
  for (const use of uses) {
    const column = columnOf(schema.table(use.table), use.column);
    if (!column) continue;
    const where = `${use.table}.${use.column}`;
    const target = use.refersTo && columnOf(schema.table(use.refersTo[0]), use.refersTo[1]);
    const unfit =
      unfitAmount(schema, use, column, where) ??
      unfitDay(use, column, where) ??
      (target && unfitId(schema, use, column, target, where));
    if (unfit && !faults.has(where)) faults.set(where, { code: 'unfit_type', where, ...unfit });
  }
  return [...faults.values()];
}

type Unfit = Pick<HostFault, 'mend' | 'says'> | undefined;

function unfitAmount(schema: Schema, use: ColumnUse, column: SchemaColumn, where: string): Unfit {
  if (use.expects !== 'amount' || column.kind === 'decimal' || column.kind === 'integer') return undefined;
  // SQLite stores DECIMAL and FLOAT alike, and Knex's own decimal() declares 'float' there.
  if (schema.engine === 'sqlite' && column.kind !== 'text' && column.kind !== 'time') return undefined;
  const change = `ALTER TABLE ${use.table} MODIFY ${use.column} DECIMAL(15,2)`;
  return {
    mend: `${where} (the map's ${use.entry}) is ${column.type}, which does not hold exact amounts. Change it: ${change} (more decimals for quantities and unit prices).`,
    says: { text: 'unfit_amount', vars: { where, entry: use.entry, type: column.type, change } },
  };
}

function unfitDay(use: ColumnUse, column: SchemaColumn, where: string): Unfit {
  if (use.expects !== 'day' || !['integer', 'decimal', 'float'].includes(column.kind)) return undefined;
  return {
    mend: `${where} (the map's ${use.entry}) is ${column.type}; the plugin reads days from DATE, DATETIME or text columns ('YYYY-MM-DD'). Map a column of such a type.`,
    says: { text: 'unfit_day', vars: { where, entry: use.entry, type: column.type } },
  };
}

const INTEGER_BYTES: Record<string, number> = { tinyint: 1, smallint: 2, mediumint: 3, int: 4, integer: 4, bigint: 8 };

function unfitId(schema: Schema, use: ColumnUse, column: SchemaColumn, target: SchemaColumn, where: string): Unfit {
  const [table, id] = use.refersTo ?? ['', ''];
  const base = `${where} (the map's ${use.entry}) is ${column.type}, but ${table}.${id}, whose values it holds, is ${target.type}`;
  const change = `Give ${where} the type of ${table}.${id}.`;
  const says = (text: string): HostFault['says'] => ({
    text,
    vars: { where, entry: use.entry, type: column.type, other: `${table}.${id}`, otherType: target.type },
  });
  if (column.kind !== target.kind)
    return { mend: `${base}: the database would compare them by conversion. ${change}`, says: says('unfit_id') };
  if (column.collation !== target.collation)
    return {
      mend: `${base} with another collation (${column.collation} and ${target.collation}): a join of the two fails. ${change}`,
      says: says('unfit_id_collation'),
    };
  if (schema.engine === 'mysql' && column.kind === 'integer' && bytes(column) < bytes(target))
    return { mend: `${base}: not every id fits. ${change}`, says: says('unfit_id_size') };
  return undefined;
}

/** Without the sign: Knex's own increments() is unsigned where its integer() is not. */
function bytes({ type }: SchemaColumn): number {
  return INTEGER_BYTES[/^\w+/.exec(type)?.[0] ?? ''] ?? 8;
}

function notTransactional(schema: Schema, uses: ColumnUse[]): HostFault[] {
  return [...new Set(uses.map((use) => use.table))].flatMap((name) => {
    const storage = schema.table(name)?.storage ?? null;
    if (storage === null || storage === 'innodb') return [];
    return [
      {
        code: 'not_transactional',
        where: name,
        mend: `Table '${name}' is kept by ${storage}, which cannot roll back. Change it: ALTER TABLE ${name} ENGINE=InnoDB.`,
        says: {
          text: 'not_transactional',
          vars: { table: name, storage, change: `ALTER TABLE ${name} ENGINE=InnoDB` },
        },
      },
    ];
  });
}

function notMigrated(schema: Schema, map: TableMap): HostFault[] {
  const prefix = map.tablePrefix ?? 'im_';
  const mend = 'Run `await merge.migrate()` before the host listens.';
  const { paymentMethods, payments } = map;
  const isBilling = paymentMethods !== undefined && payments !== undefined;
  const tables = [...OWN_TABLES, ...(isBilling ? BILLING_TABLES : [])]
    .map((name) => prefix + name)
    .filter((name) => !schema.table(name));
  const columns = (
    [
      [map.invoices.table, OWN_INVOICE_COLUMNS],
      [map.lines.table, OWN_LINE_COLUMNS],
      ...(isBilling
        ? ([
            [paymentMethods.table, METHOD_COLUMNS],
            [payments.table, PAYMENT_COLUMNS],
          ] as const)
        : []),
    ] as const
  ).flatMap(([tableName, own]) => {
    const table = schema.table(tableName);
    if (!table) return [];
    return own.filter((name) => !columnOf(table, prefix + name)).map((name) => `${tableName}.${prefix}${name}`);
  });
  return [...tables, ...columns].map((where) => ({
    code: 'not_migrated',
    where,
    mend,
    says: { text: 'not_migrated', vars: { where } },
  }));
}

function missingRowFault({ entry, table, row }: MissingRow): HostFault {
  const wanted = JSON.stringify(row);
  return {
    code: 'missing_row',
    where: table,
    mend: `The map's ${entry} looks for the row ${wanted} in table '${table}', and there is none: no number could be given. Insert the row, or correct ${entry}.where.`,
    says: { text: 'missing_row', vars: { entry, table, row: wanted } },
  };
}

function unmappedFault(reference: UnmappedReference): HostFault {
  const { table, column, to, type, primaryKey } = reference;
  const fixed = type ? `, fixed: { ${type.column}: '${type.value}' }` : '';
  const id = primaryKey.length > 1 ? `['${primaryKey.join("', '")}']` : `'${primaryKey[0] ?? 'id'}'`;
  const link = `{ name: '${table}', table: '${table}', id: ${id}, to: '${to}', column: '${column}'${fixed}, policy: 'move' }`;
  const owned = to === 'invoice' ? `{ table: '${table}', invoice: '${column}'${fixed} }` : undefined;
  const orOwned = owned ? `; or, where its rows go with a deleted invoice, add to owned: ${owned}` : '';
  return {
    code: 'unmapped_reference',
    where: `${table}.${column}`,
    mend: `${table}.${column} seems to point at an ${to === 'line' ? 'invoice line' : 'invoice'}, and the map does not say what becomes of it at a merge. Add to links: ${link} (or policy 'copy', 'keep' or 'refuse')${orOwned}. Until then delete is not offered.`,
    says: { text: 'unmapped_reference', vars: { where: `${table}.${column}`, link, owned } },
  };
}
