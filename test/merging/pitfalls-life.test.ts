/** What other software does twice or not at all around a merge: billing again, sending again, what came meanwhile. */
import type { Row } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { line, openMerging, reasonsOf, refusal, type MergingFixture } from '../support/merging-fixture';

describe.each(eachDatabase)('life goes on around a merge, on %s', (name, createDatabase) => {
  let fixture: MergingFixture;
  let customer: string;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  beforeEach(async () => {
    customer = await fixture.customer();
  });
  afterAll(() => fixture.close());

  const mark = (id: string, columns: Row): Promise<unknown> =>
    fixture.knex('app_factures').where({ id }).update(columns);
  const shown = async (target: string): Promise<string> =>
    String((await fixture.http(`/banner?page=edit&invoiceId=${target}&formId=f`)).body.html).replace(/\s+/g, ' ');

  test.each(['cancel', 'delete'])(
    'T54 a reminder that was queued before is not sent while, nor after, its invoice is merged, settlement %s',
    async (issued) => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer, { status: 'overdue' });
      const send = (): Promise<void> =>
        fixture.merge.transaction(async (trx) => {
          await fixture.merge.guard(trx, source, 'edit');
          await trx('app_journal').insert({ facture_id: source, texte: 'reminded' });
        });
      let meanwhile: Promise<unknown> = Promise.resolve();
      await fixture.save({
        target,
        sources: [source],
        issued,
        // Begun when the merge holds the invoice: it waits for its commit, and then finds it merged.
        during: async () => {
          meanwhile = send().catch((error: unknown) => error);
        },
      });
      expect(await meanwhile).toMatchObject({ code: 'IM_MERGED', vars: { successorId: target } });
      expect(await refusal(send())).toMatchObject({ code: 'IM_MERGED', vars: { successorId: target } });
      expect(await fixture.rows('app_journal', { facture_id: source, texte: 'reminded' })).toEqual([]);
    },
  );

  test.each(['cancel', 'delete'])(
    'T55 an invoice that goes on recurring is not merged away, what it generated is, settlement %s',
    async (issued) => {
      const [target, master, generated] = [
        await fixture.invoice(customer),
        await fixture.invoice(customer),
        await fixture.invoice(customer),
      ];
      await mark(master, { recurrente: true });
      expect(await shown(target)).toContain('facture récurrente');
      const before = await fixture.dump();
      const error = await refusal(fixture.save({ target, sources: [generated, master], issued }));
      expect(reasonsOf(error, master)).toEqual(['recurring']);
      expect(await fixture.dump()).toEqual(before);
      await fixture.save({ target, sources: [generated], issued });
      expect(await fixture.rows('app_factures', { id: master })).toMatchObject([{ statut: 'a_payer', recurrente: 1 }]);
    },
  );

  test('T57 what a platform has is not merged away, and what it reads next holds the work once', async () => {
    const [target, transmitted, source] = [
      await fixture.invoice(customer),
      await fixture.invoice(customer, { lines: [line('Sent to the platform', '30')] }),
      await fixture.invoice(customer, { lines: [line('Work of June', '50')] }),
    ];
    await mark(transmitted, { transmise: true });
    for (const issued of ['cancel', 'delete']) {
      const before = await fixture.dump();
      const error = await refusal(fixture.save({ target, sources: [transmitted], issued }));
      expect(reasonsOf(error, transmitted)).toEqual(['transmitted']);
      expect(await fixture.dump()).toEqual(before);
    }
    await fixture.save({ target, sources: [source] });
    // What a connector sends: reported documents that it has not sent yet, with their lines.
    const next = fixture
      .knex('app_factures as f')
      .join('app_lignes as l', 'l.facture_id', 'f.id')
      .where({ 'f.client_id': customer, 'f.transmise': false });
    fixture.merge.reportable(next, { invoices: 'f' });
    expect(await next.orderBy('l.rang').select('f.id', 'l.libelle')).toEqual([
      { id: Number(target), libelle: 'Work' },
      { id: Number(target), libelle: 'Work of June' },
    ]);
  });

  test('T64 an invoice that comes while others are being merged is neither lost nor doubled', async () => {
    const sources = [await fixture.invoice(customer), await fixture.invoice(customer)];
    const target = await fixture.invoice(customer);
    let late = '';
    const { merge } = await fixture.save({
      target,
      sources,
      // SQLite has one writer at a time: there it comes in the same transaction.
      during: async (trx) => {
        const spec = { customerId: customer, lines: [line('Came meanwhile', '70')] };
        late = await fixture.crm.createInvoice(name === 'sqlite' ? trx : fixture.knex, spec);
      },
    });
    expect(merge?.sources.map(({ invoiceId }) => invoiceId)).toEqual(sources);
    expect(await fixture.load(late)).toMatchObject({ status: 'unpaid', total: '84.00', mergedIntoId: null });
    expect(await fixture.rows('app_lignes', { libelle: 'Came meanwhile' })).toMatchObject([
      { facture_id: Number(late) },
    ]);
    expect((await fixture.load(target)).total).toBe('360.00');
    const { body } = await fixture.http(`/api/candidates?customerId=${customer}&invoiceId=${target}`);
    expect(body.candidates).toMatchObject([{ id: late, eligible: true }]);
  });
});
