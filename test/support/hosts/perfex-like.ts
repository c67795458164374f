/** A host with Perfex's shape: numeric statuses, lines and taxes in tables that other documents share, number in parts. */
import type { Knex } from 'knex';
import type { InvoiceStatus, Row, TableMap } from '../../../plugin/host/contract';
import { makeHost, storedTotal, type HostShape } from './base';
import type { TestHost } from './types';

const STATUS: Record<InvoiceStatus, number> = { unpaid: 1, paid: 2, partial: 3, overdue: 4, cancelled: 5, draft: 6 };
const INVOICE = { rel_type: 'invoice' };
const CREDIT_NOTE = { rel_type: 'credit_note' };

const map: TableMap = {
  invoices: {
    table: 'tblinvoices',
    id: 'id',
    customer: 'clientid',
    number: { sequence: 'number', prefix: 'prefix', date: 'date' },
    issueDate: 'date',
    dueDate: 'duedate',
    currency: { value: 'EUR' },
    total: 'total',
    taxTotal: 'total_tax',
    adjustment: 'adjustment',
    note: 'adminnote',
    recurring: 'recurring',
    sent: 'sent',
    copy: [],
    discount: { value: 'discount_percent', kind: 'percent', basis: 'discount_type' },
    status: { column: 'status', values: STATUS },
    askIfDiffer: ['clientnote', 'terms', 'project_id', 'sale_agent', 'allowed_payment_modes'],
  },
  lines: {
    table: 'tblitemable',
    id: 'id',
    invoice: 'rel_id',
    position: 'item_order',
    description: 'description',
    longDescription: 'long_description',
    quantity: 'qty',
    unit: 'unit',
    unitPrice: 'rate',
    fixed: INVOICE,
  },
  taxes: {
    table: 'tblitem_tax',
    line: 'itemid',
    invoice: 'rel_id',
    name: 'taxname',
    rate: 'taxrate',
    fixed: INVOICE,
  },
  customers: { table: 'tblclients', id: 'userid', name: 'company' },
  payments: {
    table: 'tblinvoicepaymentrecords',
    id: 'id',
    invoice: 'invoiceid',
    amount: 'amount',
    method: 'paymentmode',
    date: 'date',
  },
  paymentMethods: {
    table: 'tblpayment_modes',
    id: 'id',
    name: 'name',
    active: 'active',
    cash: { name: 'Cash' },
    fixed: { description: '' },
  },
  credits: { table: 'tblcredits', invoice: 'invoice_id', amount: 'amount' },
  creditNotes: {
    table: 'tblcreditnotes',
    id: 'id',
    number: { sequence: 'number', prefix: 'prefix', date: 'date' },
    customer: 'clientid',
    date: 'date',
    total: 'total',
    taxTotal: 'total_tax',
    adjustment: 'adjustment',
    note: 'adminnote',
    fixed: { prefix: 'CN-', status: 2 },
    // Kept below zero here, so that both ways are tried.
    amounts: 'negative',
    lines: {
      table: 'tblitemable',
      id: 'id',
      invoice: 'rel_id',
      position: 'item_order',
      description: 'description',
      longDescription: 'long_description',
      quantity: 'qty',
      unit: 'unit',
      unitPrice: 'rate',
      fixed: CREDIT_NOTE,
    },
    taxes: {
      table: 'tblitem_tax',
      line: 'itemid',
      invoice: 'rel_id',
      name: 'taxname',
      rate: 'taxrate',
      fixed: CREDIT_NOTE,
    },
    appliedTo: {
      table: 'tblcredits',
      note: 'credit_id',
      invoice: 'invoice_id',
      amount: 'amount',
      date: 'date',
      fixed: { staff_id: 1 },
    },
  },
  series: {
    invoice: {
      patterns: ['INV-{yyyy}/{seq:6}'],
      next: { table: 'tbloptions', column: 'value', where: { name: 'next_invoice_number' } },
    },
    creditNote: { patterns: ['CN-{seq:6}'] },
  },
  owned: [{ table: 'tblsales_activity', invoice: 'rel_id', fixed: INVOICE }],
  links: [
    { name: 'expenses', table: 'tblexpenses', id: 'id', to: 'invoice', column: 'invoiceid', policy: 'move' },
    {
      name: 'tags',
      table: 'tbltaggables',
      id: ['rel_id', 'rel_type', 'tag_id'],
      to: 'invoice',
      column: 'rel_id',
      fixed: INVOICE,
      policy: 'move',
    },
    { name: 'files', table: 'tblfiles', id: 'id', to: 'invoice', column: 'rel_id', fixed: INVOICE, policy: 'copy' },
    // What people typed into fields of their own: one value a field, the target's own stays.
    {
      name: 'customFields',
      table: 'tblcustomfieldsvalues',
      id: 'id',
      to: 'invoice',
      column: 'relid',
      fixed: { fieldto: 'invoice' },
      unique: ['fieldid'],
      policy: 'copy',
    },
    {
      name: 'lineCustomFields',
      table: 'tblcustomfieldsvalues',
      id: 'id',
      to: 'line',
      column: 'relid',
      fixed: { fieldto: 'items' },
      unique: ['fieldid'],
      policy: 'copy',
    },
    // Tasks and expenses that a line bills.
    { name: 'billed', table: 'tblrelated_items', id: 'id', to: 'line', column: 'item_id', policy: 'move' },
    // Nothing there ever points at an invoice; but it could, and checkHost asks what would become of it.
    {
      name: 'billedInvoices',
      table: 'tblrelated_items',
      id: 'id',
      to: 'invoice',
      column: 'rel_id',
      fixed: INVOICE,
      policy: 'move',
    },
    { name: 'notes', table: 'tblnotes', id: 'id', to: 'invoice', column: 'rel_id', fixed: INVOICE, policy: 'move' },
  ],
};

async function createSchema(knex: Knex): Promise<void> {
  await knex.schema.createTable('tblclients', (t) => {
    t.increments('userid');
    t.string('company', 191);
  });
  await knex.schema.createTable('tbloptions', (t) => {
    t.increments('id');
    t.string('name', 100).notNullable();
    t.text('value');
  });
  await knex('tbloptions').insert([
    { name: 'next_invoice_number', value: '1' },
    { name: 'next_estimate_number', value: '77' },
  ]);
  await knex.schema.createTable('tblinvoices', (t) => {
    t.increments('id');
    t.integer('clientid').notNullable();
    t.integer('number');
    t.string('prefix', 50);
    t.dateTime('datecreated');
    t.date('date').notNullable();
    t.date('duedate');
    for (const column of ['subtotal', 'total_tax', 'total', 'adjustment'])
      t.decimal(column, 15, 2).notNullable().defaultTo(0);
    t.decimal('discount_percent', 15, 2).notNullable().defaultTo(0);
    t.string('discount_type', 30).notNullable().defaultTo('');
    t.integer('status').notNullable().defaultTo(1);
    t.integer('recurring').notNullable().defaultTo(0);
    t.boolean('sent').notNullable().defaultTo(false);
    t.text('adminnote');
    for (const column of ['clientnote', 'terms', 'allowed_payment_modes']) t.text(column);
    for (const column of ['project_id', 'sale_agent']) t.integer(column);
  });
  await knex.schema.createTable('tblitemable', (t) => {
    t.increments('id');
    t.integer('rel_id').notNullable();
    t.string('rel_type', 15).notNullable();
    t.text('description').notNullable();
    t.text('long_description');
    t.decimal('qty', 15, 2).notNullable();
    t.decimal('rate', 15, 2).notNullable();
    t.string('unit', 40);
    t.integer('item_order');
  });
  await knex.schema.createTable('tblitem_tax', (t) => {
    t.increments('id');
    t.integer('itemid').notNullable();
    t.integer('rel_id').notNullable();
    t.string('rel_type', 20).notNullable();
    t.decimal('taxrate', 15, 2).notNullable();
    t.string('taxname', 100).notNullable();
  });
  await knex.schema.createTable('tblpayment_modes', (t) => {
    t.increments('id');
    t.string('name', 100).notNullable();
    t.text('description').notNullable();
    t.boolean('active').notNullable().defaultTo(true);
  });
  await knex('tblpayment_modes').insert(['Bank', 'Cash'].map((name) => ({ name, description: '' })));
  await knex.schema.createTable('tblinvoicepaymentrecords', (t) => {
    t.increments('id');
    t.integer('invoiceid').notNullable();
    t.decimal('amount', 15, 2).notNullable();
    t.string('paymentmode', 40);
    t.date('date').notNullable();
  });
  await knex.schema.createTable('tblcreditnotes', (t) => {
    t.increments('id');
    t.integer('clientid').notNullable();
    t.integer('number').notNullable();
    t.string('prefix', 50);
    t.integer('status').notNullable();
    t.date('date').notNullable();
    for (const column of ['total_tax', 'total', 'adjustment']) t.decimal(column, 15, 2).notNullable().defaultTo(0);
    t.text('adminnote');
  });
  await knex.schema.createTable('tblcredits', (t) => {
    t.increments('id');
    t.integer('credit_id');
    t.integer('staff_id');
    t.date('date');
    t.integer('invoice_id').notNullable();
    t.decimal('amount', 15, 2).notNullable();
  });
  await knex.schema.createTable('tblsales_activity', (t) => {
    t.increments('id');
    t.string('rel_type', 20);
    t.integer('rel_id').notNullable();
    t.text('description');
  });
  await knex.schema.createTable('tblexpenses', (t) => {
    t.increments('id');
    t.integer('invoiceid');
    t.string('note');
  });
  await knex.schema.createTable('tbltaggables', (t) => {
    t.integer('rel_id').notNullable();
    t.string('rel_type', 20).notNullable();
    t.integer('tag_id').notNullable();
    t.primary(['rel_id', 'rel_type', 'tag_id']);
  });
  await knex.schema.createTable('tblfiles', (t) => {
    t.increments('id');
    t.integer('rel_id').notNullable();
    t.string('rel_type', 20).notNullable();
    t.string('file_name');
  });
  await knex.schema.createTable('tblcustomfieldsvalues', (t) => {
    t.increments('id');
    t.integer('relid').notNullable();
    t.integer('fieldid').notNullable();
    t.string('fieldto', 15).notNullable();
    t.text('value').notNullable();
  });
  await knex.schema.createTable('tblrelated_items', (t) => {
    t.increments('id');
    t.integer('rel_id').notNullable();
    t.string('rel_type', 30).notNullable();
    t.integer('item_id').notNullable();
  });
  await knex.schema.createTable('tblnotes', (t) => {
    t.increments('id');
    t.integer('rel_id').notNullable();
    t.string('rel_type', 20).notNullable();
    t.text('description');
  });
}

const shape: HostShape = {
  name: 'perfex-like',
  map,
  createSchema,
  customerRow: (company) => ({ company }),
  invoiceRow: (spec, totals, sequence) => ({
    clientid: spec.customerId,
    number: spec.number ? Number(/(\d+)$/.exec(spec.number)?.[1]) : sequence,
    prefix: 'INV-',
    date: spec.issueDate ?? '2026-03-02',
    duedate: spec.dueDate ?? null,
    subtotal: totals.lineExtension,
    total_tax: totals.tax,
    total: storedTotal(totals),
    adjustment: spec.adjustment ?? '0',
    discount_percent: spec.discount?.value ?? '0',
    discount_type: spec.discount?.basis ?? '',
    adminnote: spec.note ?? null,
  }),
  statusRow: (status) => ({ status: STATUS[status] }),
  lineRow: (rel_id, line, item_order) => ({
    rel_id,
    ...INVOICE,
    item_order,
    description: line.description,
    long_description: line.longDescription ?? null,
    qty: line.quantity,
    unit: line.unit ?? null,
    rate: line.unitPrice,
  }),
  lineParts: (rel_id, itemid, line) => [
    {
      table: 'tblitem_tax',
      rows: (line.taxes ?? []).map((tax) => ({ itemid, rel_id, ...INVOICE, taxname: tax.name, taxrate: tax.rate })),
    },
  ],
  linePartKeys: [{ table: 'tblitem_tax', line: 'itemid', fixed: INVOICE }],
  invoiceParts: (rel_id) => [{ table: 'tblsales_activity', rows: [{ rel_id, ...INVOICE, description: 'saved' }] }],
  invoicePartKeys: [{ table: 'tblsales_activity', invoice: 'rel_id', fixed: INVOICE }],
  paymentRow: (invoiceid, amount) => ({ invoiceid, amount, paymentmode: '1', date: '2026-03-10' }),
  linkRow: (name, id, value) => {
    const rows: Record<string, Row> = {
      expenses: { invoiceid: id, note: value },
      tags: { rel_id: id, tag_id: Number(value) },
      files: { rel_id: id, file_name: value },
      customFields: { relid: id, fieldid: Number(value), value: `value ${value}` },
      lineCustomFields: { relid: id, fieldid: Number(value), value: `value ${value}` },
      billed: { item_id: id, rel_id: Number(value), rel_type: 'task' },
      billedInvoices: { rel_id: id, item_id: 1_000_000 + Number(value) },
      notes: { rel_id: id, description: value },
    };
    return rows[name] ?? {};
  },
};

export function perfexLikeHost(): TestHost {
  return makeHost({ ...shape });
}
