import type { IncomingPayment, PaymentToRecord, ReceivedPayment } from '../../plugin/contract';
import type { Trx } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { ACTORS, hiding, line, openMerging, refusal, type MergingFixture } from '../support/merging-fixture';

let keys = 0;

describe.each(eachDatabase)('money for merged invoices, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let customer: string;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  beforeEach(async () => {
    customer = await fixture.customer();
  });
  afterAll(() => fixture.close());

  /** The host's own booking of a payment. */
  const book =
    (trx: Trx) =>
    async ({ invoiceId, amount }: PaymentToRecord): Promise<void> => {
      await fixture.crm.pay(trx, invoiceId, amount);
    };
  const payment = (invoiceId: string, amount: string, more: Partial<IncomingPayment> = {}): IncomingPayment => ({
    key: `message ${(keys += 1)}`,
    invoiceId,
    amount,
    currency: 'EUR',
    date: '2026-11-20',
    methodId: 'card',
    reference: 'VIR SEPA BOULANGERIE',
    ...more,
  });
  const receive = (given: IncomingPayment, used = fixture.merge): Promise<ReceivedPayment> =>
    used.transaction((trx) => used.receivePayment(trx, given, book(trx)));
  const paid = async (invoiceId: string): Promise<string[]> =>
    (await fixture.rows('app_reglements', { facture_id: invoiceId })).map((row) => Number(row.montant).toFixed(2));

  /** A source of 120.00 in a target of 12.00: 132.00 in all. */
  async function merged(issued = 'cancel'): Promise<{ source: string; target: string; number: string }> {
    const [source, target] = [
      await fixture.invoice(customer, { lines: [line('Source', '100')] }),
      await fixture.invoice(customer, { lines: [line('Target', '10')] }),
    ];
    const number = (await fixture.load(source)).number ?? '';
    await fixture.save({ target, sources: [source], issued });
    return { source, target, number };
  }

  describe('receivePayment', () => {
    test.each(['cancel', 'delete'])('books money for a source on its successor, settlement %s', async (issued) => {
      const { source, target, number } = await merged(issued);
      let note = '';
      const given = payment(source, '120.00');
      const received = await fixture.merge.transaction((trx) =>
        fixture.merge.receivePayment(trx, given, async (to) => {
          note = to.note;
          await book(trx)(to);
        }),
      );
      expect(received).toEqual({
        recorded: { invoiceId: target, amount: '120.00', mergedFrom: source },
        waiting: null,
        replayed: false,
      });
      expect(note).toBe(`Reçu pour ${number} · VIR SEPA BOULANGERIE`);
      expect([await paid(source), await paid(target)]).toEqual([[], ['120.00']]);
      expect((await fixture.load(target)).status).toBe('partial');
    });

    test('books money for an invoice that was never merged on itself', async () => {
      const id = await fixture.invoice(customer);
      expect(await receive(payment(id, '120'))).toEqual({
        recorded: { invoiceId: id, amount: '120.00', mergedFrom: null },
        waiting: null,
        replayed: false,
      });
      expect((await fixture.load(id)).status).toBe('paid');
    });

    test('records the same message once, also when it comes twice at the same time', async () => {
      const { source, target } = await merged();
      const given = payment(source, '50');
      const other = fixture.plugin();
      const [first, second] = await Promise.all([receive(given), receive(given, other)]);
      expect([first.replayed, second.replayed].sort()).toEqual([false, true]);
      expect(first.recorded).toEqual(second.recorded);
      expect(await receive(given)).toEqual({ recorded: first.recorded, waiting: null, replayed: true });
      expect(await paid(target)).toEqual(['50.00']);
    });

    test('refuses another payment under a key that was used, rather than lose it', async () => {
      const { source } = await merged();
      const given = payment(source, '50');
      await receive(given);
      expect(await refusal(receive({ ...given, amount: '60' }))).toMatchObject({ code: 'IM_KEY_REUSED', status: 409 });
    });

    test('keeps what is more than the balance waiting', async () => {
      const { source, target } = await merged();
      const received = await receive(payment(source, '150'));
      expect(received).toMatchObject({
        recorded: { invoiceId: target, amount: '132.00' },
        waiting: { amount: '18.00', why: 'rest' },
      });
      expect(await paid(target)).toEqual(['132.00']);
      expect((await fixture.load(target)).status).toBe('paid');
    });

    test.each([
      ['paid', 'paid'],
      ['cancelled', 'cancelled'],
      ['draft', 'draft'],
    ])('keeps money waiting when the successor is %s, and books nothing', async (status, why) => {
      const { source, target } = await merged();
      await fixture
        .knex('app_factures')
        .where({ id: target })
        .update({ statut: { paid: 'payee', cancelled: 'annulee', draft: 'brouillon' }[status] });
      expect(await receive(payment(source, '120'))).toEqual({
        recorded: null,
        waiting: { id: expect.any(String) as string, amount: '120.00', why },
        replayed: false,
      });
      expect([await paid(source), await paid(target)]).toEqual([[], []]);
    });

    test.each([
      ['in another currency', { currency: 'USD' }, 'currency'],
      ['for an invoice that nobody knows', { invoiceId: '987654' }, 'unknown'],
      ['for an id that is none', { invoiceId: 'FA-typo' }, 'unknown'],
    ])('keeps money %s waiting', async (_what, more, why) => {
      const { source } = await merged();
      expect(await receive(payment(source, '120', more))).toMatchObject({ recorded: null, waiting: { why } });
    });

    test('keeps nothing of what was rolled back, so that the gateway’s next try counts', async () => {
      const { source, target } = await merged();
      const given = payment(source, '10');
      const failed = fixture.merge.transaction((trx) =>
        fixture.merge.receivePayment(trx, given, () => Promise.reject(new Error('bank is closed'))),
      );
      await expect(failed).rejects.toThrow('bank is closed');
      expect(await receive(given)).toMatchObject({ recorded: { amount: '10.00' }, replayed: false });
      expect(await paid(target)).toEqual(['10.00']);
    });

    test.each([
      ['nothing', { amount: '0' }, 'amount'],
      ['less than a cent', { amount: '1.005' }, 'amount'],
      ['a negative amount', { amount: '-5' }, 'amount'],
      ['no day', { date: '20/11/2026' }, 'date'],
      ['no key', { key: '' }, 'key'],
    ])('tells the program that calls what is wrong with %s', async (_what, more, field) => {
      const { source } = await merged();
      expect(await refusal(receive(payment(source, '5', more)))).toMatchObject({
        code: 'IM_PAYLOAD_INVALID',
        vars: { field },
      });
    });

    test('and a merge of the same invoice at once leave the money on the invoice that stands', async () => {
      const source = await fixture.invoice(customer, { lines: [line('Source', '100')] });
      const target = await fixture.invoice(customer, { lines: [line('Target', '10')] });
      const other = fixture.plugin({ knex: fixture.database.connect() });
      const [merging, received] = await Promise.allSettled([
        fixture.save({ target, sources: [source] }),
        receive(payment(source, '30'), other),
      ]);
      expect(received.status).toBe('fulfilled');
      const standing = merging.status === 'fulfilled' ? target : source;
      expect([await paid(source), await paid(target)]).toEqual(standing === target ? [[], ['30.00']] : [['30.00'], []]);
    });
  });

  describe('payments to allocate', () => {
    interface Waiting {
      id: string;
      amount: string;
      why: string;
    }
    const list = async (actor = ACTORS.books): Promise<Waiting[]> => {
      const { body } = await fixture.http('/api/payments-to-allocate', { actor });
      return body.payments as Waiting[];
    };
    const allocate = (
      id: string,
      invoiceId: string,
      how: { actor?: typeof ACTORS.books; plugin?: typeof fixture.merge } = {},
    ) => fixture.http(`/api/payments-to-allocate/${id}`, { body: { invoiceId }, ...how });
    const waits = async (amount = '120'): Promise<{ id: string; source: string; target: string; number: string }> => {
      const all = await merged();
      await fixture.crm.pay(fixture.knex, all.target, '132.00');
      const { waiting } = await receive(payment(all.source, amount));
      return { id: waiting?.id ?? '', ...all };
    };

    test('are listed with what the payer named, what stands for it, and why they wait', async () => {
      const { id, source, target, number } = await waits();
      const standing = await fixture.load(target);
      expect((await list()).find((one) => one.id === id)).toEqual({
        id,
        date: '2026-11-20',
        amount: '120.00',
        received: '120.00',
        currency: 'EUR',
        reference: 'VIR SEPA BOULANGERIE',
        why: 'paid',
        meantFor: { invoiceId: source, number },
        standing: { invoiceId: target, number: standing.number, issueDate: standing.issueDate },
        customer: { id: customer, name: expect.stringMatching(/^Customer/) as string },
        receivedAt: '2026-11-21T10:00:00.000Z',
        closed: null,
      });
    });

    test('are booked on the invoice that a person chooses, once, and leave the list', async () => {
      const { id } = await waits();
      const open = await fixture.invoice(customer, { lines: [line('Open', '200')] });
      const { status, body } = await allocate(id, open);
      expect(status).toBe(200);
      expect(body).toEqual({
        invoiceId: open,
        number: (await fixture.load(open)).number,
        paymentId: expect.any(String) as string,
        currency: 'EUR',
        amount: '120.00',
        left: '0.00',
      });
      const [row] = await fixture.rows('app_reglements', { facture_id: open });
      expect(row).toMatchObject({ id: Number(body.paymentId), mode: 'card' });
      expect((await fixture.load(open)).status).toBe('partial');
      expect((await list()).map((one) => one.id)).not.toContain(id);
      expect(await allocate(id, open)).toMatchObject({
        status: 409,
        body: { error: { code: 'IM_PAYMENT_ALLOCATED' } },
      });
      expect(await paid(open)).toEqual(['120.00']);
      const [trace] = await fixture.rows('im_activity', { action: 'payment.allocate', invoice_id: open });
      expect(trace).toMatchObject({ actor_name: ACTORS.books.name });
    });

    test('what is more than the chosen invoice’s balance goes on waiting', async () => {
      const { id } = await waits();
      const open = await fixture.invoice(customer, { lines: [line('Open', '50')] });
      expect((await allocate(id, open)).body).toMatchObject({ amount: '60.00', left: '60.00' });
      expect((await list()).find((one) => one.id === id)).toMatchObject({ amount: '60.00', why: 'rest' });
      expect((await fixture.load(open)).status).toBe('paid');
    });

    test('two people who allocate the same payment at once book it once', async () => {
      const { id } = await waits();
      const [one, two] = [await fixture.invoice(customer), await fixture.invoice(customer)];
      const other = fixture.plugin({ knex: fixture.database.connect() });
      const replies = await Promise.all([
        fixture.http(`/api/payments-to-allocate/${id}`, { body: { invoiceId: one } }),
        fixture.http(`/api/payments-to-allocate/${id}`, { body: { invoiceId: two }, plugin: other }),
      ]);
      expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect([...(await paid(one)), ...(await paid(two))]).toEqual(['120.00']);
    });

    test('are refused on a merged invoice with its successor, and stay', async () => {
      const { id, source, target } = await waits();
      const { status, body } = await allocate(id, source);
      expect([status, body.error]).toMatchObject([
        409,
        { code: 'IM_MERGED', vars: { successorId: target, url: `/invoices/${target}` } },
      ]);
      expect((await list()).map((one) => one.id)).toContain(id);
    });

    test('tell who may not see the successor that there is one, and no more', async () => {
      const { id } = await waits();
      const { source, target } = await merged();
      const { number } = await fixture.load(target);
      const plugin = fixture.plugin({ scope: hiding(fixture.crm, [target]) });
      const { status, body } = await allocate(id, source, { plugin });
      expect([status, body.error]).toMatchObject([409, { code: 'IM_MERGED', vars: { invoiceId: source } }]);
      for (const word of [number ?? '', `/${target}`, 'successor']) expect(JSON.stringify(body)).not.toContain(word);
    });

    test('tell who may not see the invoice that the money was booked on that it is booked, and no more', async () => {
      const { id } = await waits();
      const open = await fixture.invoice(customer, { lines: [line('Open', '200')] });
      await allocate(id, open);
      const plugin = fixture.plugin({ scope: hiding(fixture.crm, [open]) });
      const { status, body } = await allocate(id, open, { plugin });
      expect([status, body.error]).toMatchObject([409, { code: 'IM_PAYMENT_ALLOCATED', vars: {} }]);
      expect(JSON.stringify(body)).not.toContain((await fixture.load(open)).number ?? '');
    });

    test.each([
      ['paid', 'payee', 'EUR'],
      ['cancelled', 'annulee', 'EUR'],
      ['draft', 'brouillon', 'EUR'],
      ['currency', 'a_payer', 'USD'],
    ])('are refused with the reason: %s', async (why, statut, devise) => {
      const { id } = await waits();
      const chosen = await fixture.invoice(customer);
      await fixture.knex('app_factures').where({ id: chosen }).update({ statut, devise });
      const { status, body } = await allocate(id, chosen);
      expect([status, body.error]).toMatchObject([422, { code: 'IM_NOT_PAYABLE', vars: { why } }]);
      expect(await paid(chosen)).toEqual([]);
      expect((await list()).map((one) => one.id)).toContain(id);
    });

    test('belong to those who may allocate, and to what they may see', async () => {
      const { id, target } = await waits();
      const open = await fixture.invoice(customer);
      const { http } = fixture;
      expect((await http('/api/payments-to-allocate', { actor: ACTORS.stranger })).status).toBe(403);
      expect((await allocate(id, open, { actor: ACTORS.stranger })).status).toBe(403);
      expect((await http('/api/payments-to-allocate', { actor: null })).status).toBe(401);
      const blind = fixture.plugin({ scope: hiding(fixture.crm, [target]) });
      const seen = (await http('/api/payments-to-allocate', { plugin: blind })).body.payments as Waiting[];
      expect(seen.map((one) => one.id)).not.toContain(id);
      expect((await http(`/api/payments-to-allocate/${id}`, { plugin: blind, body: { invoiceId: open } })).status).toBe(
        404,
      );
      const half = fixture.plugin({ scope: hiding(fixture.crm, [open]) });
      expect((await http(`/api/payments-to-allocate/${id}`, { plugin: half, body: { invoiceId: open } })).status).toBe(
        404,
      );
      expect(await paid(open)).toEqual([]);
    });

    test('can be seen, not booked, where the host cannot store a payment', async () => {
      const { id } = await waits();
      const open = await fixture.invoice(customer);
      const bare = fixture.plugin({ host: { ...fixture.crm.host, recordPayment: undefined } });
      expect((await fixture.http('/api/payments-to-allocate', { plugin: bare })).status).toBe(200);
      const reply = await fixture.http(`/api/payments-to-allocate/${id}`, { plugin: bare, body: { invoiceId: open } });
      expect(reply).toMatchObject({ status: 500, body: { error: { code: 'IM_HOST_FAULT' } } });
    });
  });
});
