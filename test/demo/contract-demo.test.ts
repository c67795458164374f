/** The exported contract suite against the demo CRM: its table map, its own save, payment and delete. */
import { knexHost, type HostCrm } from 'crm-invoice-merge';
import { hostContract, type ContractFixture, type ContractInvoice } from 'crm-invoice-merge/contract';
import { createDemo, type DemoApp } from '../../demo/app';
import type { Demo } from '../../demo/context';
import { createSale } from '../../demo/direct-sale';
import { invoiceInput, type InvoiceInput } from '../../demo/invoice-input';
import { deleteInvoice, saveInvoice } from '../../demo/invoice-store';
import { recordPayment } from '../../demo/payments';
import { STATES, tableMap } from '../../demo/table-map';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { TODAY } from './demo-client';

let running: Demo;
const host: HostCrm = {
  ...knexHost(tableMap),
  createSale: createSale(() => running),
  invoiceUrl: (id, page) => (page === 'edit' ? `/invoices/${id}/edit` : `/invoices/${id}`),
};

const NOW = `${TODAY}T10:00:00.000Z`;

/** As the JSON API reads it. */
const inputOf = ({ status, ...invoice }: ContractInvoice): InvoiceInput =>
  invoiceInput.parse({ ...invoice, status: status === 'draft' ? 'draft' : 'unpaid' });

function fixtureOf({ knex, merge }: DemoApp): ContractFixture {
  const demo: Demo = { knex, host, merge, now: () => new Date(`${TODAY}T10:00:00Z`), today: () => TODAY };
  running = demo;
  let tags = 0;
  const links: Record<string, (id: string) => Promise<unknown>> = {
    expenses: (id) => knex('crm_expenses').insert({ ...spent, invoice_id: id }),
    expense_lines: (id) => knex('crm_expenses').insert({ ...spent, line_id: id }),
    estimates: (id) =>
      knex('crm_estimates').insert({
        ...{ ref: 'DE-2026-001', client_id: 1, issued_on: TODAY, label: 'Devis', amount: '10', currency: 'EUR' },
        invoice_id: id,
      }),
    tags: async (id) => {
      tags += 1;
      await knex('crm_tags').insert({ id: tags, label: `Contract ${tags}` });
      await knex('crm_invoice_tags').insert({ invoice_id: id, tag_id: tags });
    },
    notes: (id) => knex('crm_notes').insert({ ...written, invoice_id: id, body: 'Note', written_at: NOW }),
    attachments: (id) =>
      knex('crm_attachments').insert({
        ...{ ...written, file_name: 'bon.pdf', media_type: 'application/pdf', size: 3, added_at: NOW },
        invoice_id: id,
      }),
  };
  const written = { author: 'Hugo Lemaire', added_to: 1 };
  const spent = { client_id: 1, spent_on: TODAY, supplier: 'SNCF', label: 'Train', amount: '10', currency: 'EUR' };
  return {
    knex,
    host,
    createCustomer: async (company) => String((await knex('crm_clients').insert({ company }))[0]),
    async createInvoice(invoice) {
      const { invoiceId } = await merge.transaction((trx) => saveInvoice(trx, demo, inputOf(invoice), { by: '1' }));
      // What people do to it later, and the job that marks what is late.
      const later = { ...(invoice.number && { ref: invoice.number }) };
      if (invoice.status === 'overdue' || invoice.status === 'cancelled')
        Object.assign(later, { state: STATES[invoice.status] });
      if (Object.keys(later).length > 0) await knex('crm_invoices').where({ id: invoiceId }).update(later);
      return invoiceId;
    },
    saveInvoice: (trx, id, invoice) => saveInvoice(trx, demo, inputOf(invoice), { id, by: '1' }),
    pay: (id, amount) => recordPayment(demo, id, { amount }, { id: '1', name: 'Nadia Bernard' }),
    deleteInvoice,
    addLink: async (link, id) => links[link]?.(id),
  };
}

describe.each(eachDatabase)('the demo CRM on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  let app: DemoApp;
  let fixture: ContractFixture;
  beforeAll(async () => {
    database = await createDatabase();
    app = await createDemo({ databaseUrl: database.url, data: 'empty', clock: () => new Date(`${TODAY}T10:00:00Z`) });
    fixture = fixtureOf(app);
  });
  afterAll(async () => {
    await app.close();
    await database.close();
  });

  it('has nothing that checkHost finds wrong', async () => {
    expect(await app.merge.checkHost()).toEqual({ ok: true, faults: [] });
  });

  const cases = hostContract(host);
  it('is spared only the cases about what it does not have', () => {
    const asked = new Set(cases.map(({ title }) => title));
    const spared = hostContract().filter(({ title }) => !asked.has(title));
    // Two taxes in one line, copied, kept and refused links, and those that an invoice bears once.
    for (const { title } of spared) expect(title).toMatch(/two taxes|copies|a copy|kept or refused|bears one only/);
    expect(cases.length).toBeGreaterThan(40);
  });
  for (const { title, run } of cases) it(title, () => run(fixture));
});
