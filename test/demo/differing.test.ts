/** B15: kinds, columns that must be equal and columns that are asked about, as this CRM has them. */
import { load } from 'cheerio';
import { startDemo, type RunningDemo } from './support';

interface Said {
  id: string;
  version: string;
  error: { code: string; message: string; vars: { invoices: { reasons: object[] }[]; fields: object[] } };
}
const said = ({ body }: { body: unknown }) => body as Said;
const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

let demo: RunningDemo;
beforeAll(async () => void (demo = await startDemo('sqlite')));
afterAll(() => demo.stop());

it('refuses another order and other kinds by name, asks about other terms, and keeps what was agreed on what it makes', async () => {
  const books = await demo.as('books');
  const [first, second, other] = await Promise.all(
    ['FA-2026-00039', 'FA-2026-00045', 'FA-2026-00051'].map((ref) => demo.idOf(ref)),
  );
  const versionOf = async (id = '') => said(await books.get(`/api/invoices/${id}`).expect(200)).version;
  const sources = async (...ids: (string | undefined)[]) =>
    Promise.all(ids.map(async (id) => `${id}~${await versionOf(id)}`));

  // The form of a new invoice begins as the customer's oldest open one, which one other goes with.
  const $ = load((await books.get('/invoices/new?customerId=3&invoiceMergeAll=1').expect(200)).text);
  expect([$('[name="buyerReference"]').val(), $('[name="paymentTerms"] [selected]').val()]).toEqual([
    'BC-2026-114',
    'days30',
  ]);
  const ticked = $('input[name="invoiceMergeSource"][checked]').toArray();
  expect(ticked.map((box) => String($(box).val()).split('~')[0])).toEqual([first, second]);
  // On the edit page the other order is not among them, and the page says why in this CRM's words.
  const edit = load((await books.get(`/invoices/${first}/edit`).expect(200)).text);
  expect(plain(edit('[data-im="others"]').text())).toContain(
    'elle diffère sur un point qui doit être identique (Référence de l’acheteur)',
  );

  const body = (more: object) => ({
    ...{ customerId: '3', buyerReference: 'BC-2026-114', paymentTerms: 'days30', invoiceMergeKey: 'differing-1' },
    ...{ lines: [{ description: 'Vidange', unitPrice: '10', taxes: [{ rate: '20' }] }], ...more },
  });
  const refused = await books.post('/api/invoices').send(body({ invoiceMergeSource: await sources(first, other) }));
  expect([refused.status, said(refused).error.code]).toEqual([422, 'IM_NOT_MERGEABLE']);
  expect(said(refused).error.vars.invoices[0]?.reasons).toEqual([
    { code: 'must_match', vars: { fields: ['buyer_ref'] } },
  ]);
  for (const doc_type of ['deposit', 'proforma']) {
    await demo.knex('crm_invoices').where({ id: second }).update({ doc_type });
    const kind = await books.post('/api/invoices').send(body({ invoiceMergeSource: await sources(first, second) }));
    expect(said(kind).error.vars.invoices[0]?.reasons).toEqual([{ code: 'kind', vars: {} }]);
  }
  await demo.knex('crm_invoices').where({ id: second }).update({ doc_type: 'invoice' });

  const wanted = body({ invoiceMergeSource: await sources(first, second) });
  const asked = await books.post('/api/invoices').send(wanted);
  expect([asked.status, said(asked).error.code]).toEqual([422, 'IM_FIELDS_DIFFER']);
  // In words to the end: no code of a question.
  expect(said(asked).error.message).not.toMatch(/_/);
  expect(said(asked).error.vars.fields).toMatchObject([
    { column: 'pay_terms', value: 'days30', others: [{ number: 'FA-2026-00045', value: 'month45' }] },
  ]);
  const typed = Object.entries({
    'lines[0][description]': 'Vidange',
    'lines[0][unitPrice]': '10',
    'lines[0][taxRate]': '20',
    issue: '1',
  });
  const form = new URLSearchParams(typed);
  for (const [name, value] of Object.entries(wanted))
    for (const one of [value].flat()) if (typeof one === 'string') form.append(name, one);
  const page = load((await books.post('/invoices').type('form').send(form.toString()).expect(422)).text);
  expect(plain(page('.im-questions').text())).toContain(
    'Conditions de paiement : 30 jours ici et 45 jours fin de mois sur FA-2026-00045',
  );
  const saved = await books.post('/api/invoices').send({ ...wanted, invoiceMergeAcknowledged: ['fields_differ'] });
  expect(saved.status).toBe(201);
  expect(
    await demo
      .knex('crm_invoices')
      .where({ id: said(saved).id })
      .first(),
  ).toMatchObject({
    ...{ buyer_ref: 'BC-2026-114', pay_terms: 'days30' },
  });
  const preview = load((await books.get(`/invoices/${said(saved).id}`)).text);
  expect(plain(preview('.meta').text())).toContain('Référence de l’acheteurBC-2026-114');
});
