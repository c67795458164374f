/** What hangs on invoices and on their lines, on a host of Perfex's shape: where it is after a merge, and after its undo. */
import type { Id, Row } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { perfexLikeHost } from '../support/hosts';
import { line, openMerging, refusal, type MergingFixture } from '../support/merging-fixture';

const FOLLOWING = ['tblcustomfieldsvalues', 'tblrelated_items', 'tblnotes', 'tbltaggables', 'tblfiles', 'tblexpenses'];

describe.each(eachDatabase)('what hangs on an invoice, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), perfexLikeHost());
  });
  afterAll(() => fixture.close());

  const fieldsOf = async (fieldto: string, relid: Id): Promise<string[]> =>
    (await fixture.rows('tblcustomfieldsvalues', { fieldto, relid }))
      .map((row) => `${String(row.fieldid)} ${String(row.value)}`)
      .sort();
  const billedBy = async (lineId: Id): Promise<string[]> =>
    (await fixture.rows('tblrelated_items', { item_id: lineId })).map(
      (row) => `${String(row.rel_type)} ${String(row.rel_id)}`,
    );
  const all = async (): Promise<Record<string, Row[]>> => {
    const tables = await fixture.dump();
    return Object.fromEntries(FOLLOWING.map((table) => [table, tables[table] ?? []]));
  };

  it.each(['cancel', 'delete'])(
    'T24 T28 T32 T33 follows by its policy, line by line, and is back after the undo: settled by %s',
    async (settlement) => {
      const { knex, crm } = fixture;
      const customer = await fixture.customer();
      const [target, first, second] = [
        await fixture.invoice(customer, { lines: [line('Own', '10')] }),
        await fixture.invoice(customer, { lines: [line('Tax advice', '100'), line('Travel', '50')] }),
        await fixture.invoice(customer, { lines: [line('Tax advice', '100')] }),
      ];
      const linesOf = async (id: Id): Promise<Id[]> => (await fixture.load(id)).lines.map((one) => one.id);
      const [[advice = '', travel = ''], [other = '']] = [await linesOf(first), await linesOf(second)];

      const field = (fieldto: string, relid: Id, fieldid: number, value: string) => ({
        fieldto,
        relid,
        fieldid,
        value,
      });
      await knex('tblcustomfieldsvalues').insert([
        field('invoice', target, 1, 'of the target'),
        field('invoice', first, 1, 'of the first'),
        field('invoice', first, 2, 'order 4711'),
        field('invoice', second, 2, 'order 4712'),
        field('items', advice, 7, 'lawyer A'),
        field('items', travel, 7, 'lawyer B'),
        field('items', other, 7, 'lawyer C'),
        // An estimate's line of the same id is none of ours.
        field('estimate', advice, 7, 'estimate'),
      ]);
      await knex('tblrelated_items').insert([
        { item_id: advice, rel_type: 'task', rel_id: 31 },
        { item_id: advice, rel_type: 'task', rel_id: 32 },
        { item_id: travel, rel_type: 'expense', rel_id: 33 },
        { item_id: other, rel_type: 'task', rel_id: 34 },
      ]);
      for (const id of [first, first, second])
        for (const link of ['notes', 'files', 'expenses']) await crm.addLink(knex, link, id);
      for (const id of [target, first, second]) await crm.addLink(knex, 'tags', id, '5');
      const before = await all();

      const choice = { target, sources: [first, second], issued: settlement };
      const { merge } = await fixture.save(choice);

      const after = await fixture.load(target);
      const [carriedAdvice = '', carriedTravel = '', carriedOther = ''] = [advice, travel, other].map(
        (id) => after.lines.find((one) => one.sourceLineId === id)?.id,
      );
      // One value a field: the target's own stays, and of two sources the first one's comes.
      expect(await fieldsOf('invoice', target)).toEqual(['1 of the target', '2 order 4711']);
      expect([await fieldsOf('items', carriedAdvice), await fieldsOf('items', carriedTravel)]).toEqual([
        ['7 lawyer A'],
        ['7 lawyer B'],
      ]);
      expect(await fieldsOf('items', carriedOther)).toEqual(['7 lawyer C']);
      expect([await billedBy(carriedAdvice), await billedBy(carriedTravel), await billedBy(carriedOther)]).toEqual([
        ['task 31', 'task 32'],
        ['expense 33'],
        ['task 34'],
      ]);
      for (const [table, column] of [
        ['tblnotes', 'rel_id'],
        ['tblfiles', 'rel_id'],
        ['tblexpenses', 'invoiceid'],
      ] as const)
        expect([table, (await fixture.rows(table, { [column]: target })).length]).toEqual([table, 3]);
      const tagged = await knex('tbltaggables').whereIn('rel_id', [target, first, second]).select('rel_id');
      expect(tagged).toEqual([{ rel_id: Number(target) }]);
      // The source that stays keeps what belongs to it as well.
      expect(await fieldsOf('invoice', first)).toEqual(
        settlement === 'cancel' ? ['1 of the first', '2 order 4711'] : [],
      );

      const undone = await fixture.http(`/api/merges/${merge?.id ?? ''}/undo`, { body: { reason: 'Wrong customer' } });
      expect([undone.status, undone.body.linksLeft]).toEqual([200, []]);
      expect(await all()).toEqual(before);
    },
  );

  it('T32 asks about terms, client note, project, agent and payment modes that differ, and keeps those of the form', async () => {
    const { knex } = fixture;
    const customer = await fixture.customer();
    const [target, source] = [await fixture.invoice(customer), await fixture.invoice(customer)];
    const kept = { clientnote: 'Thanks', terms: '30 days', project_id: 4, sale_agent: 2, allowed_payment_modes: 'a:1' };
    await knex('tblinvoices').where({ id: target }).update(kept);
    await knex('tblinvoices')
      .where({ id: source })
      .update({ ...kept, terms: '60 days', project_id: null, sale_agent: 3 });
    const asked = await refusal(fixture.save({ target, sources: [source] }));
    expect([asked.code, (asked.vars.fields as Row[]).map(({ column, value }) => [column, value])]).toEqual([
      'IM_FIELDS_DIFFER',
      [
        ['terms', '30 days'],
        ['project_id', '4'],
        ['sale_agent', '2'],
      ],
    ]);
    await fixture.save({ target, sources: [source], acknowledged: ['fields_differ'] });
    expect(await fixture.rows('tblinvoices', { id: target })).toMatchObject([kept]);
  });

  it('leaves, and names, what somebody changed or replaced before the undo', async () => {
    const { knex, crm } = fixture;
    const customer = await fixture.customer();
    const [target, source] = [await fixture.invoice(customer), await fixture.invoice(customer)];
    for (const value of ['1', '2']) await crm.addLink(knex, 'customFields', source, value);
    await crm.addLink(knex, 'tags', source, '9');
    const { merge } = await fixture.save({ target, sources: [source] });
    await knex('tblcustomfieldsvalues').where({ relid: target, fieldid: 2 }).update({ value: 'typed since' });
    // Somebody has tagged the cancelled invoice again meanwhile.
    await crm.addLink(knex, 'tags', source, '9');
    const undone = await fixture.http(`/api/merges/${merge?.id ?? ''}/undo`, { body: { reason: 'Wrong customer' } });
    expect(undone.status).toBe(200);
    expect((undone.body.linksLeft as Row[]).map(({ link }) => link).sort()).toEqual(['customFields', 'tags']);
    expect(await fieldsOf('invoice', target)).toEqual(['2 typed since']);
    expect(await fieldsOf('invoice', source)).toEqual(['1 value 1', '2 value 2']);
  });
});
