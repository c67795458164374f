/** A host without a status column: moments that happened or not. */
import type { Knex } from 'knex';
import type { Day, InvoiceStatus, Query, Row, TableMap } from '../../../plugin/host/contract';
import { makeHost, storedTotal, type HostShape } from './base';
import type { TestHost } from './types';

const NOW = '2026-11-21 10:00:00';

function statusOf(row: Row, today: Day): InvoiceStatus {
  if (row.cancelled_at) return 'cancelled';
  if (!row.issued_at) return 'draft';
  if (row.paid_at) return 'paid';
  if (row.part_paid_at) return 'partial';
  return typeof row.due_on === 'string' && row.due_on < today ? 'overdue' : 'unpaid';
}

function where(query: Query, statuses: InvoiceStatus[], alias: string): void {
  const is = (column: string): string => `${alias}.${column}`;
  query.where((any) => {
    for (const status of statuses)
      any.orWhere((one) => {
        if (status === 'cancelled') return void one.whereNotNull(is('cancelled_at'));
        one.whereNull(is('cancelled_at'));
        if (status === 'draft') return void one.whereNull(is('issued_at'));
        one.whereNotNull(is('issued_at'));
        if (status === 'paid') return void one.whereNotNull(is('paid_at'));
        one.whereNull(is('paid_at'));
        if (status === 'partial') return void one.whereNotNull(is('part_paid_at'));
        one.whereNull(is('part_paid_at'));
      });
  });
}

const STATUS: Record<InvoiceStatus, Row> = {
  draft: { issued_at: null, cancelled_at: null, paid_at: null, part_paid_at: null },
  unpaid: { issued_at: NOW, cancelled_at: null, paid_at: null, part_paid_at: null },
  overdue: { issued_at: NOW, cancelled_at: null, paid_at: null, part_paid_at: null },
  partial: { issued_at: NOW, cancelled_at: null, paid_at: null, part_paid_at: NOW },
  paid: { issued_at: NOW, cancelled_at: null, paid_at: NOW, part_paid_at: null },
  cancelled: { cancelled_at: NOW },
};

const map: TableMap = {
  tablePrefix: 'mrg_',
  invoices: {
    table: 'bills',
    id: 'bill_id',
    customer: 'owner',
    number: 'ref',
    issueDate: 'dated',
    dueDate: 'due_on',
    currency: 'cur',
    total: 'amount',
    note: 'remark',
    status: { of: statusOf, where, set: STATUS },
    only: (query, alias) => void query.whereNull(`${alias}.deleted_at`),
  },
  lines: {
    table: 'bill_lines',
    id: 'line_id',
    invoice: 'bill',
    description: 'what',
    quantity: 'qty',
    unitPrice: 'price',
  },
  taxes: { rate: 'tax_rate' },
  customers: { table: 'owners', id: 'owner_id', name: 'full_name' },
  payments: { table: 'receipts', id: 'id', invoice: 'bill', amount: 'amount', method: 'how', date: 'received_on' },
  series: { invoice: { patterns: ['{seq}/{yyyy}'] } },
  owned: [],
  links: [{ name: 'jobs', table: 'jobs', id: 'id', to: 'line', column: 'line', policy: 'move' }],
};

async function createSchema(knex: Knex): Promise<void> {
  await knex.schema.createTable('owners', (t) => {
    t.bigIncrements('owner_id');
    t.string('full_name');
  });
  await knex.schema.createTable('bills', (t) => {
    t.bigIncrements('bill_id');
    t.bigInteger('owner').unsigned().notNullable();
    t.string('ref', 40);
    t.date('dated').notNullable();
    t.date('due_on');
    t.string('cur', 3).notNullable();
    t.decimal('amount', 12, 2).notNullable();
    t.text('remark');
    for (const column of ['issued_at', 'cancelled_at', 'paid_at', 'part_paid_at', 'deleted_at']) t.dateTime(column);
  });
  await knex.schema.createTable('bill_lines', (t) => {
    t.bigIncrements('line_id');
    t.bigInteger('bill').unsigned().notNullable();
    t.string('what').notNullable();
    t.decimal('qty', 12, 3).notNullable();
    t.decimal('price', 12, 4).notNullable();
    t.decimal('tax_rate', 5, 2);
  });
  await knex.schema.createTable('receipts', (t) => {
    t.increments('id');
    t.bigInteger('bill').unsigned().notNullable();
    t.decimal('amount', 12, 2).notNullable();
    t.string('how', 20);
    t.date('received_on').notNullable();
  });
  await knex.schema.createTable('jobs', (t) => {
    t.increments('id');
    t.bigInteger('line').unsigned();
    t.string('title');
  });
}

const shape: HostShape = {
  name: 'statusless',
  map,
  createSchema,
  customerRow: (full_name) => ({ full_name }),
  invoiceRow: (spec, totals, sequence) => ({
    owner: spec.customerId,
    ref: spec.number ?? (sequence === null ? null : `${sequence}/2026`),
    dated: spec.issueDate ?? '2026-03-02',
    due_on: spec.dueDate ?? null,
    cur: spec.currency ?? 'EUR',
    amount: storedTotal(totals),
    remark: spec.note ?? null,
  }),
  statusRow: (status) => STATUS[status],
  lineRow: (bill, line) => ({
    bill,
    what: line.description,
    qty: line.quantity,
    price: line.unitPrice,
    tax_rate: line.taxes?.[0]?.rate ?? null,
  }),
  lineParts: () => [],
  linePartKeys: [],
  invoiceParts: () => [],
  invoicePartKeys: [],
  paymentRow: (bill, amount) => ({ bill, amount, how: 'cash', received_on: '2026-03-10' }),
  linkRow: (_name, line, title) => ({ line, title }),
};

export function statuslessHost(): TestHost {
  return makeHost({ ...shape });
}
