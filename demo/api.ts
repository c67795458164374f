/** The demo's own JSON API: the pages' saves, for programs. */
import express, { Router, type Request } from 'express';
import { z } from 'zod';
import { DemoError, idOf, personOf, type Demo } from './context';
import { invoiceInput } from './invoice-input';
import { mergeFacts, saveInvoice } from './invoice-store';
import { recordPayment } from './payments';

const customerInput = z.object({
  name: z.string().trim().min(1).max(190),
  email: z.email().max(190).nullish(),
  street: z.string().max(190).nullish(),
  postcode: z.string().max(20).nullish(),
  city: z.string().max(120).nullish(),
  vatNumber: z.string().max(30).nullish(),
});

export function apiRoutes(demo: Demo): Router {
  const { knex, merge, host } = demo;
  const router = Router();
  router.use(express.json({ limit: '10mb' }));

  const invoiceJson = async (id: string): Promise<Record<string, unknown>> => {
    const [invoice] = await host.loadInvoices(knex, [id]);
    if (!invoice) throw new DemoError('not_found', 404);
    return { ...invoice, ...(await mergeFacts(demo, id)) };
  };

  async function save(req: Request, id?: string): Promise<{ invoiceId: string; replayed: boolean }> {
    const person = personOf(req);
    const actor = { id: person.id, name: person.name };
    const input = invoiceInput.parse(req.body ?? {});
    return merge.transaction((trx) =>
      merge.applyMerge(trx, { page: id ? 'edit' : 'create', invoiceId: id, form: req.body as unknown, actor }, () =>
        saveInvoice(trx, demo, input, { id, by: actor.id }),
      ),
    );
  }

  router.get('/customers', async (_req, res) => {
    const rows = await knex('crm_clients')
      .orderBy('company')
      .select<{ id: number; company: string; email: string | null }[]>('id', 'company', 'email');
    res.json({ customers: rows.map((row) => ({ id: String(row.id), name: row.company, email: row.email })) });
  });
  router.post('/customers', async (req, res) => {
    const { name, vatNumber, ...rest } = customerInput.parse(req.body ?? {});
    const [id] = await knex('crm_clients').insert({ company: name, vat_number: vatNumber ?? null, ...rest });
    res.status(201).json({ id: String(id), name });
  });

  router.get('/invoices', async (req, res) => {
    const page = Math.max(1, Number(req.query.page) || 1);
    const { customerId } = req.query;
    const query = knex('crm_invoices');
    if (typeof customerId === 'string') query.where({ client_id: customerId });
    const counted = await query.clone().count<{ n: number | string }[]>({ n: '*' });
    const ids = (await query
      .orderBy('id', 'desc')
      .limit(50)
      .offset((page - 1) * 50)
      .pluck('id')) as number[];
    const found = ids.length > 0 ? await host.loadInvoices(knex, ids.map(String)) : [];
    const total = Number(counted[0]?.n ?? 0);
    res.json({
      invoices: ids.flatMap((id) => found.filter((invoice) => invoice.id === String(id))),
      page,
      pages: Math.max(1, Math.ceil(total / 50)),
      total,
    });
  });
  router.post('/invoices', async (req, res) => {
    const { invoiceId, replayed } = await save(req);
    res.status(replayed ? 200 : 201).json(await invoiceJson(invoiceId));
  });
  router.get('/invoices/:id', async (req, res) => {
    res.json(await invoiceJson(idOf(req)));
  });
  router.put('/invoices/:id', async (req, res) => {
    const { invoiceId } = await save(req, idOf(req));
    res.json(await invoiceJson(invoiceId));
  });
  router.post('/invoices/:id/payments', async (req, res) => {
    const { id, name } = personOf(req);
    res.status(201).json(await recordPayment(demo, idOf(req), req.body ?? {}, { id, name }));
  });
  return router;
}
