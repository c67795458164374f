/** A host's tables, as small as the migrations allow, and how they read. */
import type { Knex } from 'knex';
import type { TableMap } from '../../plugin/host/contract';
import type { DatabaseName } from '../support/databases';

export interface HostShape {
  /** Type of the invoices' ids, and of what points at them. */
  invoiceId: string;
  lineId: string;
  /** Appended to the invoices' columns: keys, constraints. */
  more?: string;
  /** Appended to CREATE TABLE of the invoices. */
  tableOptions?: string;
}

const USUAL: Record<DatabaseName, HostShape> = {
  sqlite: { invoiceId: 'integer', lineId: 'integer' },
  mariadb: { invoiceId: 'int(10) unsigned', lineId: 'bigint(20)' },
  mysql: { invoiceId: 'int unsigned', lineId: 'bigint' },
};

/** Creates customers, bills and bill_rows, payments and their methods, with one customer and two bills. */
export async function createHost(knex: Knex, name: DatabaseName, shape: Partial<HostShape> = {}): Promise<void> {
  const { invoiceId, lineId, more = '', tableOptions = '' } = { ...USUAL[name], ...shape };
  const customerId = name === 'sqlite' ? 'integer' : 'int unsigned';
  await knex.raw(`CREATE TABLE customers (id ${customerId} NOT NULL, name varchar(100), PRIMARY KEY (id))`);
  await knex.raw(
    `CREATE TABLE bills (
      id ${invoiceId} NOT NULL, customer_id ${customerId} NOT NULL, number varchar(30), status varchar(20) NOT NULL,
      issue_date date NOT NULL, total decimal(15,2) NOT NULL, -- with tax, in the bill's currency
      PRIMARY KEY (id)${more}
    ) ${tableOptions}`,
  );
  await knex.raw(
    `CREATE TABLE bill_rows (id ${lineId} NOT NULL, bill_id ${invoiceId} NOT NULL, description varchar(200),
      quantity decimal(15,4) NOT NULL, unit_price decimal(15,2) NOT NULL, PRIMARY KEY (id))`,
  );
  await knex.raw(`CREATE TABLE ways (id ${customerId} NOT NULL, name varchar(60), PRIMARY KEY (id))`);
  await knex.raw(
    `CREATE TABLE receipts (id ${lineId} NOT NULL, bill_id ${invoiceId} NOT NULL, way_id ${customerId} NOT NULL,
      amount decimal(15,2) NOT NULL, paid_on date NOT NULL, PRIMARY KEY (id))`,
  );
  await knex.raw(`INSERT INTO customers VALUES (1, 'Café Zoé')`);
  await knex.raw(`INSERT INTO bills (id, customer_id, number, status, issue_date, total) VALUES
    ('1', 1, 'FA-1', 'unpaid', '2026-01-31', 12.00), ('2', 1, NULL, 'draft', '2026-02-01', 7.50)`);
}

export const map: TableMap = {
  invoices: {
    table: 'bills',
    id: 'id',
    customer: 'customer_id',
    number: 'number',
    issueDate: 'issue_date',
    currency: { value: 'EUR' },
    total: 'total',
    status: {
      column: 'status',
      values: {
        draft: 'draft',
        unpaid: 'unpaid',
        overdue: 'overdue',
        partial: 'partial',
        paid: 'paid',
        cancelled: 'void',
      },
    },
  },
  lines: {
    table: 'bill_rows',
    id: 'id',
    invoice: 'bill_id',
    description: 'description',
    quantity: 'quantity',
    unitPrice: 'unit_price',
  },
  customers: { table: 'customers', id: 'id', name: 'name' },
  payments: { table: 'receipts', id: 'id', invoice: 'bill_id', amount: 'amount', method: 'way_id', date: 'paid_on' },
  paymentMethods: { table: 'ways', id: 'id', name: 'name', cash: { id: 1 } },
  owned: [],
  links: [],
};

/** The whole schema as the database itself writes it: name -> SHOW CREATE TABLE, or sqlite_master's text. */
export async function schemaText(knex: Knex, name: DatabaseName): Promise<Record<string, string>> {
  if (name === 'sqlite') {
    const rows = await knex.raw<{ name: string; sql: string | null }[]>(
      'SELECT name, sql FROM sqlite_master ORDER BY 1',
    );
    return Object.fromEntries(rows.map((row) => [row.name, row.sql ?? '']));
  }
  const text: Record<string, string> = {};
  const [tables = []] = await knex.raw<Record<string, string>[][]>('SHOW TABLES');
  for (const table of tables.flatMap((row) => Object.values(row))) {
    const [rows = []] = await knex.raw<Record<string, string>[][]>('SHOW CREATE TABLE ??', [table]);
    text[table] = rows[0]?.['Create Table'] ?? '';
  }
  return text;
}
