import { randomUUID } from 'node:crypto';
import type { HandlerAnswer } from '../../plugin/handover/contract';
import { eachDatabase, type TestDatabase } from '../support/databases';
import type { Method } from './billing-fixture';
import { codeOf, DRINKS, openTill, taken, type TillFixture } from './till-fixture';

describe.each(eachDatabase)('an extended method at the till, on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  let till: TillFixture;
  let suite: Method;
  /** What the other system does with the next sale. */
  let answer: () => Promise<HandlerAnswer>;
  let isOpen: () => Promise<{ available: boolean; reason?: string }>;
  beforeAll(async () => {
    database = await createDatabase();
    till = await openTill(database, {
      integrations: { pms: { deliver: () => answer(), check: () => isOpen() } },
      clock: () => new Date(),
    });
    const { body } = await till.ask('post', '/integrations', { kind: 'function', name: 'PMS', functionName: 'pms' });
    suite = await till.make('Suite', { integrationId: (body.integration as { id: string }).id });
    for (const module of ['direct_sale', 'invoices'])
      await till.ask('post', `/order-modules/${module}/payment-methods`, { methodId: suite.id });
  });
  beforeEach(() => {
    answer = async () => ({ accepted: true, reference: 'PMS-7' });
    isOpen = async () => ({ available: true });
  });
  afterAll(() => till.close());

  const open = async (): Promise<{ saleId: string; path: string; done: string }> => {
    const saleId = await till.openSale(DRINKS, { returnUrl: '/till' });
    return { saleId, path: `/checkout/sale/${saleId}`, done: `/checkout/done/${saleId}` };
  };
  const handOver = (path: string) =>
    till.submit(path, { key: randomUUID(), confirm: suite.id, amount: '12,00', reference: '7' }, 'sales');
  const stateOf = async (saleId: string): Promise<unknown> =>
    ((await till.knex('im_sales').where({ id: saleId }).first()) as { state: string }).state;
  const records = async (): Promise<number[]> =>
    Promise.all(
      ['im_sale_payments', 'app_reglements', 'app_factures'].map(async (one) => (await till.knex(one)).length),
    );

  test('E40 what is handed over is no row, no total, no line of the file, no invoice, and the page says that nothing was paid', async () => {
    const before = await records();
    const { saleId, path, done } = await open();
    expect(await handOver(path)).toMatchObject({ status: 303, to: `/invoice-merge${done}` });
    expect([await stateOf(saleId), await records()]).toEqual(['handed_over', before]);
    const page = await till.page(done, 'sales');
    expect(page.$('h1').text()).toBe('Vente transmise');
    expect(page.$('.im-handover').text()).toContain('PMS-7');
    expect(page.$('.im-handover').text()).toContain('ne figure pas dans l’historique');
    const { total, handedOver } = await till.sales();
    expect([total, handedOver]).toEqual([0, 1]);
    expect((await till.page('/sales', 'books')).$('.im-notice').text()).toBe(
      '1 vente transmise à un autre système ne figure pas ici.',
    );
    // Back, and another press of the button: it stays handed over once.
    expect(await handOver(path)).toMatchObject({ status: 303, to: `/invoice-merge${done}` });
    expect((await till.knex('im_handovers')).length).toBe(1);
  });

  test('while the other system takes no sale its tile says so, and nothing is handed over', async () => {
    isOpen = async () => ({ available: false, reason: 'Clôture de nuit' });
    const { saleId, path } = await open();
    expect((await till.page(path, 'sales')).$('.im-tiles').text()).toContain('ne prend pas de vente pour le moment');
    expect((await handOver(path)).status).toBe(422);
    expect(await stateOf(saleId)).toBe('open');
  });

  test('rejected, the sale is back at its payment with the reason and the basket, and another method takes it', async () => {
    answer = async () => ({ accepted: false, reason: 'Chambre 7 libérée' });
    const { saleId, path, done } = await open();
    await handOver(path);
    expect(await stateOf(saleId)).toBe('open');
    expect((await till.page(done, 'sales')).status).toBe(303);
    const page = await till.page(path, 'sales');
    expect(page.$('[role="alert"]').text()).toContain('Chambre 7 libérée');
    expect(page.$('.im-basket').text()).toContain('Drinks');
    const form = { key: randomUUID(), confirm: till.cash, amount: '12,00' };
    expect((await till.submit(path, form, 'sales')).status).toBe(303);
    expect(await stateOf(saleId)).toBe('paid');
  });

  test('without an answer the sale waits: no second method, no second sale; checked again, it is handed over', async () => {
    answer = () => Promise.reject(new Error('the line is down'));
    const { saleId, path, done } = await open();
    await handOver(path);
    expect(await stateOf(saleId)).toBe('waiting');
    const page = await till.page(done, 'sales');
    expect(page.$('.im-handover').attr('data-im-live')).toBe('');
    expect(page.$('.im-handover').text()).toContain('En attente de PMS. Ne refaites pas la vente.');
    const body = { saleId, payments: [{ methodId: till.cash, amount: '12.00' }], key: randomUUID() };
    expect(codeOf(await till.ask('post', '/order-modules/direct_sale/checkout', body, 'sales'))).toBe(
      '409 IM_SALE_WAITING',
    );
    answer = async () => ({ accepted: true });
    expect((await till.submit(`${done}/check`, {}, 'sales')).status).toBe(303);
    expect(await stateOf(saleId)).toBe('handed_over');
  });

  test('E45 a cancelled hand-over is cancelled once the other system says so, not before', async () => {
    answer = () => Promise.reject(new Error('the line is down'));
    const { saleId, done } = await open();
    await handOver(`/checkout/sale/${saleId}`);
    await till.submit(`${done}/cancel`, {}, 'sales');
    // It may have arrived: until that is known nobody may take the money another way.
    expect(await stateOf(saleId)).toBe('waiting');
    expect((await till.page(done, 'sales')).$('.im-handover').text()).toContain('L’annulation a été demandée');
    answer = async () => ({ accepted: true });
    for (let round = 0; round < 3 && (await stateOf(saleId)) === 'waiting'; round++)
      await till.submit(`${done}/check`, {}, 'sales');
    expect(await stateOf(saleId)).toBe('open');
  });

  test('on an invoice its tile cannot be pressed and says why; a direct request is refused, and so is a mixture', async () => {
    const invoiceId = await till.openInvoice();
    const page = await till.page(`/checkout/invoice/${invoiceId}`, 'sales');
    const tile = page.$(`button[value="${suite.id}"]`);
    expect(tile.attr('disabled')).toBe('disabled');
    expect(page.$(`#${tile.attr('aria-describedby')}`).text()).toBe(
      'Cette facture est déjà émise ici\u202f: elle ne peut pas être facturée ailleurs.',
    );
    const reply = await till.take(invoiceId, [{ methodId: suite.id, amount: '120.00' }]);
    expect([codeOf(reply), reply.body.error?.vars.why]).toEqual(['422 IM_METHOD_UNAVAILABLE', 'issued_here']);
    const mixed = await till.sell(DRINKS, [
      { methodId: suite.id, amount: '6.00' },
      { methodId: till.cash, amount: '6.00' },
    ]);
    expect([codeOf(mixed), mixed.body.error?.vars.why]).toEqual(['422 IM_METHOD_UNAVAILABLE', 'alone']);
  });

  test('the API answers a hand-over in place of transactions, and a connection that is switched off bars the tile', async () => {
    const reply = await till.sell(DRINKS, [{ methodId: suite.id, amount: '12.00', reference: '7' }]);
    expect([taken(reply), (reply.body.handover as { state: string }).state]).toEqual([[], 'accepted']);
    const { body } = await till.ask('get', '/integrations');
    expect(body).toMatchObject({ page: 1, pages: 1, total: 1 });
    const [one] = body.integrations as { id: string }[];
    await till.ask('patch', `/integrations/${one!.id}`, { enabled: false });
    const page = await till.page(`/checkout/sale/${await till.openSale()}`, 'sales');
    expect(page.$(`button[value="${suite.id}"]`).attr('disabled')).toBe('disabled');
    expect(codeOf(await till.sell(DRINKS, [{ methodId: suite.id, amount: '12.00' }]))).toBe(
      '422 IM_METHOD_UNAVAILABLE',
    );
    await till.ask('patch', `/integrations/${one!.id}`, { enabled: true });
  });
});
