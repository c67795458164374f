import { eachDatabase } from '../support/databases';
import { InjectedFault, spyOn, type Fault, type StatementSpy } from '../support/fault-injector';
import { crmHost } from '../support/hosts';
import { line, openMerging, VAT_10, type MergingFixture, type Save } from '../support/merging-fixture';

describe.each(eachDatabase)('a save that breaks at any statement, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let spy: StatementSpy;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
    spy = spyOn(fixture.knex);
  });
  afterAll(() => fixture.close());

  /** A target at a discount, two issued sources and a draft, with rows of every policy that the settlement allows. */
  async function scenario(settlement: string): Promise<Save & { target: string }> {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer, {
      lines: [line('Own', '100'), line('Own too', '50', { taxes: [VAT_10] })],
      discount: { kind: 'percent', value: '10', basis: 'before_tax' },
    });
    const allowance = { kind: 'allowance', amount: '5', reason: 'Loyal' } as const;
    const sources = [
      await fixture.invoice(customer, {
        lines: [line('A', '10', { allowancesCharges: [allowance] }), line('B', '20')],
      }),
      await fixture.invoice(customer, { lines: [line('C', '30')], allowancesCharges: [{ ...allowance, tax: VAT_10 }] }),
      await fixture.invoice(customer, { status: 'draft', lines: [line('D', '40')], adjustment: '1.50' }),
    ];
    const [first = '', second = ''] = sources;
    const { knex, crm } = fixture;
    for (const name of ['expenses', 'estimates', 'tags', 'attachments']) await crm.addLink(knex, name, first, name);
    await crm.addLink(knex, 'tags', target, 'tags');
    await crm.addLink(knex, 'attachments', second, 'more');
    const [firstLine] = (await fixture.load(first)).lines;
    await crm.addLink(knex, 'lineExpenses', firstLine?.id ?? '', 'task');
    if (settlement === 'cancel') await crm.addLink(knex, 'subscriptions', first, 'monthly');
    const versions = await crm.host.loadInvoices(knex, [target, ...sources]);
    return {
      target,
      spec: await fixture.formOf(target),
      sources: versions.slice(1).map(({ id, version }) => ({ id, version })),
      targetVersion: versions[0]?.version,
      issued: settlement,
      key: `whole-or-nothing-${target}`,
      body: { _csrf: 'same' },
    };
  }

  test.each(['cancel', 'delete'])(
    'T11 leaves everything as it was, or the merge whole, settlement %s',
    async (settlement) => {
      // Whether delete is offered is asked of the schema once: it must not be in one count and not in the other.
      await fixture.save(await scenario(settlement));
      const counted = await scenario(settlement);
      spy.reset();
      await fixture.save(counted);
      const count = spy.statements.length;
      expect(spy.commits).toBe(1);

      const save = await scenario(settlement);
      const before = await fixture.dump();
      const points: Fault['statement'][] = [...Array.from({ length: count }, (_one, index) => index + 1), 'commit'];
      const faults = points.flatMap((statement): Fault[] => [
        { statement, when: 'before' },
        { statement, when: 'after' },
      ]);
      let injected = 0;
      for (const [done, fault] of faults.entries()) {
        spy.reset();
        spy.failAt(fault);
        await expect(fixture.save(save)).rejects.toBeInstanceOf(InjectedFault);
        injected += spy.fired.length;
        // Looked at after every fourth statement, and around COMMIT: what a fault left would still be there.
        const isWhole = fault.statement === 'commit' && fault.when === 'after';
        if (!isWhole && fault.statement !== 'commit' && (done + 1) % 8 !== 0) continue;
        const now = await fixture.dump();
        if (isWhole) expect(now).not.toEqual(before);
        // Named with the last statement, since the loop alone does not say where.
        else if (JSON.stringify(now) !== JSON.stringify(before)) {
          expect({ fault: spy.fired, now }).toEqual({ fault: spy.fired, now: before });
        }
      }
      console.log(`${fixture.database.name}, ${settlement}: ${injected} faults in ${count} statements and COMMIT`);
      expect(injected).toBe(2 * (count + 1));

      // The last fault lost the answer of a COMMIT that was done: the merge is whole, and asking again tells so.
      const whole = await fixture.load(save.target);
      expect(whole.lines.map(({ description }) => description)).toEqual(['Own', 'Own too', 'A', 'B', 'C', 'D']);
      const first = await fixture.load(counted.target);
      expect(whole.totals).toEqual(first.totals);
      expect(await fixture.save(save)).toMatchObject({
        invoiceId: save.target,
        replayed: true,
        merge: { targetId: save.target },
      });
      const ids = (save.sources ?? []).map((one) => (typeof one === 'string' ? one : one.id));
      const left = await fixture.knex('app_factures').whereIn('id', ids).pluck('statut');
      expect(left).toEqual(settlement === 'cancel' ? ['annulee', 'annulee', 'annulee'] : []);
      expect(
        await fixture.rows('im_merge_sources', {
          merge_id: (await fixture.rows('im_merges', { target_id: save.target }))[0]?.id,
        }),
      ).toHaveLength(3);
    },
    // Two saves for each statement of a save: how long that takes says nothing.
    120_000,
  );
});
