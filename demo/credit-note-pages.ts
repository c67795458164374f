/** Credit notes: the list, a page for each, and the act that makes one of an invoice. */
import { Router } from 'express';
import { DemoError, idOf, type Demo } from './context';
import { creditInvoice, listedNotes } from './credit-notes';
import { creditNoteDocument } from './document';
import { invoicePage } from './invoice-page';
import { findInvoice } from './invoice-store';
import type { PublicLinks } from './public-links';
import { leaveNotice } from './session';
import { sumsByCurrency } from './sums';

export function creditNotePages(demo: Demo, links: PublicLinks): Router {
  const { knex, merge } = demo;
  const { acting } = invoicePage(demo);
  const router = Router();

  router.get('/credit-notes', async (_req, res) => {
    const notes = await listedNotes(knex);
    const sums = sumsByCurrency(notes.map(({ currency, grand_total: amount }) => ({ currency, amount })));
    res.render('credit-notes', { notes, sums });
  });

  router.get('/credit-notes/:id', async (req, res) => {
    const doc = await creditNoteDocument(demo, idOf(req), req.speech);
    if (!doc?.credited) throw new DemoError('not_found', 404);
    const successorId = await merge.successorOf(knex, doc.credited.id);
    const successor = successorId ? await findInvoice(knex, successorId) : undefined;
    res.render('credit-note', { doc, successor, publicPath: links.creditNotePathOf(doc.id) });
  });

  router.post(
    '/invoices/:id/credit',
    acting(async (req, id) => {
      const number = await merge.transaction(async (trx) => {
        await merge.guard(trx, id, 'credit');
        return creditInvoice(trx, demo, id);
      });
      leaveNotice(req, { key: 'notice.credited', vars: { number } });
      return `/invoices/${id}`;
    }),
  );
  return router;
}
