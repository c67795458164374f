/** Creating and editing an invoice: the two pages with a form, its live totals and its save. */
import type { ApplyResult, SavedInvoice } from 'crm-invoice-merge';
import { Router, type Request, type Response } from 'express';
import { addDays, DemoError, idOf, personOf, type Demo } from './context';
import { refusalOf } from './error-pages';
import { invoiceInput, PAYMENT_TERMS } from './invoice-input';
import {
  fieldNames,
  inputFromForm,
  typedFromInvoice,
  typedInvoice,
  type TypedInvoice,
  type TypedLine,
} from './typed-invoice';
import { agreedWith, findInvoice, formExtras, saveInvoice } from './invoice-store';
import { shownTotals } from './invoice-totals';
import { leaveNotice, type Notice } from './session';
import { inOrder } from './sums';
import { CREDITED } from './table-map';

/** Rows that wait empty in the form, for browsers without JavaScript. */
const SPARE_ROWS = 3;

const emptyLine = (index: string): TypedLine => ({
  index,
  id: '',
  key: '',
  description: '',
  longDescription: '',
  quantity: '1',
  unit: '',
  unitPrice: '',
  baseQuantity: '1',
  taxRate: '20',
  taxCategory: 'S',
  taxName: '',
  supplyDate: '',
  productCode: '',
  allowancesCharges: '',
  extra: '',
});

interface FormPage {
  form: TypedInvoice;
  /** The saved invoice that is edited. */
  edited: { id: string; ref: string | null; state: string; issued: string; customer: string } | null;
  refused: string | null;
  /** Names of the fields that a refusal is about. */
  invalid: string[];
}

async function renderForm(demo: Demo, req: Request, res: Response, page: FormPage): Promise<void> {
  const clients = await demo.knex('crm_clients').select<{ id: number; company: string }[]>('id', 'company');
  const customers = inOrder(clients, (row) => row.company);
  const spare = Array.from({ length: SPARE_ROWS }, (_, index) => emptyLine(`9000${index}`));
  let totals = null;
  try {
    totals = shownTotals(page.form, req.speech);
  } catch {
    // What cannot be added up yet is shown without totals; the save names what is wrong with it.
  }
  res.render('invoice-form', {
    ...page,
    customers,
    spare,
    totals,
    terms: PAYMENT_TERMS,
    blankLine: emptyLine('__i__'),
  });
}

async function editedInvoice(demo: Demo, id: string): Promise<NonNullable<FormPage['edited']>> {
  const invoice = await findInvoice(demo.knex, id);
  if (!invoice) throw new DemoError('not_found', 404);
  const customer = await demo
    .knex('crm_clients')
    .where({ id: invoice.client_id })
    .first<{ company: string }>('company');
  return { id, ref: invoice.ref, state: invoice.state, issued: invoice.issued_on, customer: customer.company };
}

const customerOfQuery = (req: Request): string | undefined => {
  const { customerId } = req.query;
  return typeof customerId === 'string' && /^\d{1,18}$/.test(customerId) ? customerId : undefined;
};

const currencyOfQuery = (req: Request): string => {
  const { currency } = req.query;
  return typeof currency === 'string' && /^[A-Z]{3}$/.test(currency) ? currency : 'EUR';
};

export function invoiceFormPages(demo: Demo): Router {
  const { merge, knex } = demo;
  const router = Router();

  const createSpec = {
    page: 'create' as const,
    formId: 'invoice',
    customerField: 'customerId',
    currencyField: 'currency',
    dateField: 'issueDate',
    currency: currencyOfQuery,
    customerId: (req: Request) => customerOfQuery(req) ?? (req.body as { customerId?: string } | undefined)?.customerId,
  };
  const editSpec = {
    page: 'edit' as const,
    formId: 'invoice',
    customerField: 'customerId',
    currencyField: 'currency',
    dateField: 'issueDate',
    invoiceId: (req: Request) => String(req.params.id),
    createUrl: () => '/invoices/new',
  };

  router.get('/invoices/new', merge.banner(createSpec), async (req, res) => {
    const today = demo.today();
    const customerId = customerOfQuery(req);
    const [source] = [req.query.invoiceMergeSource].flat();
    const form = typedInvoice({
      ...(customerId && (await agreedWith(knex, customerId, typeof source === 'string' ? source : undefined))),
      customerId: customerId ?? '',
      currency: currencyOfQuery(req),
      issueDate: today,
      dueDate: addDays(today, 30),
    });
    await renderForm(demo, req, res, {
      form: { ...form, lines: [emptyLine('0')] },
      edited: null,
      refused: null,
      invalid: [],
    });
  });

  router.get('/invoices/:id/edit', merge.banner(editSpec), async (req, res) => {
    const id = idOf(req);
    const edited = await editedInvoice(demo, id);
    if (['void', CREDITED].includes(edited.state)) {
      // What is cancelled, credited or merged is only looked at; its page says what became of it.
      res.redirect(303, `/invoices/${id}`);
      return;
    }
    const [invoice] = await demo.host.loadInvoices(knex, [id]);
    if (!invoice) throw new DemoError('not_found', 404);
    const form = typedFromInvoice(invoice, await formExtras(knex, id), req.speech);
    await renderForm(demo, req, res, { form, edited, refused: null, invalid: [] });
  });

  router.post('/invoices/totals', (req, res) => {
    res.json(shownTotals(typedInvoice(req.body), req.speech));
  });

  /** After a merge the plugin itself says what was merged, until the person puts it away. */
  async function saySaved({ invoiceId, merge: merged }: ApplyResult, req: Request): Promise<void> {
    if (merged) return;
    const number = (await findInvoice(knex, invoiceId))?.ref ?? null;
    leaveNotice(req, { key: number ? 'notice.saved' : 'notice.saved_draft', vars: { number } });
  }

  /** One save for both pages; a refusal gives the form back as it was typed. */
  async function save(req: Request, res: Response, id: string | undefined): Promise<void> {
    const form = typedInvoice(req.body);
    const before = id ? await editedInvoice(demo, id) : null;
    const person = personOf(req);
    const actor = { id: person.id, name: person.name };
    const spec = { ...(id ? editSpec : createSpec), form: req.body as unknown };
    if ((req.body as { resume?: string }).resume === '1') {
      // Kept while the person signed in again: shown as it was, saved only when asked to.
      res.locals.invoiceMerge = { banner: await merge.renderBanner(req, res, spec) };
      res.locals.notice = { key: 'notice.resumed', vars: {} } satisfies Notice;
      await renderForm(demo, req, res, { form, edited: before, refused: null, invalid: [] });
      return;
    }
    try {
      const issue = (req.body as { issue?: string }).issue === '1';
      const input = invoiceInput.parse(
        inputFromForm(form, issue || (before && before.state !== 'draft') ? 'unpaid' : 'draft'),
      );
      const result = await merge.transaction((trx) =>
        merge.applyMerge(
          trx,
          { page: id ? 'edit' : 'create', invoiceId: id, form: req.body as unknown, actor },
          (): Promise<SavedInvoice> => saveInvoice(trx, demo, input, { id, by: actor.id }),
        ),
      );
      await saySaved(result, req);
      res.redirect(303, `/invoices/${result.invoiceId}`);
    } catch (error) {
      const refusal = refusalOf(error, demo, req);
      if (!refusal) throw error;
      res.locals.invoiceMerge = { banner: await merge.renderBanner(req, res, { ...spec, error }) };
      res.status(refusal.status);
      await renderForm(demo, req, res, {
        form,
        edited: before,
        refused: refusal.message,
        invalid: fieldNames(form, error),
      });
    }
  }
  router.post('/invoices', (req, res) => save(req, res, undefined));
  router.post('/invoices/:id', (req, res) => save(req, res, idOf(req)));
  return router;
}
