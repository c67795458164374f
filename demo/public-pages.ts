/** What a customer sees of an invoice, by the link that he was sent: no sign-in, one invoice, a way to pay it. */
import express, { Router, type Request, type Response } from 'express';
import { openBankOrder, bankOrderOf } from './bank';
import { DemoError, idOf, type Demo } from './context';
import { creditNoteDocument, invoiceDocument, type PaperDocument } from './document';
import type { PublicLinks } from './public-links';

interface Shown {
  /** The page's own address. */
  path: string;
  doc: PaperDocument;
  /** The invoice that the link was made for, where another one stands for it now. */
  replaced: { number: string | null } | null;
}

const PAYABLE = ['open', 'late', 'part'];

export function publicPages(demo: Demo, links: PublicLinks): Router {
  const { knex, merge } = demo;
  const router = Router();
  // Who has the link may read: it must not travel on, nor be kept by others.
  router.use(['/p', '/c'], (_req, res, next) => {
    res.set({ 'Cache-Control': 'private, no-store', 'Referrer-Policy': 'same-origin', 'X-Robots-Tag': 'noindex' });
    next();
  });

  /** The link of a merged invoice follows it to the one that replaces it. */
  async function shownBy(req: Request): Promise<Shown> {
    const madeFor = links.invoiceOf(String(req.params.token));
    if (madeFor === null) throw new DemoError('not_found', 404);
    const id = (await merge.successorOf(knex, madeFor)) ?? madeFor;
    const doc = await invoiceDocument(demo, id, req.speech);
    if (!doc) throw new DemoError('not_found', 404);
    const path = links.pathOf(madeFor);
    if (madeFor === id) return { path, doc, replaced: null };
    const known = (await merge.summary(knex, id)).replaces.find((one) => one.invoiceId === madeFor);
    return { path, doc, replaced: { number: known?.number ?? null } };
  }

  function renderPublic(res: Response, shown: Shown, more: Record<string, unknown> = {}): void {
    // A draft has not been sent to anybody yet: its content is nobody's business.
    const view = shown.doc.state === 'draft' ? 'public-waiting' : 'public';
    const payable = PAYABLE.includes(shown.doc.state) && Number(shown.doc.left) > 0;
    res.render(view, { ...shown, payable, refused: null, order: null, ...more });
  }

  router.get('/p/:token', async (req, res) => {
    const { order } = req.query;
    const known = typeof order === 'string' ? await bankOrderOf(knex, order) : null;
    const shown = await shownBy(req);
    renderPublic(res, shown, { order: known?.back_to === shown.path ? known : null });
  });

  router.get('/p/:token/print', async (req, res) => {
    const shown = await shownBy(req);
    if (shown.doc.state === 'draft') return renderPublic(res, shown);
    res.render('print', { doc: shown.doc, back: shown.path });
  });

  // A credit note has nothing to pay: its page is the sheet.
  router.get('/c/:token', async (req, res) => {
    const id = links.creditNoteOf(req.params.token);
    const doc = id === null ? null : await creditNoteDocument(demo, id, req.speech);
    if (!doc) throw new DemoError('not_found', 404);
    res.render('print', { doc, back: null });
  });

  // The page may be older than a merge or a payment: what is charged is what was read, or nothing.
  router.post('/p/:token/pay', express.urlencoded({ extended: false, limit: '20kb' }), async (req, res) => {
    const shown = await shownBy(req);
    const { invoice, amount } = (req.body ?? {}) as Record<string, unknown>;
    const { doc } = shown;
    const payable = PAYABLE.includes(doc.state) && Number(doc.left) > 0;
    if (!payable || invoice !== doc.id || amount !== doc.left) {
      const key = invoice === doc.id ? 'errors.amount_changed' : 'errors.invoice_replaced';
      res.status(409);
      renderPublic(res, shown, { refused: req.speech.t(key, { number: doc.number ?? '' }) });
      return;
    }
    const reference = await openBankOrder(demo, {
      invoiceId: doc.id,
      backTo: shown.path,
      amount: doc.left,
      currency: doc.currency,
    });
    res.redirect(303, `/bank/${reference}`);
  });
  return router;
}

/** The same sheet for the people of this CRM. */
export function printPages(demo: Demo): Router {
  const router = Router();
  router.get('/invoices/:id/print', async (req, res) => {
    const doc = await invoiceDocument(demo, idOf(req), req.speech);
    if (!doc) throw new DemoError('not_found', 404);
    res.render('print', { doc, back: `/invoices/${doc.id}` });
  });
  router.get('/credit-notes/:id/print', async (req, res) => {
    const doc = await creditNoteDocument(demo, idOf(req), req.speech);
    if (!doc) throw new DemoError('not_found', 404);
    res.render('print', { doc, back: `/credit-notes/${doc.id}` });
  });
  return router;
}
