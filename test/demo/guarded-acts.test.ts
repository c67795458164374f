/** What the demo refuses once an invoice was merged or changed elsewhere, and what follows a merge: by its pages and its API. */
import { allRows } from '../support/all-rows';
import { eachDatabase, type TestDatabase } from '../support/databases';
import {
  DemoClient,
  fieldOf,
  formFields,
  newKey,
  serveDemo,
  TODAY,
  withField,
  type DemoInvoice,
  type DemoServer,
  type Fields,
  type Page,
  type Refused,
} from './demo-client';

const line = (description: string, unitPrice = '100.00') => ({
  description,
  quantity: '1',
  unitPrice,
  taxes: [{ category: 'S', rate: '20' }],
});
const bill = (description: string, more: Record<string, unknown> = {}) => ({
  issueDate: '2026-11-02',
  dueDate: '2026-12-02',
  lines: [line(description)],
  ...more,
});

const descriptions = (invoice: DemoInvoice): string[] => invoice.lines.map((one) => one.description);
const refusal = ({ $ }: Page): string => $('.refusal, form[role="alert"]').first().text().trim();

describe.each(eachDatabase)('the demo on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  let server: DemoServer;
  let sales: DemoClient;
  let english: DemoClient;
  let customerId: string;

  beforeAll(async () => {
    database = await createDatabase();
    server = await serveDemo(database.url);
    sales = await DemoClient.signedIn(server.url, 'sales', 'fr');
    english = await DemoClient.signedIn(server.url, 'admin', 'en');
  });
  afterAll(async () => {
    await server.close();
    await database.close();
  });
  beforeEach(async () => {
    customerId = await sales.customer('Ateliers du Port');
  });

  const editForm = async (person: DemoClient, id: string): Promise<Fields> => {
    const page = await person.page(`/invoices/${id}/edit`);
    expect(page.status).toBe(200);
    return formFields(page, 'invoice');
  };
  const nameOfDescription = (fields: Fields, description: string): string =>
    fields.find(([, value]) => value === description)?.[0] ?? '';

  describe('an edit form that is older than the invoice', () => {
    it('is refused after a merge elsewhere, comes back as typed, and both works are still there', async () => {
      const target = await sales.invoice(customerId, bill('Own work'));
      const source = await sales.invoice(customerId, bill('Merged work'));
      const opened = await editForm(sales, target.id);
      const typed = withField(
        withField(opened, nameOfDescription(opened, 'Own work'), 'Own work, corrected <b>'),
        'note',
        'Typed in tab A',
      );
      const merged = await english.merge(target, [source]);
      expect(merged.status).toBe(201);
      const before = await allRows(database.knex);

      const page = await sales.submit(`/invoices/${target.id}`, typed);

      expect(page.status).toBe(409);
      expect(page.$('[role=alert]').text()).toMatch(/modifiée.*depuis que vous l’avez ouverte/);
      const given = formFields(page, 'invoice');
      expect(given).toEqual(expect.arrayContaining(typed.filter(([name]) => !name.startsWith('invoiceMerge'))));
      expect(await allRows(database.knex)).toEqual(before);
      expect(descriptions(await sales.read(target.id))).toEqual(['Own work', 'Merged work']);
      // Sent once more as it came back, it is refused again: nothing is overwritten by insisting.
      expect((await sales.submit(`/invoices/${target.id}`, given)).status).toBe(409);
      expect(await allRows(database.knex)).toEqual(before);
    });

    it('is refused after another edit, also over the API', async () => {
      const target = await sales.invoice(customerId, bill('Own work'));
      const opened = await editForm(sales, target.id);
      const edited = await english.json<DemoInvoice>('PUT', `/api/invoices/${target.id}`, {
        customerId,
        ...bill('Edited'),
        invoiceMergeTarget: target.version,
      });
      expect(edited.status).toBe(200);
      const before = await allRows(database.knex);
      expect((await sales.submit(`/invoices/${target.id}`, opened)).status).toBe(409);
      expect(
        await sales.json('PUT', `/api/invoices/${target.id}`, {
          customerId,
          ...bill('Too late'),
          invoiceMergeTarget: target.version,
        }),
      ).toMatchObject({ status: 409, body: { error: { code: 'IM_STALE_TARGET' } } });
      expect(await allRows(database.knex)).toEqual(before);
    });
  });

  describe('the create form posted twice', () => {
    const filled = async (): Promise<Fields> => {
      const page = await sales.page(`/invoices/new?customerId=${customerId}`);
      const fields = formFields(page, 'invoice');
      const price = fields.find(([name]) => /^lines\[0\]\[unitPrice\]$/.test(name))?.[0] ?? '';
      const label = fields.find(([name]) => /^lines\[0\]\[description\]$/.test(name))?.[0] ?? '';
      return [...withField(withField(fields, price, '80,00'), label, 'Posted twice'), ['issue', '1']];
    };
    const made = () => database.knex('crm_invoices').where({ client_id: customerId }).select('id', 'ref');

    it('makes one invoice with one number when one post follows the other', async () => {
      const fields = await filled();
      const [first, second] = [await sales.submit('/invoices', fields), await sales.submit('/invoices', fields)];
      const invoices = await made();
      expect(invoices).toEqual([
        { id: expect.any(Number) as number, ref: expect.stringMatching(/^FA-2026-/) as string },
      ]);
      expect([first.status, second.status, first.location]).toEqual([303, 303, second.location]);
    });

    it('makes one invoice with one number when both posts come at once', async () => {
      const fields = await filled();
      const pages = await Promise.all([1, 2, 3].map(() => sales.submit('/invoices', fields)));
      expect(await made()).toHaveLength(1);
      expect(pages.map(({ status, location }) => [status, location])).toEqual(
        pages.map(() => [303, pages[0]?.location ?? '']),
      );
    });

    it('is refused when what was typed differs, with a link to the invoice that was saved', async () => {
      const fields = await filled();
      const first = await sales.submit('/invoices', fields);
      const page = await sales.submit('/invoices', withField(fields, 'note', 'Something else'));
      expect(page.status).toBe(409);
      expect(page.$(`[data-im=banner] a[href="${first.location ?? ''}"]`).length).toBeGreaterThan(0);
      expect(await made()).toHaveLength(1);
    });
  });

  describe('a merged source', () => {
    let target: DemoInvoice;
    let source: DemoInvoice;
    beforeEach(async () => {
      target = await sales.invoice(customerId, bill('Own work'));
      source = await sales.invoice(customerId, bill('Merged work'));
      expect((await sales.merge(target, [source])).status).toBe(201);
    });

    const acts: [string, () => string, Fields][] = [
      ['reopened', () => `/invoices/${source.id}/reopen`, []],
      ['deleted', () => `/invoices/${source.id}/delete`, []],
      ['cancelled', () => `/invoices/${source.id}/cancel`, []],
      ['issued', () => `/invoices/${source.id}/issue`, []],
      ['paid', () => `/invoices/${source.id}/payments`, [['amount', '10']]],
    ];
    it.each(acts)(
      'is not %s by the pages, which name its successor in French and English',
      async (_act, path, fields) => {
        const before = await allRows(database.knex);
        const [french, anglais] = [await sales.submit(path(), fields), await english.submit(path(), fields)];
        expect([french.status, anglais.status]).toEqual([409, 409]);
        for (const page of [french, anglais]) expect(refusal(page)).toContain(target.number);
        expect(refusal(french)).toMatch(/fusionnée dans/);
        expect(refusal(anglais)).toMatch(/merged into/);
        expect(await allRows(database.knex)).toEqual(before);
      },
    );

    it('is not edited by a form that was opened before, which names its successor', async () => {
      const other = await sales.invoice(customerId, bill('Not merged yet'));
      const opened = await editForm(sales, other.id);
      await english.merge(await english.read(target.id), [other]);
      const before = await allRows(database.knex);
      const page = await sales.submit(`/invoices/${other.id}`, opened);
      expect(page.status).toBe(409);
      expect(refusal(page)).toContain(target.number);
      expect(await allRows(database.knex)).toEqual(before);
    });

    it('is not edited or paid by the API, which names its successor in words and variables', async () => {
      const before = await allRows(database.knex);
      const edit = await english.json('PUT', `/api/invoices/${source.id}`, { customerId, ...bill('Rewritten') });
      expect(edit).toMatchObject({
        status: 409,
        body: { error: { code: 'IM_MERGED', vars: { successorId: target.id, successorNumber: target.number } } },
      });
      const pay = await english.json('POST', `/api/invoices/${source.id}/payments`, { amount: '10.00' });
      expect(pay).toMatchObject({ status: 409, body: { error: { vars: { number: target.number } } } });
      for (const answer of [edit, pay]) expect(answer.body.error.message).toContain(target.number);
      const fr = await sales.json('PUT', `/api/invoices/${source.id}`, { customerId, ...bill('Rewritten') });
      expect(fr.body.error.message).toContain(target.number);
      expect(fr.body.error.message).toMatch(/fusionnée/);
      expect(await allRows(database.knex)).toEqual(before);
    });

    it('names a draft that replaces it by its day, in the language of who asks', async () => {
      const draft = await sales.invoice(customerId, bill('Draft', { status: 'draft', issueDate: '2026-11-05' }));
      const other = await sales.invoice(customerId, bill('Merged into a draft'));
      expect((await sales.merge(draft, [other])).status).toBe(201);
      const [french, anglais] = [
        await sales.submit(`/invoices/${other.id}/reopen`, []),
        await english.submit(`/invoices/${other.id}/reopen`, []),
      ];
      expect(refusal(french)).toMatch(/fusionnée dans .*brouillon du 05\/11\/2026/i);
      expect(refusal(anglais)).toMatch(/merged into .*draft of 5 Nov 2026/i);
    });

    it('T38 T46 of a merge into two drafts names their numbers once they are issued, one of the series each', async () => {
      const drafts = [];
      for (const issueDate of ['2026-11-05', '2026-11-06']) {
        const draft = await sales.invoice(customerId, bill('Draft', { status: 'draft', issueDate }));
        const others = [await sales.invoice(customerId, bill('One')), await sales.invoice(customerId, bill('Two'))];
        expect((await sales.merge(draft, others)).status).toBe(201);
        drafts.push({ id: draft.id, others });
      }
      const issued = await Promise.all(drafts.map(({ id }) => sales.submit(`/invoices/${id}/issue`, [])));
      expect(issued.map(({ status }) => status)).toEqual([303, 303]);
      const numbers = await Promise.all(drafts.map(async ({ id }) => (await sales.read(id)).number ?? ''));
      expect(new Set(numbers).size).toBe(2);
      for (const [index, { others }] of drafts.entries()) {
        expect(numbers[index]).toMatch(/^FA-2026-\d{5}$/);
        for (const { id, number } of others) {
          expect((await sales.read(id)).number).toBe(number);
          const said = (await sales.page(`/invoices/${id}`)).$('body').text();
          expect(said).toContain(numbers[index]);
          expect(refusal(await sales.submit(`/invoices/${id}/reopen`, []))).toContain(numbers[index]);
        }
      }
    });

    it('names the last invoice of a chain', async () => {
      const last = await sales.invoice(customerId, bill('Last'));
      expect((await sales.merge(last, [await sales.read(target.id)])).status).toBe(201);
      const page = await sales.submit(`/invoices/${source.id}/payments`, [['amount', '10']]);
      expect([page.status, refusal(page)]).toEqual([409, expect.stringContaining(last.number ?? '') as string]);
    });

    it('cannot be merged again, and the refusal names its successor', async () => {
      const other = await sales.invoice(customerId, bill('Another'));
      const answer = await sales.merge(other, [source]);
      expect(answer).toMatchObject({ status: 409, body: { error: { code: 'IM_STALE_SOURCE' } } });
      expect(JSON.stringify(answer.body.error.vars)).toContain(target.number);
    });

    it('is not among the settled: its target takes the payment', async () => {
      const due = (await sales.read(target.id)).total;
      const paid = await sales.json('POST', `/api/invoices/${target.id}/payments`, { amount: due });
      expect(paid.status).toBe(201);
      expect(await sales.read(target.id)).toMatchObject({ status: 'paid', payments: { count: 1, sum: '240.00' } });
    });
  });

  it('T52 A target that replaces others is not deleted', async () => {
    const target = await sales.invoice(customerId, bill('Own work'));
    const source = await sales.invoice(customerId, bill('Merged work'));
    expect(await sales.text(`/invoices/${target.id}`)).toContain(`action="/invoices/${target.id}/delete"`);
    await sales.merge(target, [source]);
    expect(await sales.text(`/invoices/${target.id}`)).not.toContain(`action="/invoices/${target.id}/delete"`);
    const before = await allRows(database.knex);
    const page = await sales.submit(`/invoices/${target.id}/delete`, []);
    expect([page.status, refusal(page)]).toEqual([409, expect.stringContaining(source.number ?? '') as string]);
    expect(await allRows(database.knex)).toEqual(before);
  });

  it('Revenue counts the work once, and reminders ask for it once, after a merge of two overdue invoices', async () => {
    // A year of its own, and a customer: nothing of the other tests is in them.
    const late = { issueDate: '2024-03-02', dueDate: '2024-04-02' };
    const target = await sales.invoice(customerId, bill('Own work', late));
    const source = await sales.invoice(customerId, bill('Merged work', late));
    const reported = async (): Promise<string> =>
      (await english.page('/reports/revenue?year=2024')).$('main').text().replace(/\s+/g, ' ');
    const reminded = async (): Promise<string[]> => {
      const { $ } = await english.page('/reminders');
      return $('main table a[href^="/invoices/"]')
        .toArray()
        .map((link) => $(link).text().trim())
        .filter((text) => text === target.number || text === source.number);
    };
    expect(await reported()).toContain('200');
    expect(await reminded()).toEqual(expect.arrayContaining([target.number, source.number]));

    await sales.merge(target, [source]);

    expect(await reported()).toContain('200');
    expect(await reported()).not.toContain('300');
    expect(await reminded()).toEqual([target.number]);
    await english.submit('/reminders', []);
    const log = await database.knex('crm_reminder_log').whereIn('invoice_id', [target.id, source.id]).orderBy('id');
    expect(log).toMatchObject([
      { invoice_id: Number(target.id), outcome: 'sent', level: 1 },
      { invoice_id: Number(source.id), outcome: 'skipped', reason: 'merged' },
    ]);
    expect(Number((log[0] as { amount_due: string }).amount_due)).toBe(240);
  });

  it('Expenses, estimates and tags follow their invoice and its lines', async () => {
    const target = await sales.invoice(customerId, bill('Own work'));
    const source = await sales.invoice(customerId, bill('Merged work'));
    const { knex } = database;
    const [tag, shared] = [900 + Number(source.id), 9000 + Number(source.id)];
    await knex('crm_tags').insert([
      { id: tag, label: 'chantier' },
      { id: shared, label: 'urgent' },
    ]);
    await knex('crm_invoice_tags').insert([
      { invoice_id: source.id, tag_id: tag },
      { invoice_id: source.id, tag_id: shared },
      { invoice_id: target.id, tag_id: shared },
    ]);
    const spent = {
      client_id: customerId,
      spent_on: TODAY,
      supplier: 'SNCF',
      label: 'Train',
      amount: '40',
      currency: 'EUR',
    };
    await knex('crm_expenses').insert({ ...spent, invoice_id: source.id, line_id: source.lines[0]?.id });
    const estimate = { client_id: customerId, issued_on: TODAY, label: 'Devis', amount: '100', currency: 'EUR' };
    await knex('crm_estimates').insert({ ...estimate, ref: `DE-${source.id}`, invoice_id: source.id });

    expect((await sales.merge(target, [source])).status).toBe(201);

    const after = await sales.read(target.id);
    const carried = after.lines.find((one) => one.sourceLineId === source.lines[0]?.id);
    expect(await knex('crm_expenses').where({ client_id: customerId }).select('invoice_id', 'line_id')).toEqual([
      { invoice_id: Number(target.id), line_id: Number(carried?.id) },
    ]);
    expect(await knex('crm_estimates').where({ client_id: customerId }).pluck('invoice_id')).toEqual([
      Number(target.id),
    ]);
    const tags = await knex('crm_invoice_tags').whereIn('tag_id', [tag, shared]).orderBy('tag_id');
    expect(tags).toEqual([
      { invoice_id: Number(target.id), tag_id: tag },
      { invoice_id: Number(target.id), tag_id: shared },
    ]);
  });

  describe('without JavaScript', () => {
    const tick = (fields: Fields, page: Page, id: string): Fields => {
      const box = page.$(`input[type=checkbox][name=invoiceMergeSource][data-im-id="${id}"]`);
      expect(box).toHaveLength(1);
      return [...fields, ['invoiceMergeSource', box.attr('value') ?? '']];
    };

    it('the edit form as the browser posts it merges what was ticked, as sales staff', async () => {
      const target = await sales.invoice(customerId, bill('Own work', { status: 'draft' }));
      const sources = [await sales.invoice(customerId, bill('First')), await sales.invoice(customerId, bill('Second'))];
      const page = await sales.page(`/invoices/${target.id}/edit`);
      const fields = sources.reduce((form, { id }) => tick(form, page, id), formFields(page, 'invoice'));
      const saved = await sales.submit(`/invoices/${target.id}`, fields);
      expect([saved.status, saved.location]).toEqual([303, `/invoices/${target.id}`]);
      const after = await sales.read(target.id);
      expect(descriptions(after)).toEqual(['Own work', 'First', 'Second']);
      expect([after.total, after.mergedFrom]).toEqual(['360.00', sources.map(({ id }) => id)]);
      for (const { id, number } of sources)
        expect(await sales.read(id)).toMatchObject({ status: 'cancelled', number, mergedInto: target.id });
      const shown = await sales.page(`/invoices/${sources[0]?.id ?? ''}`);
      expect(shown.$(`a[href="/invoices/${target.id}"]`).length).toBeGreaterThan(0);
    });

    it('the create form with its customer in the address merges what was ticked into a new invoice', async () => {
      const source = await sales.invoice(customerId, bill('Merged work'));
      const page = await sales.page(`/invoices/new?customerId=${customerId}`);
      let fields = tick(formFields(page, 'invoice'), page, source.id);
      fields = withField(fields, 'lines[0][description]', 'Own work');
      fields = withField(fields, 'lines[0][unitPrice]', '50,00');
      const saved = await sales.submit('/invoices', [...fields, ['issue', '1']]);
      expect(saved.status).toBe(303);
      const id = saved.location?.split('/').at(-1) ?? '';
      const after = await sales.read(id);
      expect(descriptions(after)).toEqual(['Own work', 'Merged work']);
      expect([after.status, after.total, after.mergedFrom]).toEqual(['unpaid', '180.00', [source.id]]);
      expect(await sales.read(source.id)).toMatchObject({ status: 'cancelled', mergedInto: id });
      // Back and Save again: the same save.
      expect((await sales.submit('/invoices', [...fields, ['issue', '1']])).location).toBe(saved.location);
      expect(await database.knex('crm_invoices').where({ client_id: customerId })).toHaveLength(2);
    });

    it('a stale tick alone is unticked when the save is refused', async () => {
      const target = await sales.invoice(customerId, bill('Own work', { status: 'draft' }));
      const [stale, fresh] = [
        await sales.invoice(customerId, bill('Changes meanwhile')),
        await sales.invoice(customerId, bill('Stays')),
      ];
      const page = await sales.page(`/invoices/${target.id}/edit`);
      const fields = [stale.id, fresh.id].reduce((form, id) => tick(form, page, id), formFields(page, 'invoice'));
      await english.json<Refused>('PUT', `/api/invoices/${stale.id}`, { customerId, ...bill('Changed') });
      const before = await allRows(database.knex);
      const refused = await sales.submit(`/invoices/${target.id}`, withField(fields, 'note', 'Kept'));
      expect(refused.status).toBe(409);
      expect(await allRows(database.knex)).toEqual(before);
      const given = formFields(refused, 'invoice');
      expect(fieldOf(given, 'note')).toBe('Kept');
      const ticked = given.filter(([name]) => name === 'invoiceMergeSource').map(([, value]) => value.split('~')[0]);
      expect(ticked).toEqual([fresh.id]);
    });

    it('deleting instead of cancelling is the bookkeeper’s to choose, and what is deleted is gone from the lists', async () => {
      const target = await sales.invoice(customerId, bill('Own work', { status: 'draft' }));
      const source = await sales.invoice(customerId, bill('Merged work'));
      const books = await DemoClient.signedIn(server.url, 'books');
      const forbidden = await sales.merge(target, [source], {
        settlement: { issued: 'delete', draft: 'delete' },
        key: newKey(),
      });
      expect([forbidden.status, forbidden.body.error.code]).toEqual([403, 'IM_SETTLEMENT_FORBIDDEN']);
      const page = await books.page(`/invoices/${target.id}/edit`);
      const unticked = tick(formFields(page, 'invoice'), page, source.id).filter(
        ([name, value]) => name !== 'invoiceMergeIssued' || value === 'delete',
      );
      const saved = await books.submit(`/invoices/${target.id}`, unticked);
      expect(saved.status).toBe(303);
      expect((await books.json('GET', `/api/invoices/${source.id}`)).status).toBe(404);
      expect(descriptions(await books.read(target.id))).toEqual(['Own work', 'Merged work']);
    });
  });
});
