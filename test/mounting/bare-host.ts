/** A tiny CRM, in TypeScript, that knows of the plugin only what the README's code blocks say. */
import type { Knex } from 'knex';
import { blockWith } from './readme';

const [map, mounting, save, guard] = ['tableMap', 'merge.router', 'applyMerge', 'merge.guard'].map((text) =>
  blockWith(text, 'ts'),
);

const [link, search, money] = ['successorOf', 'findByNumber', 'receivePayment'].map((text) =>
  blockWith(text, 'ts', 'Recipes'),
);

/** Fills the places where the README says "yours"; each has to be there. */
function filled(block: string, own: Record<string, string>): string {
  let text = block;
  for (const [place, code] of Object.entries(own)) {
    if (!text.includes(place)) throw new Error(`the README's block has no ${place}`);
    text = text.replace(place, () => code);
  }
  return text;
}

const FORM = filled(blockWith('data-invoice-merge-rows', 'html'), {
  'action="…"': `action="/invoices<%= id ? '/' + id : '' %>"`,
  '…your fields…': `<input name="customer_id" value="<%= form.customer_id %>">
  <input name="note" value="<%= form.note %>">`,
  '…your rows…': `<% (form.lines || []).forEach((line, i) => { %>
  <tr>
    <td><input type="hidden" name="lines[<%= i %>][key]" value="<%= line.key || '' %>" data-invoice-merge="key">
      <input type="hidden" name="lines[<%= i %>][vat_category]" value="<%= line.vat_category %>">
      <input name="lines[<%= i %>][description]" value="<%= line.description %>" data-invoice-merge="description"></td>
    <td><input name="lines[<%= i %>][quantity]" value="<%= line.quantity %>" data-invoice-merge="quantity"></td>
    <td><input name="lines[<%= i %>][unit_price]" value="<%= line.unit_price %>" data-invoice-merge="unitPrice"></td>
    <td><input name="lines[<%= i %>][vat_rate]" value="<%= line.vat_rate %>" data-invoice-merge="taxRate"></td>
  </tr>
  <% }) %>`,
});

const page = (content: string): string =>
  `<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>CRM</title><link rel="icon" href="data:,">
<script src="/public/form.js" defer></script></head><body>${content}</body></html>`;

/** The sources, by path; `types` is what a CRM declares of its own sign-in. */
export const BARE_HOST: Record<string, string> = {
  'types.d.ts': `declare namespace Express { interface Request { user?: { id: number; name: string } } }`,
  'database.ts': `import { knex as connect } from 'knex';
export const knex = connect({ client: 'mysql2', connection: process.env.DATABASE_URL ?? '' });`,
  'permissions.ts': `import type { Action, Actor, Db, Id } from 'crm-invoice-merge';
export async function mayDo(actor: Actor, _action: Action, about: { invoiceId?: Id; db: Db }): Promise<boolean> {
  return Boolean(await about.db('staff').where({ id: actor.id, active: 1 }).first());
}`,
  'invoice-merge.ts': map ?? '',
  'invoices.ts': `import type { Request, Response } from 'express';
import type { Knex } from 'knex';
import { knex } from './database';

interface Line { key?: string; description: string; quantity: string; unit_price: string; vat_rate: string; vat_category: string }
interface Form { customer_id: string; note: string; lines?: Line[] }
interface Invoice { id: number; number: string | null; customer_id: number; status: string; internal_note: string; total: string }

const read = async (id: string): Promise<Invoice & { lines: Line[] }> => {
  const invoice = await knex('invoices').where({ id }).first<Invoice>();
  return { ...invoice, lines: await knex('invoice_lines').where({ invoice_id: id }).orderBy('position') };
};
const totalOf = (lines: Line[]): string => {
  const bases = new Map<string, number>();
  for (const line of lines) {
    const net = Math.round(Number(line.quantity) * Number(line.unit_price) * 100);
    bases.set(line.vat_rate, (bases.get(line.vat_rate) ?? 0) + net);
  }
  let cents = 0;
  for (const [rate, base] of bases) cents += base + Math.round((base * Number(rate)) / 100);
  return (cents / 100).toFixed(2);
};

export function newInvoice(req: Request, res: Response): void {
  res.render('invoice-form', { id: null, refused: null, form: { customer_id: '', note: '', lines: [] } });
}
export async function editInvoice(req: Request, res: Response): Promise<void> {
  const id = String(req.params.id);
  const { customer_id, internal_note, lines } = await read(id);
  const own = lines.map(({ key: _never, ...line }) => line);
  res.render('invoice-form', { id, refused: null, form: { customer_id, note: internal_note, lines: own } });
}
export async function showInvoice(req: Request, res: Response): Promise<void> {
  res.render('invoice', { invoice: await read(String(req.params.id)) });
}
export async function saveInvoice(trx: Knex.Transaction, id: string | undefined, form: Form) {
  const lines = form.lines ?? [];
  const row = { customer_id: form.customer_id, internal_note: form.note, total: totalOf(lines) };
  let invoiceId = id;
  if (invoiceId === undefined) {
    const [made] = await trx('invoices').insert({ ...row, status: 'draft', issued_on: '2026-11-22' });
    invoiceId = String(made);
  } else await trx('invoices').where({ id: invoiceId }).update(row);
  await trx('invoice_lines').where({ invoice_id: invoiceId }).delete();
  const carried: { key: string; lineId: string }[] = [];
  for (const [position, { key, ...line }] of lines.entries()) {
    const [lineId] = await trx('invoice_lines').insert({ ...line, invoice_id: invoiceId, position });
    if (key) carried.push({ key, lineId: String(lineId) });
  }
  return { invoiceId, carried };
}
export async function recordPayment(trx: Knex.Transaction, invoiceId: string, amount: string): Promise<void> {
  await trx('payments').insert({ invoice_id: invoiceId, amount, method: 'cash', paid_on: '2026-11-22' });
}`,
  'app.ts': `import express from 'express';
import type { Actor, IncomingPayment } from 'crm-invoice-merge';
import { knex } from './database';
import { editInvoice, newInvoice, recordPayment, saveInvoice, showInvoice } from './invoices';

export const app = express();
app.set('view engine', 'ejs');
app.set('views', __dirname);
app.use('/public', express.static(__dirname));
app.use((req, _res, next) => {
  req.user = { id: 1, name: 'Ada' };
  next();
});
${mounting}
${save}
app.post('/invoices/:id/payments', (req, res, next) => {
  pay(req.params.id, String(req.body.amount)).then(() => res.sendStatus(201)).catch(next);
});
export async function pay(invoiceId: string, amount: string): Promise<void> {
${guard}
}
app.get('/public/:id', (req, res, next) => { openLink(req.params.id, res).catch(next); });
async function openLink(invoiceId: string, res: Response) {
${link}
  res.json(replaces);
}
app.get('/search', (req, res, next) => { find(String(req.query.q), { id: '1', name: 'Ada' }).then((found) => res.json(found), next); });
async function find(typed: string, actor: Actor) {
${search}
  return found;
}
app.post('/gateway', (req, res, next) => { receive(req.body).then(() => res.sendStatus(204), next); });
async function receive(payment: IncomingPayment) {
${money}
}
const failed: express.ErrorRequestHandler = (error: unknown, req, res, _next) => {
  res.status(isPluginError(error) ? error.status : 500).send(merge.explain(error, req) ?? 'the host failed');
};
app.use(failed);`,
  'server.ts': `import type { AddressInfo } from 'node:net';
import { app } from './app';
import { merge } from './invoice-merge';

async function start(): Promise<void> {
  await merge.migrate();
  const found = await merge.checkHost();
  const server = app.listen(0, '127.0.0.1', () => {
    console.log(JSON.stringify({ port: (server.address() as AddressInfo).port, found }));
  });
}
void start();`,
  'invoice-form.ejs': page(`<% if (refused) { %><p id="refused"><%= refused %></p><% } %>${FORM}`),
  'invoice.ejs': page(
    `<%- locals.invoiceMerge?.banner ?? '' %><h1><%= invoice.number %></h1><p id="total"><%= invoice.total %></p>`,
  ),
  'form.js': `const text = (cents) => (cents / 100).toFixed(2);
function addUp(rows) {
  const bases = new Map();
  for (const row of rows) {
    const value = (name) => Number(row.querySelector('[data-invoice-merge="' + name + '"]').value);
    const rate = String(value('taxRate'));
    bases.set(rate, (bases.get(rate) ?? 0) + Math.round(value('quantity') * value('unitPrice') * 100));
  }
  const taxes = [...bases].map(([rate, base]) => (
    { category: 'S', rate, taxable: text(base), tax: text(Math.round(base * rate / 100)), cents: base + Math.round(base * rate / 100) }));
  return { total: text(taxes.reduce((sum, { cents }) => sum + cents, 0)), taxes };
}
if (document.getElementById('invoice')) {
${blockWith('invoice-merge:changed', 'js')}
}`,
};

/** The tables that the README's example maps, and a customer with a draft of 100.00 and two invoices of 30.00 and 50.00, net; the last at a discount. */
export async function createTables(knex: Knex): Promise<void> {
  await knex.schema.createTable('staff', (t) => {
    t.increments('id');
    t.boolean('active').notNullable();
  });
  await knex.schema.createTable('customers', (t) => {
    t.increments('id');
    t.string('name').notNullable();
  });
  await knex.schema.createTable('invoices', (t) => {
    t.increments('id');
    t.integer('customer_id').unsigned().notNullable();
    t.string('number', 40);
    t.date('issued_on').notNullable();
    t.date('due_on');
    t.decimal('total', 12, 2).notNullable();
    t.text('internal_note');
    t.decimal('adjustment', 12, 2).notNullable().defaultTo(0);
    t.decimal('discount', 6, 3).notNullable().defaultTo(0);
    t.string('status', 10).notNullable();
  });
  await knex.schema.createTable('invoice_lines', (t) => {
    t.increments('id');
    t.integer('invoice_id').unsigned().notNullable();
    t.integer('position').notNullable();
    t.string('description').notNullable();
    t.decimal('quantity', 12, 3).notNullable();
    t.decimal('unit_price', 12, 4).notNullable();
    t.decimal('vat_rate', 6, 3).notNullable();
    t.string('vat_category', 3).notNullable();
  });
  await knex.schema.createTable('payments', (t) => {
    t.increments('id');
    t.integer('invoice_id').unsigned().notNullable();
    t.decimal('amount', 12, 2).notNullable();
    t.string('method', 20).notNullable();
    t.date('paid_on').notNullable();
  });
  await knex.schema.createTable('expenses', (t) => {
    t.increments('id');
    t.integer('invoice_id').unsigned();
    t.string('label').notNullable();
  });
  await knex('staff').insert({ id: 1, active: 1 });
  await knex('customers').insert({ id: 1, name: 'Boulangerie Martin' });
  const invoices = [
    { number: null, status: 'draft', net: 100, discount: 0 },
    { number: 'FA-2026-00001', status: 'sent', net: 30, discount: 0 },
    { number: 'FA-2026-00002', status: 'late', net: 50, discount: 20 },
  ];
  for (const [index, { net, ...invoice }] of invoices.entries()) {
    const id = index + 1;
    const total = (net * 1.2 * (1 - invoice.discount / 100)).toFixed(2);
    await knex('invoices').insert({
      id,
      customer_id: 1,
      issued_on: '2026-11-02',
      due_on: '2026-12-02',
      total,
      ...invoice,
    });
    const line = { quantity: 1, unit_price: net, vat_rate: 20, vat_category: 'S' };
    await knex('invoice_lines').insert({ ...line, invoice_id: id, position: 0, description: `Work of ${id}` });
  }
  await knex('expenses').insert({ invoice_id: 2, label: 'Taxi' });
}
