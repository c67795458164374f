/** The counter: articles that are sold without an order, and the invoice that this CRM makes of such a sale. */
import type { HostCrm, SaleLine, Trx } from 'crm-invoice-merge';
import express, { Router, type Request } from 'express';
import { DemoError, personOf, type Demo } from './context';
import { invoiceInput } from './invoice-input';
import { findInvoice, saveInvoice } from './invoice-store';

interface Article {
  code: string;
  /** Key of its name in lang/. */
  name: string;
  /** Without VAT. */
  price: string;
  vat: string;
}

export const ARTICLES: Article[] = [
  { code: 'coffee', name: 'till.coffee', price: '2.50', vat: '10' },
  { code: 'breakfast', name: 'till.breakfast', price: '12.73', vat: '10' },
  { code: 'lunch', name: 'till.lunch', price: '17.27', vat: '10' },
  { code: 'wine', name: 'till.wine', price: '20.00', vat: '20' },
  { code: 'book', name: 'till.book', price: '18.96', vat: '5.5' },
  { code: 'parking', name: 'till.parking', price: '10.00', vat: '20' },
];

/** On invoices to whoever left no name. */
const WALK_IN = 'Client de passage';

async function walkIn(trx: Trx): Promise<string> {
  const known = await trx('crm_clients').where({ company: WALK_IN }).first<{ id: number } | undefined>('id');
  if (known) return String(known.id);
  const [id] = await trx('crm_clients').insert({ company: WALK_IN });
  return String(id);
}

/** This CRM's invoice of a basket: issued at once, due at once. @param demoOf the plugin that numbers it is made from this host */
export const createSale =
  (demoOf: () => Demo): NonNullable<HostCrm['createSale']> =>
  async (trx, { customerId, currency, date, lines, actor }) => {
    const input = invoiceInput.parse({
      customerId: customerId ?? (await walkIn(trx)),
      ...{ currency, issueDate: date, dueDate: date, lines, status: 'unpaid' },
    });
    const { invoiceId } = await saveInvoice(trx, demoOf(), input, { by: actor.id });
    return { invoiceId, number: (await findInvoice(trx, invoiceId))?.ref ?? null };
  };

/** What was picked: as many of each article as its field says. */
function pickedIn(body: Record<string, unknown>, req: Request): SaleLine[] {
  return ARTICLES.flatMap(({ code, name, price, vat }) => {
    const typed = body[`quantity_${code}`];
    const quantity = typeof typed === 'string' ? typed.trim() : '';
    if (quantity === '' || quantity === '0') return [];
    if (!/^[1-9]\d{0,3}$/.test(quantity)) throw new DemoError('till_quantity', 422, { name: req.speech.t(name) });
    const taxes = [{ category: 'S', name: '', rate: vat }];
    return [{ description: req.speech.t(name), quantity, unitPrice: price, taxes }];
  });
}

export function directSalePages(demo: Demo): Router {
  const { knex, merge } = demo;
  const router = Router();
  const form = express.urlencoded({ extended: false, limit: '20kb' });

  router.get('/till', async (req, res) => {
    res.render('till', {
      articles: ARTICLES.map(({ code, name, price, vat }) => ({
        ...{ code, name: req.speech.t(name), price: req.speech.money(price, 'EUR'), vat: req.speech.percent(vat) },
      })),
      // Whoever leaves no name is the first choice already.
      customers: await knex('crm_clients').whereNot({ company: WALK_IN }).orderBy('company').select('id', 'company'),
    });
  });

  router.post('/till', form, async (req, res) => {
    const { id, name } = personOf(req);
    const body = (req.body ?? {}) as Record<string, unknown>;
    const lines = pickedIn(body, req);
    if (lines.length === 0) throw new DemoError('till_empty', 422);
    const { customerId } = body;
    const { url } = await merge.transaction((trx) =>
      merge.billing.openSale(trx, {
        customerId: typeof customerId === 'string' && /^\d{1,18}$/.test(customerId) ? customerId : null,
        ...{ currency: 'EUR', lines, actor: { id, name }, returnUrl: '/till' },
      }),
    );
    res.redirect(303, url);
  });
  return router;
}
