import { eachDatabase } from '../support/databases';
import { refusal } from '../support/merging-fixture';
import { openSettings, PEOPLE, type SettingsApp } from './settings-app';

describe.each(eachDatabase)('merging switched off, on %s', (_name, createDatabase) => {
  let crm: SettingsApp;
  let customer: string;
  let target: string;
  let source: string;
  beforeAll(async () => {
    crm = await openSettings(await createDatabase());
  });
  beforeEach(async () => {
    await crm.set({ enabled: true });
    customer = await crm.fixture.customer();
    target = await crm.fixture.invoice(customer);
    source = await crm.fixture.invoice(customer);
  });
  afterAll(() => crm.fixture.close());

  const save = (more: object = {}) => crm.fixture.save({ target, plugin: crm.merge, actor: PEOPLE.sales, ...more });
  const bannerOf = async (page: string, id: string): Promise<string> =>
    (await crm.get('sales', `/invoices/${id}/${page}`)).text;

  it('shows nothing in the host’s pages, and all of it again when switched on', async () => {
    const shown = await Promise.all([
      bannerOf('edit', target),
      bannerOf('create', customer),
      bannerOf('preview', target),
    ]);
    for (const html of shown) expect(html).toContain('data-im="banner"');
    const off = await crm.post('admin', '/enabled', { enabled: '0' });
    expect([off.status, off.to]).toEqual([303, '/invoice-merge?done=switchedOff']);
    expect([
      await bannerOf('edit', target),
      await bannerOf('create', customer),
      await bannerOf('preview', target),
    ]).toEqual(['', '', '']);
    const { $ } = await crm.get('admin', off.to);
    expect([$('[role=status]').text(), $('.im-light').text()]).toEqual([
      'La fusion de factures est désactivée.',
      'Désactivée',
    ]);
    await crm.post('second', '/enabled', { enabled: '1' });
    const strip = (html: string): string => html.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '');
    expect(strip(await bannerOf('edit', target))).toBe(strip(shown[0] ?? ''));
  });

  it('refuses a save that would merge, in words, and changes nothing; ordinary saves go on', async () => {
    await crm.set({ enabled: false });
    const before = await crm.fixture.dump();
    const error = await refusal(save({ sources: [source] }));
    expect(error).toMatchObject({ code: 'IM_DISABLED', status: 409 });
    expect(await crm.fixture.dump()).toEqual(before);

    await expect(save()).resolves.toMatchObject({ merge: null, replayed: false });
    const key = `switched-off-${target}`;
    const spec = await crm.fixture.formOf(target);
    const twice = { spec, key, body: { _csrf: '' }, targetVersion: null };
    await save(twice);
    await expect(save(twice)).resolves.toMatchObject({ replayed: true });
    expect(await refusal(save({ targetVersion: 'older' }))).toMatchObject({ code: 'IM_STALE_TARGET' });

    await crm.set({ enabled: true });
    await expect(save({ sources: [source] })).resolves.toMatchObject({ replayed: false });
    expect((await crm.fixture.load(source)).status).toBe('cancelled');
  });

  it('says so where the banner would stand when a save was refused for it', async () => {
    await crm.set({ enabled: false });
    const error: unknown = await save({ sources: [source] }).catch((thrown: unknown) => thrown);
    const req = { get: (name: string) => (name === 'x-person' ? 'sales' : 'fr'), url: '/' };
    const spec = { page: 'edit' as const, formId: 'invoice', invoiceId: () => target, form: {}, error };
    const html = await crm.merge.renderBanner(req as never, {} as never, spec);
    expect(html).toContain('data-im-error="IM_DISABLED"');
    expect(html).toContain('La fusion de factures est désactivée');
    expect(html).not.toContain('invoiceMergeSource');
  });

  it('answers no candidates, lines, previews or merges over the API; what was merged can still be asked', async () => {
    const { merge } = await save({ sources: [source] });
    const other = await crm.fixture.invoice(customer);
    await crm.set({ enabled: false });
    const ask = (path: string, body?: object) => crm.fixture.http(path, { plugin: crm.fixture.plugin(), body });
    const wanted = {
      targetId: target,
      sources: [{ id: other, version: 'v' }],
      settlement: { issued: 'cancel', draft: 'cancel' },
      key: `over-the-api-${target}`,
    };
    for (const reply of [
      await ask(`/api/candidates?customerId=${customer}`),
      await ask(`/api/invoices/${other}/lines`),
      await ask('/api/merges/preview', { targetId: target, sourceIds: [other] }),
      await ask('/api/merges', wanted),
    ])
      expect([reply.status, reply.body.error]).toMatchObject([409, { code: 'IM_DISABLED' }]);
    expect(await ask(`/api/merges/${merge?.id}`)).toMatchObject({ status: 200, body: { merge: { targetId: target } } });
  });

  it('lets its message be put away, going back to pages of this server only, and money that waits be booked', async () => {
    const { merge } = await save({ sources: [source] });
    await crm.set({ enabled: false });
    const putAway = (back: string) => crm.post('sales', `/merges/${merge?.id}/dismiss`, { back });
    expect((await putAway('/invoices?page=2')).to).toBe('/invoices?page=2');
    for (const back of [
      '//elsewhere.example',
      '/\\elsewhere.example',
      '/\t/elsewhere.example',
      'https://elsewhere.example',
    ])
      expect([back, (await putAway(back)).to]).toEqual([back, `/invoices/${target}`]);

    const received = await crm.merge.transaction((trx) =>
      crm.merge.receivePayment(
        trx,
        {
          key: `switched off ${target}`,
          invoiceId: 'nobody knows',
          amount: '5.00',
          currency: 'EUR',
          date: '2026-11-20',
          methodId: 'card',
          reference: 'VIR',
        },
        () => Promise.reject(new Error('there is no such invoice')),
      ),
    );
    const booked = await crm.post('books', `/payments-to-allocate/${received.waiting?.id}`, { invoiceId: target });
    expect([booked.status, booked.to]).toEqual([303, '/invoice-merge/payments-to-allocate?done=allocated']);
    expect((await crm.fixture.load(target)).payments).toMatchObject({ count: 1, sum: '5.00' });
  });

  it('goes on telling where merged invoices went: on their pages, to payments, to reports, reminders and the guard', async () => {
    await save({ sources: [source] });
    await crm.set({ enabled: false });
    const { knex, merge, crm: host } = { ...crm.fixture, merge: crm.merge };
    const onTarget = await bannerOf('preview', target);
    expect(onTarget).toContain('Remplace 1 facture');
    expect(await bannerOf('preview', source)).toContain('Fusionnée dans');
    expect(await merge.successorOf(knex, source)).toBe(target);
    expect(await merge.paymentTarget(knex, source)).toEqual({ invoiceId: target, mergedFrom: source });
    expect(await refusal(merge.transaction((trx) => merge.guard(trx, source, 'pay')))).toMatchObject({
      code: 'IM_MERGED',
    });
    const { table, id } = host.map.invoices;
    for (const leaveOut of [merge.reportable, merge.remindable]) {
      const query = knex(`${table} as i`).whereIn(`i.${id}`, [source, target]);
      leaveOut(query, { invoices: 'i' });
      expect((await query.pluck(`i.${id}`)).map(String)).toEqual([target]);
    }
  });
});
