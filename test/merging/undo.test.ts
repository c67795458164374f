import * as fc from 'fast-check';
import type { Id, Row } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { spyOn } from '../support/fault-injector';
import { crmHost, eachHost, type InvoiceSpec } from '../support/hosts';
import { ACTORS, line, openMerging, VAT_10, VAT_20, type MergingFixture } from '../support/merging-fixture';

/**
 * What the host's tables say, whatever the plugin remembers of it. Not content: its counter of locks, and the ids of
 * allowances (two equal ones on an invoice cannot be told apart, and are written anew when one of them leaves).
 */
async function hostTables({ dump, crm }: MergingFixture): Promise<Record<string, Row[]>> {
  const { tablePrefix: prefix = 'im_', invoices, allowances } = crm.map;
  const ofDocuments = allowances?.find((one) => one.of === 'invoice')?.table;
  const contentOf = (table: string, row: Row): Row => {
    if (table === invoices.table) return { ...row, [`${prefix}version`]: null };
    return table === ofDocuments ? { ...row, id: null } : row;
  };
  const order = (a: Row, b: Row): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  return Object.fromEntries(
    Object.entries(await dump())
      .filter(([table]) => !table.startsWith(prefix))
      .map(([table, rows]) => [table, rows.map((row) => contentOf(table, row)).sort(order)]),
  );
}

type Merged = { merge: { id: Id; sources: { invoiceId: Id }[] } };

/** Merges over the API, so that no save of the host changes anything beside. */
async function merge(fixture: MergingFixture, targetId: Id, sourceIds: Id[], how: string): Promise<Id> {
  const draft = how === 'delete' ? 'delete' : 'cancel';
  const sources = await Promise.all(sourceIds.map(async (id) => ({ id, version: (await fixture.load(id)).version })));
  const { status, body } = await fixture.http('/api/merges', {
    body: { targetId, sources, settlement: { issued: how, draft }, key: `key-${crypto.randomUUID()}` },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return (body as unknown as Merged).merge.id;
}

const undo = (fixture: MergingFixture, mergeId: Id, more: object = {}, how: object = {}) =>
  fixture.http(`/api/merges/${mergeId}/undo`, { body: { reason: 'Wrong customer address', ...more }, ...how });

const codesOf = ({ body }: { body: Record<string, unknown> }): string[] => {
  const { error } = body as { error?: { code: string; vars: { refusals?: { code: string }[] } } };
  return error ? [error.code, ...(error.vars.refusals ?? []).map(({ code }) => code)] : [];
};

describe.each(eachDatabase)('undoing a merge on %s', (_database, createDatabase) => {
  describe.each(eachHost)('of the host %s', (_name, makeHost) => {
    let fixture: MergingFixture;
    beforeAll(async () => {
      fixture = await openMerging(await createDatabase(), makeHost());
    });
    afterAll(() => fixture.close());

    test.each(['cancel', 'delete'])(
      'brings back every row of every table, however often, settlement %s',
      async (how) => {
        const { crm, knex } = fixture;
        const customer = await fixture.customer();
        const discount = crm.map.invoices.discount && {
          discount: { kind: 'percent', value: '10', basis: 'before_tax' } as const,
        };
        const target = await fixture.invoice(customer, {
          lines: [line('Own', '99.99'), line('Own too', '50', { taxes: [VAT_10] })],
          ...discount,
        });
        const sources = [
          await fixture.invoice(customer, {
            lines: [line('A', '10.01'), line('B', '20', { taxes: [VAT_10] })],
            ...discount,
          }),
          await fixture.invoice(customer, { lines: [line('C', '0.33', { quantity: '3' })] }),
          await fixture.invoice(customer, { status: 'draft', number: null, lines: [line('D', '40')] }),
        ];
        for (const link of crm.map.links.filter(({ policy }) => policy === 'move' || policy === 'copy')) {
          const [first = ''] = sources;
          const id = link.to === 'line' ? ((await fixture.load(first)).lines[0]?.id ?? '') : first;
          await crm.addLink(knex, link.name, id, '7');
          if (link.to === 'invoice') await crm.addLink(knex, link.name, target, link.name === 'tags' ? '7' : '8');
        }
        const before = await hostTables(fixture);
        for (let round = 0; round < 2; round += 1) {
          const mergeId = await merge(fixture, target, sources, how);
          expect(await hostTables(fixture)).not.toEqual(before);
          expect(await undo(fixture, mergeId)).toMatchObject({ status: 200, body: { linksLeft: [] } });
          expect(await hostTables(fixture)).toEqual(before);
        }
      },
    );
  });

  describe('as people do it', () => {
    let fixture: MergingFixture;
    let customer: Id;
    let target: Id;
    let source: Id;
    beforeAll(async () => {
      fixture = await openMerging(await createDatabase(), crmHost());
    });
    beforeEach(async () => {
      customer = await fixture.customer();
      target = await fixture.invoice(customer, { lines: [line('Own', '10')] });
      source = await fixture.invoice(customer, { lines: [line('Brought', '20')] });
    });
    afterAll(() => fixture.close());

    async function refused(mergeId: Id, more: object = {}, how: object = {}): Promise<string[]> {
      const before = await fixture.dump();
      const reply = await undo(fixture, mergeId, more, how);
      expect(reply.status).toBeGreaterThanOrEqual(403);
      expect(await fixture.dump()).toEqual(before);
      return codesOf(reply);
    }

    test('B18 T50 is refused once the invoice is paid or partly paid, with what was paid', async () => {
      const mergeId = await merge(fixture, target, [source], 'cancel');
      await fixture.crm.pay(fixture.knex, target, '5');
      expect(await refused(mergeId)).toEqual(['IM_UNDO_REFUSED', 'partial']);
      await fixture.crm.pay(fixture.knex, target, '31');
      expect(await refused(mergeId)).toEqual(['IM_UNDO_REFUSED', 'paid']);
    });

    test('T51 is refused when the invoice was merged on, or when another merge into it came later', async () => {
      const first = await merge(fixture, target, [source], 'cancel');
      const later = await merge(fixture, target, [await fixture.invoice(customer)], 'cancel');
      expect(await refused(first)).toEqual(['IM_UNDO_REFUSED', 'merged_since']);
      expect((await undo(fixture, later)).status).toBe(200);
      const on = await merge(fixture, await fixture.invoice(customer), [target], 'cancel');
      expect(await refused(first)).toContain('merged_on');
      expect((await undo(fixture, on)).status).toBe(200);
      expect((await undo(fixture, first)).status).toBe(200);
    });

    test('is refused once a carried line was changed, also when somebody said yes to the change', async () => {
      const mergeId = await merge(fixture, target, [source], 'cancel');
      const form = await fixture.formOf(target);
      const [own, brought] = form.lines;
      const spec: InvoiceSpec = { ...form, lines: [own!, { ...brought!, unitPrice: '25' }] };
      await fixture.save({ target, spec, acknowledged: ['carried_lines_changed'] });
      expect(await refused(mergeId)).toEqual(['IM_UNDO_REFUSED', 'lines_changed']);
      // Back at its price the customer was told two prices all the same.
      await fixture.save({ target, spec: form, acknowledged: ['carried_lines_changed'] });
      expect(await refused(mergeId)).toEqual(['IM_UNDO_REFUSED', 'lines_changed']);
    });

    test('T50 is refused for a closed period, a platform’s invoice, and when an id came into other hands', async () => {
      const mergeId = await merge(fixture, target, [source], 'delete');
      const closed = fixture.plugin({ hooks: { lockedUntil: () => '2026-03-31' } });
      expect(await refused(mergeId, {}, { plugin: closed })).toEqual(['IM_UNDO_REFUSED', 'locked']);
      const { knex } = fixture;
      await knex('app_factures').where({ id: target }).update({ transmise: true });
      expect(await refused(mergeId)).toEqual(['IM_UNDO_REFUSED', 'transmitted']);
      await knex('app_factures').where({ id: target }).update({ transmise: false });
      const [row] = await fixture.rows('app_factures', { id: target });
      await knex('app_factures').insert({ ...row, id: source, numero: 'FA-2026-99999' });
      expect(await refused(mergeId)).toEqual(['IM_UNDO_REFUSED', 'id_taken']);
      await knex('app_factures').where({ id: source }).delete();
      expect((await undo(fixture, mergeId)).status).toBe(200);
    });

    test('T50 is refused for a closed period of what was merged alone, which a draft of that time is not', async () => {
      const closed = fixture.plugin({ hooks: { lockedUntil: () => '2026-03-31' } });
      const open = await fixture.invoice(customer, { issueDate: '2026-05-04' });
      const plan = await fixture.invoice(customer, { status: 'draft', number: null, issueDate: '2026-03-02' });
      const ofDraft = await merge(fixture, open, [plan], 'cancel');
      expect((await undo(fixture, ofDraft, {}, { plugin: closed })).status).toBe(200);
      const ofIssued = await merge(fixture, open, [source], 'cancel');
      expect(await refused(ofIssued, {}, { plugin: closed })).toEqual(['IM_UNDO_REFUSED', 'locked']);
    });

    test('is refused once the invoice has another discount than the one that the merge made lines', async () => {
      const discount = { kind: 'percent', value: '10', basis: 'before_tax' } as const;
      const discounted = await fixture.invoice(customer, { lines: [line('Own', '10')], discount });
      const mergeId = await merge(fixture, discounted, [source], 'cancel');
      const form = await fixture.formOf(discounted);
      await fixture.save({ target: discounted, spec: { ...form, discount: { ...discount, value: '5' } } });
      expect(await refused(mergeId)).toEqual(['IM_UNDO_REFUSED', 'discount_changed']);
      await fixture.save({ target: discounted, spec: form });
      expect((await undo(fixture, mergeId)).status).toBe(200);
      expect((await fixture.load(discounted)).total).toBe('10.80');
    });

    test('T50 of an invoice that was sent needs somebody who may undo all merges and says so', async () => {
      const plugin = fixture.plugin({
        authorize: (actor, action) => action !== 'merge.undo' || actor.id === ACTORS.books.id,
      });
      const sam = { actor: ACTORS.sales, plugin };
      const { merge: made } = await fixture.save({ target, sources: [source], actor: ACTORS.sales });
      const mergeId = made?.id ?? '';
      await fixture.knex('app_factures').where({ id: target }).update({ envoyee_le: '2026-11-21 10:00:00' });
      expect(await refused(mergeId, {}, sam)).toEqual(['IM_UNDO_REFUSED', 'sent']);
      expect(await refused(mergeId, { confirmSent: true }, sam)).toEqual(['IM_FORBIDDEN']);
      const bea = { actor: ACTORS.books, plugin };
      expect(await refused(mergeId, {}, bea)).toEqual(['IM_UNDO_REFUSED', 'sent']);
      expect((await undo(fixture, mergeId, { confirmSent: true }, bea)).status).toBe(200);
    });

    test('is the author’s own right while nobody has the invoice yet, and nobody else’s', async () => {
      const plugin = fixture.plugin({ authorize: (_actor, action) => action !== 'merge.undo' });
      const { merge: made } = await fixture.save({ target, sources: [source], actor: ACTORS.sales });
      expect(await refused(made?.id ?? '', {}, { actor: ACTORS.books, plugin })).toEqual(['IM_FORBIDDEN']);
      const { body } = await undo(fixture, made?.id ?? '', {}, { actor: ACTORS.sales, plugin });
      expect(body).toMatchObject({
        merge: { undone: { by: ACTORS.sales, reason: 'Wrong customer address', at: '2026-11-21T10:00:00.000Z' } },
      });
      expect((await fixture.load(source)).status).toBe('unpaid');
      expect(await fixture.merge.paymentTarget(fixture.knex, source)).toEqual({ invoiceId: source, mergedFrom: null });
    });

    test('happens once: of two people at once one does it, the other is told who and when', async () => {
      const mergeId = await merge(fixture, target, [source], 'cancel');
      const replies = await Promise.all([undo(fixture, mergeId), undo(fixture, mergeId)]);
      expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
      const loser = replies.find(({ status }) => status === 409)!;
      expect(codesOf(loser)).toEqual(['IM_ALREADY_UNDONE']);
      expect(loser.body).toMatchObject({ error: { vars: { by: ACTORS.books.name } } });
      expect(await refused('999999')).toEqual(['IM_NOT_FOUND']);
      expect(await refused('1x')).toEqual(['IM_NOT_FOUND']);
    });

    test('leaves what somebody has put elsewhere since where it is, and names it', async () => {
      const { crm, knex } = fixture;
      await crm.addLink(knex, 'expenses', source, 'Train');
      await crm.addLink(knex, 'expenses', source, 'Hotel');
      const mergeId = await merge(fixture, target, [source], 'cancel');
      const other = await fixture.invoice(customer);
      await knex('app_frais').where({ texte: 'Train', facture_id: target }).update({ facture_id: other });
      const { body } = await undo(fixture, mergeId);
      expect(body.linksLeft).toEqual([{ link: 'expenses', from: source, to: target }]);
      const at = async (id: Id) => (await fixture.rows('app_frais', { facture_id: id })).map(({ texte }) => texte);
      expect([await at(other), await at(source), await at(target)]).toEqual([['Train'], ['Hotel'], []]);
    });

    test('keeps what was added to the invoice since: its own lines, a later reminder', async () => {
      const mergeId = await merge(fixture, target, [source], 'cancel');
      const form = await fixture.formOf(target);
      await fixture.save({ target, spec: { ...form, lines: [...form.lines, line('Later', '3')] } });
      await fixture.knex('app_factures').where({ id: target }).update({ relances: 2 });
      expect((await undo(fixture, mergeId)).status).toBe(200);
      const after = await fixture.load(target);
      expect(after.lines.map(({ description }) => description)).toEqual(['Own', 'Later']);
      expect(after).toMatchObject({ total: '15.60', reminderLevel: 2 });
    });

    test('of a merge of an earlier release, which did not write down what became of the target’s discount', async () => {
      const { knex } = fixture;
      const forget = async (mergeId: Id): Promise<void> => {
        const [row] = await fixture.rows('im_merges', { id: mergeId });
        const { target: before, carried } = JSON.parse(row?.discounts as string) as Row;
        await knex('im_merges')
          .where({ id: mergeId })
          .update({ discounts: JSON.stringify({ target: before, carried }) });
      };
      const before = await hostTables(fixture);
      const mergeId = await merge(fixture, target, [source], 'delete');
      await forget(mergeId);
      expect((await fixture.http(`/merges/${mergeId}`)).status).toBe(200);
      expect((await undo(fixture, mergeId)).status).toBe(200);
      expect(await hostTables(fixture)).toEqual(before);

      const discounted = await fixture.invoice(customer, {
        lines: [line('Own', '10')],
        discount: { kind: 'percent', value: '10', basis: 'before_tax' },
      });
      const other = await merge(fixture, discounted, [source], 'cancel');
      await forget(other);
      expect(await refused(other)).toEqual(['IM_UNDO_REFUSED', 'discount_changed']);
    });

    test('bills nothing twice where the host wrote the lines anew without the plugin', async () => {
      const mergeId = await merge(fixture, target, [source], 'cancel');
      const { lines, ...form } = await fixture.formOf(target);
      const anew = lines.map((one) => ({ ...one, id: undefined }));
      await fixture.knex.transaction((trx) => fixture.crm.saveInvoice(trx, target, { ...form, lines: anew }));
      expect(await refused(mergeId)).toEqual(['IM_UNDO_REFUSED', 'lines_changed']);
      // Recognised by the next save that the plugin sees.
      await fixture.save({ target });
      expect((await undo(fixture, mergeId)).status).toBe(200);
      expect((await fixture.load(target)).total).toBe('12.00');
    });

    test('gives no new number that another of the deleted ones comes back with', async () => {
      const { knex } = fixture;
      const second = await fixture.invoice(customer, { lines: [line('Second', '30')] });
      const [first, next] = [await fixture.load(source), await fixture.load(second)];
      const mergeId = await merge(fixture, target, [source, second], 'delete');
      const [row] = await fixture.rows('app_factures', { id: target });
      await knex('app_factures').insert({ ...row, id: 900_000, numero: first.number });
      // As hosts count that go on after the highest number.
      await knex('app_reglages').update({ valeur: '1' });
      const { status, body } = await undo(fixture, mergeId, { numberTaken: 'new_number' });
      expect(status).toBe(200);
      const numbers = (await fixture.rows('app_factures')).flatMap(({ numero }) => numero ?? []);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect((await fixture.load(second)).number).toBe(next.number);
      expect(body.renumbered).toMatchObject([{ invoiceId: source, from: first.number }]);
      await knex('app_factures').where({ id: 900_000 }).delete();
    });

    test('T50 under France and the EU an invoice that was issued is only credited, whoever confirms what', async () => {
      const { knex } = fixture;
      const plan = await fixture.invoice(customer, { status: 'draft', number: null, lines: [line('Draft', '40')] });
      const mergeId = await merge(fixture, target, [plan], 'delete');
      const under = async (preset: string): Promise<void> => {
        await knex('im_settings').delete();
        await knex('im_settings').insert({ name: 'merging', value: JSON.stringify({ preset }), version: 1 });
      };
      for (const preset of ['france', 'eu']) {
        await under(preset);
        expect(await refused(mergeId)).toEqual(['IM_UNDO_REFUSED', 'issued']);
        await knex('app_factures').where({ id: target }).update({ envoyee_le: '2026-11-21 10:00:00' });
        expect(await refused(mergeId, { confirmSent: true })).toEqual(['IM_UNDO_REFUSED', 'issued']);
        await knex('app_factures').where({ id: target }).update({ envoyee_le: null });
      }
      await under('none');
      expect((await undo(fixture, mergeId)).status).toBe(200);
    });

    test('names the deleted invoices that come back, to the host’s beforeUndo and in its answer', async () => {
      const mergeId = await merge(fixture, target, [source], 'delete');
      const told: unknown[] = [];
      const plugin = fixture.plugin({
        hooks: { beforeUndo: (_trx, { sources }) => Promise.resolve(void told.push(...sources)) },
      });
      const { body } = await undo(fixture, mergeId, {}, { plugin });
      expect(body).toMatchObject({ merge: { sources: [{ invoiceId: source }] } });
      expect(told).toMatchObject([{ invoiceId: source }]);
    });

    test('asks the host’s beforeUndo, which may refuse with all rolled back', async () => {
      const mergeId = await merge(fixture, target, [source], 'cancel');
      const plugin = fixture.plugin({
        hooks: { beforeUndo: () => Promise.reject(new Error('not on Sundays')) },
      });
      const before = await fixture.dump();
      expect((await undo(fixture, mergeId, {}, { plugin })).status).toBe(500);
      expect(await fixture.dump()).toEqual(before);
    });

    test.each(['cancel', 'delete'])(
      'is whole or absent, whatever statement of it breaks, settlement %s',
      async (how) => {
        const { crm, knex } = fixture;
        for (const name of ['expenses', 'tags', 'attachments']) await crm.addLink(knex, name, source, name);
        const spy = spyOn(knex);
        const counted = await merge(fixture, target, [source], how);
        spy.reset();
        await undo(fixture, counted);
        const count = spy.statements.length;
        const mergeId = await merge(fixture, target, [source], how);
        const before = await fixture.dump();
        let fired = 0;
        // Every one of them is broken by `npm run test:stress`.
        for (let statement = 1; statement <= count; statement += 5)
          for (const when of ['before', 'after'] as const) {
            spy.reset();
            spy.failAt({ statement, when });
            expect((await undo(fixture, mergeId)).status).toBe(500);
            fired += spy.fired.length;
          }
        expect(await fixture.dump()).toEqual(before);
        console.log(`undo on ${fixture.database.name}, ${how}: ${fired} faults in ${count} statements`);
        expect(fired).toBe(2 * Math.ceil(count / 5));
        spy.reset();
        expect((await undo(fixture, mergeId)).status).toBe(200);
        spy.restore();
      },
    );

    test('property: merge and undo, any invoices, any number of times, and all tables are as before', async () => {
      const amount = fc.integer({ min: 1000, max: 99_999 }).map((cents) => (cents / 100).toFixed(2));
      const invoice = fc.record({
        lines: fc.array(fc.tuple(amount, fc.constantFrom(VAT_20, VAT_10), fc.constantFrom('1', '3', '0.5')), {
          minLength: 1,
          maxLength: 3,
        }),
        discount: fc.constantFrom(null, 'percent' as const, 'amount' as const),
        basis: fc.constantFrom('before_tax' as const, 'after_tax' as const),
        adjustment: fc.constantFrom('0', '-1.25', '0.07'),
        allowance: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(
          invoice,
          fc.array(invoice, { minLength: 1, maxLength: 3 }),
          fc.constantFrom('cancel', 'delete'),
          fc.integer({ min: 1, max: 2 }),
          async (own, others, how, times) => {
            const who = await fixture.customer();
            const specOf = (one: typeof own): Partial<InvoiceSpec> => ({
              lines: one.lines.map(([price, tax, quantity], at) => line(`L${at}`, price, { taxes: [tax], quantity })),
              discount: one.discount && { kind: one.discount, value: '3.5', basis: one.basis },
              adjustment: one.adjustment,
              allowancesCharges: one.allowance ? [{ kind: 'charge', amount: '2.50', reason: 'Port', tax: VAT_20 }] : [],
            });
            const into = await fixture.invoice(who, specOf(own));
            const ids: Id[] = [];
            for (const other of others) ids.push(await fixture.invoice(who, specOf(other)));
            const before = await hostTables(fixture);
            for (let time = 0; time < times; time += 1) await undo(fixture, await merge(fixture, into, ids, how));
            expect(await hostTables(fixture)).toEqual(before);
          },
        ),
        { numRuns: 8 },
      );
    });
  });

  test('a merge into an invoice that a person may not see does not exist', async () => {
    const fixture = await openMerging(await createDatabase(), crmHost());
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const mergeId = await merge(fixture, target, [await fixture.invoice(customer)], 'cancel');
    const plugin = fixture.plugin({ scope: (query, _actor, alias) => void query.whereNot(`${alias}.id`, target) });
    expect(codesOf(await undo(fixture, mergeId, {}, { plugin }))).toEqual(['IM_NOT_FOUND']);
    await fixture.close();
  });
});
