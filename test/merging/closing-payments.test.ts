import type { Actor } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { ACTORS, openMerging, type MergingFixture } from '../support/merging-fixture';

const PATH = '/api/payments-to-allocate';

describe.each(eachDatabase)('money that no invoice will receive, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let keys = 0;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  afterAll(() => fixture.close());

  /** 120.00 for an invoice that is paid already. */
  async function waits(): Promise<string> {
    const id = await fixture.invoice(await fixture.customer());
    await fixture.crm.pay(fixture.knex, id, '120.00');
    const payment = { invoiceId: id, amount: '120.00', currency: 'EUR', date: '2026-11-20', methodId: 'card' };
    const { waiting } = await fixture.merge.transaction((trx) =>
      fixture.merge.receivePayment(
        trx,
        { ...payment, key: `message ${(keys += 1)}`, reference: 'VIR' },
        async () => id,
      ),
    );
    return waiting?.id ?? '';
  }
  const listed = async (state: string): Promise<string[]> => {
    const { body } = await fixture.http(`${PATH}?state=${state}`);
    return (body.payments as { id: string }[]).map(({ id }) => id);
  };
  const act = (id: string, what: string, actor: Actor = ACTORS.books) =>
    fixture.http(`${PATH}/${id}/${what}`, { actor, body: what === 'close' ? { reason: 'Refunded on 20 Nov' } : {} });

  it('is closed with a reason, which is kept and shown, is allocated no more, and waits again once reopened', async () => {
    const id = await waits();
    const open = await fixture.invoice(await fixture.customer());
    for (const reason of ['', '  ', undefined])
      expect((await fixture.http(`${PATH}/${id}/close`, { body: { reason } })).status).toBe(400);
    expect((await act(id, 'close', ACTORS.stranger)).status).toBe(403);

    const closed = await act(id, 'close');
    expect([closed.status, closed.body]).toMatchObject([
      200,
      {
        id,
        amount: '120.00',
        closed: { reason: 'Refunded on 20 Nov', by: ACTORS.books.name, at: '2026-11-21T10:00:00.000Z' },
      },
    ]);
    expect([await listed('waiting'), await listed('closed')]).toEqual([[], [id]]);
    for (const reply of [await act(id, 'close'), await fixture.http(`${PATH}/${id}`, { body: { invoiceId: open } })])
      expect(reply).toMatchObject({ status: 409, body: { error: { code: 'IM_PAYMENT_CLOSED' } } });

    expect(await act(id, 'reopen')).toMatchObject({ status: 200, body: { amount: '120.00', closed: null } });
    expect((await act(id, 'reopen')).status).toBe(200);
    expect([await listed('waiting'), await listed('closed')]).toEqual([[id], []]);
    const log = (await fixture.rows('im_activity')).filter((row) => String(row.action).startsWith('payment.'));
    expect(log.map(({ action, details }) => [action, String(details)])).toEqual([
      ['payment.close', expect.stringContaining('Refunded on 20 Nov') as string],
      ['payment.reopen', expect.stringContaining('Refunded on 20 Nov') as string],
    ]);

    const allocated = await fixture.http(`${PATH}/${id}`, { body: { invoiceId: open } });
    expect(allocated.status).toBe(200);
    for (const what of ['close', 'reopen'])
      expect(await act(id, what)).toMatchObject({ status: 409, body: { error: { code: 'IM_PAYMENT_ALLOCATED' } } });
  });

  it('is closed or allocated, never both, when two people do it at once', async () => {
    const id = await waits();
    const open = await fixture.invoice(await fixture.customer());
    const other = fixture.plugin({ knex: fixture.database.connect() });
    const replies = await Promise.all([
      act(id, 'close'),
      fixture.http(`${PATH}/${id}`, { body: { invoiceId: open }, plugin: other }),
    ]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
    const booked = await fixture.rows('app_reglements', { facture_id: open });
    expect(booked).toHaveLength((await listed('closed')).includes(id) ? 0 : 1);
  });

  it('says in words that the host refused the payment, a method that is gone say, and goes on waiting', async () => {
    const id = await waits();
    const open = await fixture.invoice(await fixture.customer());
    const { recordPayment } = fixture.crm.host;
    const host = {
      ...fixture.crm.host,
      recordPayment: (...[trx, payment]: Parameters<NonNullable<typeof recordPayment>>) =>
        // The column takes no NULL.
        recordPayment?.(trx, { ...payment, methodId: null as never }) ?? Promise.resolve(''),
    };
    const reply = await fixture.http(`${PATH}/${id}`, { body: { invoiceId: open }, plugin: fixture.plugin({ host }) });
    expect(reply).toMatchObject({
      status: 422,
      body: { error: { code: 'IM_PAYMENT_REFUSED', vars: { method: 'card' } } },
    });
    expect(await listed('waiting')).toContain(id);
    expect(await fixture.rows('app_reglements', { facture_id: open })).toEqual([]);
  });
});
