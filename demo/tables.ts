/** The demo CRM's own tables, in its own words, on SQLite and MariaDB. */
import type { Knex } from 'knex';

const quantity = { precision: 18, scale: 6 };
const amount = { precision: 15, scale: 3 };

/** Creates the tables and columns that are missing; what a file of an earlier version has in them stays. */
export async function createTables(knex: Knex): Promise<void> {
  const create = async (name: string, build: (table: Knex.CreateTableBuilder) => void): Promise<void> => {
    if (!(await knex.schema.hasTable(name))) await knex.schema.createTable(name, build);
  };
  const extend = async (name: string, columns: Record<string, (table: Knex.CreateTableBuilder) => void>) => {
    for (const [column, build] of Object.entries(columns))
      if (!(await knex.schema.hasColumn(name, column))) await knex.schema.alterTable(name, build);
  };
  const money = (table: Knex.CreateTableBuilder, column: string) =>
    table.decimal(column, amount.precision, amount.scale);
  const line = (table: Knex.CreateTableBuilder): void => {
    table.integer('sort').notNullable().defaultTo(0);
    table.string('label', 500).notNullable();
    table.text('details');
    table.decimal('qty', quantity.precision, quantity.scale).notNullable();
    table.string('unit_label', 40);
    table.decimal('price', quantity.precision, quantity.scale).notNullable();
    table.decimal('price_per', quantity.precision, quantity.scale).notNullable().defaultTo(1);
    table.decimal('vat_rate', 9, 4).notNullable().defaultTo(0);
    table.string('vat_category', 4).notNullable().defaultTo('S');
    table.string('vat_name', 120);
    table.date('supplied_on');
    table.string('product_code', 60);
  };
  const adjustment = (table: Knex.CreateTableBuilder): void => {
    table.string('direction', 12).notNullable();
    money(table, 'amount').notNullable();
    table.string('label', 255);
  };
  const adjustmentTax = (table: Knex.CreateTableBuilder): void => {
    table.decimal('vat_rate', 9, 4);
    table.string('vat_category', 4);
  };

  await create('crm_settings', (table) => {
    table.string('name', 60).primary();
    table.text('value').notNullable();
  });
  await create('crm_users', (table) => {
    table.increments('id');
    table.string('email', 190).notNullable().unique();
    table.string('full_name', 190).notNullable();
    table.string('role', 20).notNullable();
    table.string('password_hash', 255).notNullable();
  });
  await create('crm_clients', (table) => {
    table.increments('id');
    table.string('company', 190).notNullable().index();
    table.string('email', 190);
    table.string('street', 190);
    table.string('postcode', 20);
    table.string('city', 120);
    table.string('vat_number', 30);
  });
  await create('crm_invoices', (table) => {
    table.increments('id');
    table.integer('client_id').unsigned().notNullable().index();
    table.string('ref', 40).index();
    table.string('doc_type', 12).notNullable().defaultTo('invoice');
    table.string('state', 12).notNullable().index();
    table.date('issued_on').notNullable().index();
    table.date('due_on');
    table.string('currency', 3).notNullable();
    table.boolean('gross_prices').notNullable().defaultTo(false);
    table.decimal('rebate_value', quantity.precision, quantity.scale).notNullable().defaultTo(0);
    table.string('rebate_kind', 10).notNullable().defaultTo('percent');
    table.string('rebate_basis', 12).notNullable().defaultTo('before_tax');
    money(table, 'adjust_amount').notNullable().defaultTo(0);
    money(table, 'deposit_paid').notNullable().defaultTo(0);
    money(table, 'net_amount').notNullable().defaultTo(0);
    money(table, 'vat_amount').notNullable().defaultTo(0);
    money(table, 'grand_total').notNullable().defaultTo(0);
    table.text('internal_note');
    table.date('sent_on');
    table.date('filed_on');
    table.boolean('on_hold').notNullable().defaultTo(false);
    table.integer('repeat_every').notNullable().defaultTo(0);
    table.integer('dunning_level').notNullable().defaultTo(0);
    table.integer('created_by').unsigned();
  });
  await create('crm_invoice_lines', (table) => {
    table.increments('id');
    table.integer('invoice_id').unsigned().notNullable().index();
    line(table);
  });
  await create('crm_line_adjustments', (table) => {
    table.increments('id');
    table.integer('line_id').unsigned().notNullable().index();
    adjustment(table);
  });
  await create('crm_invoice_adjustments', (table) => {
    table.increments('id');
    table.integer('invoice_id').unsigned().notNullable().index();
    adjustment(table);
    adjustmentTax(table);
  });
  // What they say is above zero; each counts against the invoice that it names.
  await create('crm_credit_notes', (table) => {
    table.increments('id');
    table.integer('client_id').unsigned().notNullable().index();
    table.integer('invoice_id').unsigned().notNullable().index();
    table.string('ref', 40).notNullable().index();
    table.date('issued_on').notNullable().index();
    table.string('currency', 3).notNullable();
    table.boolean('gross_prices').notNullable().defaultTo(false);
    money(table, 'adjust_amount').notNullable().defaultTo(0);
    money(table, 'net_amount').notNullable().defaultTo(0);
    money(table, 'vat_amount').notNullable().defaultTo(0);
    money(table, 'grand_total').notNullable().defaultTo(0);
    table.text('motive');
  });
  await create('crm_credit_note_lines', (table) => {
    table.increments('id');
    table.integer('note_id').unsigned().notNullable().index();
    line(table);
  });
  await create('crm_credit_note_line_adjustments', (table) => {
    table.increments('id');
    table.integer('line_id').unsigned().notNullable().index();
    adjustment(table);
  });
  await create('crm_credit_note_adjustments', (table) => {
    table.increments('id');
    table.integer('note_id').unsigned().notNullable().index();
    adjustment(table);
    adjustmentTax(table);
  });
  await create('crm_credit_uses', (table) => {
    table.increments('id');
    table.integer('note_id').unsigned().notNullable().index();
    table.integer('invoice_id').unsigned().notNullable().index();
    money(table, 'amount').notNullable();
    table.date('used_on').notNullable();
  });
  await create('crm_payment_methods', (table) => {
    table.increments('id');
    table.string('label', 120).notNullable();
    table.boolean('enabled').notNullable().defaultTo(true);
  });
  await create('crm_payments', (table) => {
    table.increments('id');
    table.integer('invoice_id').unsigned().notNullable().index();
    table.integer('method_id').unsigned().notNullable();
    money(table, 'amount').notNullable();
    table.date('paid_on').notNullable();
    table.text('remark');
  });
  await create('crm_expenses', (table) => {
    table.increments('id');
    table.integer('client_id').unsigned().index();
    table.date('spent_on').notNullable();
    table.string('supplier', 190).notNullable();
    table.string('label', 255).notNullable();
    money(table, 'amount').notNullable();
    table.string('currency', 3).notNullable();
    table.integer('invoice_id').unsigned().index();
    table.integer('line_id').unsigned().index();
  });
  await create('crm_estimates', (table) => {
    table.increments('id');
    table.string('ref', 40).notNullable();
    table.integer('client_id').unsigned().notNullable();
    table.date('issued_on').notNullable();
    table.string('label', 255).notNullable();
    money(table, 'amount').notNullable();
    table.string('currency', 3).notNullable();
    table.integer('invoice_id').unsigned().index();
  });
  await create('crm_reminder_log', (table) => {
    table.increments('id');
    table.integer('invoice_id').unsigned().notNullable().index();
    table.string('logged_at', 24).notNullable();
    table.integer('level').notNullable();
    table.string('recipient', 190).notNullable();
    money(table, 'amount_due').notNullable();
  });
  await create('crm_tags', (table) => {
    table.increments('id');
    table.string('label', 60).notNullable();
  });
  await create('crm_invoice_tags', (table) => {
    table.integer('invoice_id').unsigned().notNullable();
    table.integer('tag_id').unsigned().notNullable();
    table.primary(['invoice_id', 'tag_id']);
  });
  await create('crm_estimate_lines', (table) => {
    table.increments('id');
    table.integer('estimate_id').unsigned().notNullable().index();
    table.integer('sort').notNullable().defaultTo(0);
    table.string('label', 500).notNullable();
    table.decimal('qty', quantity.precision, quantity.scale).notNullable();
    table.string('unit_label', 40);
    table.decimal('price', quantity.precision, quantity.scale).notNullable();
    table.decimal('vat_rate', 9, 4).notNullable().defaultTo(0);
    table.string('vat_category', 4).notNullable().defaultTo('S');
  });
  await create('crm_notes', (table) => {
    table.increments('id');
    table.integer('invoice_id').unsigned().notNullable().index();
    table.text('body').notNullable();
    table.string('author', 190).notNullable();
    table.string('written_at', 24).notNullable();
    table.integer('added_to').unsigned().notNullable();
  });
  await create('crm_attachments', (table) => {
    table.increments('id');
    table.integer('invoice_id').unsigned().notNullable().index();
    table.string('file_name', 190).notNullable();
    table.string('media_type', 100).notNullable();
    table.integer('size').unsigned().notNullable();
    table.string('author', 190).notNullable();
    table.string('added_at', 24).notNullable();
    table.integer('added_to').unsigned().notNullable();
  });
  // Apart from its row: what follows a merge is copied into the merge's records, and megabytes do not belong there.
  await create('crm_attachment_contents', (table) => {
    table.integer('attachment_id').unsigned().primary();
    table.specificType('content', 'mediumblob').notNullable();
  });
  // What the bank knows of a payment by card: like any system outside, it hears nothing of a merge.
  await create('crm_bank_orders', (table) => {
    table.string('reference', 43).primary();
    table.integer('order_no').unsigned().notNullable();
    table.string('back_to', 190).notNullable();
    money(table, 'amount').notNullable();
    table.string('currency', 3).notNullable();
    table.string('state', 12).notNullable();
    table.string('made_at', 24).notNullable();
  });

  await extend('crm_invoices', {
    buyer_ref: (table) => table.string('buyer_ref', 60),
    pay_terms: (table) => table.string('pay_terms', 20),
  });
  await extend('crm_clients', {
    siret: (table) => table.string('siret', 14),
    phone: (table) => table.string('phone', 30),
    contact: (table) => table.string('contact', 120),
  });
  await extend('crm_estimates', {
    state: (table) => table.string('state', 12).notNullable().defaultTo('sent'),
    valid_until: (table) => table.date('valid_until'),
  });
  await extend('crm_reminder_log', {
    outcome: (table) => table.string('outcome', 12).notNullable().defaultTo('sent'),
    reason: (table) => table.string('reason', 20),
    subject: (table) => table.string('subject', 255),
    body: (table) => table.text('body'),
  });
}
