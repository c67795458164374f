import type { Id, Row } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { ACTORS } from '../support/merging-fixture';
import { hostWith, openNumbers, stretches, type NumbersFixture } from './numbers-fixture';

const SERIES = 'FA-2026-';
const fa = (n: number): string => `FA-2026-${String(n).padStart(5, '0')}`;

describe.each(eachDatabase)('numbers after merges on %s', (_name, createDatabase) => {
  let fixture: NumbersFixture;
  let first = 0;
  const ids = new Map<number, Id>();
  beforeAll(async () => {
    fixture = await openNumbers(await createDatabase(), hostWith({ patterns: ['FA-{yyyy}-{seq:5}'] }));
  });
  /** Five invoices in a row, each time further on. */
  beforeEach(async () => {
    first += 10;
    for (let n = 1; n <= 5; n += 1)
      ids.set(n, await fixture.invoice(fixture.customerId, { number: fa(first + n), issueDate: `2026-03-0${n}` }));
  });
  afterAll(() => fixture.close());

  const idOf = (n: number): Id => ids.get(n) ?? '';
  const numberOf = async (id: Id) => (await fixture.load(id)).number;
  const mine = async () => (await fixture.gaps(SERIES)).filter(({ from }) => from > first && from <= first + 5);
  const undoMerge = (id: string | undefined, more: Row = {}) =>
    fixture.ask(`/merges/${id ?? ''}/undo`, { body: { reason: 'Wrong customer', ...more } });
  const give = (id: Id, number: string) =>
    fixture.ask(`/invoices/${id}/number`, {
      ...{ method: 'PUT', body: { number, reason: 'Fill', confirm: ['issued', 'gap_of_issued', 'date_order'] } },
    });

  test('deleted invoices leave gaps that name the merge, who made it and when; an undo takes the gap and its cause away', async () => {
    const { merge } = await fixture.save({ target: idOf(1), sources: [idOf(2), idOf(3)], issued: 'delete' });
    const [gap] = await mine();
    expect(gap).toMatchObject({
      ...{ from: first + 2, to: first + 3, before: { number: fa(first + 1) }, after: { number: fa(first + 4) } },
      cause: { kind: 'merge', mergeId: merge?.id, by: ACTORS.books, at: merge?.createdAt },
      causes: [{ cause: { documentId: idOf(2) } }, { cause: { documentId: idOf(3) } }],
    });
    expect((await undoMerge(merge?.id)).status).toBe(200);
    expect(await mine()).toEqual([]);
    await fixture.remove(fa(first + 2));
    expect((await mine())[0]?.cause).toBeNull();
  });

  test('an undo finds the number given away: it comes back under the next one, asked, and that is kept', async () => {
    const { merge } = await fixture.save({ target: idOf(1), sources: [idOf(2)], issued: 'delete' });
    expect((await give(idOf(4), fa(first + 2))).status).toBe(200);
    expect((await undoMerge(merge?.id)).body.error).toMatchObject({
      ...{ code: 'IM_UNDO_REFUSED', vars: { refusals: [{ code: 'number_taken' }] } },
    });
    const undone = await undoMerge(merge?.id, { numberTaken: 'new_number' });
    const renumbered = (undone.body.renumbered as { from: string; to: string }[])[0];
    expect([renumbered?.from, await numberOf(idOf(2))]).toEqual([fa(first + 2), renumbered?.to]);
    expect(await fixture.merge.findByNumber(fixture.knex, fa(first + 2))).toEqual([
      { invoiceId: idOf(4), how: 'itself' },
      { invoiceId: idOf(2), how: 'renumbered' },
    ]);
    const { body } = await fixture.ask(`/invoices/${idOf(2)}/number-changes`);
    expect(body.changes).toMatchObject([
      { act: 'give', from: fa(first + 2), to: renumbered?.to, undo: { refusals: [{ code: 'taken' }] } },
    ]);
  });

  test('cancelled with a merge, freed, given, undone: the undo asks for another number', async () => {
    const { merge } = await fixture.save({ target: idOf(1), sources: [idOf(2)], issued: 'cancel' });
    expect(await mine()).toEqual([]);
    expect((await fixture.ask(`/series/${SERIES}/cancelled`)).body.documents).toEqual(
      expect.arrayContaining([
        {
          id: idOf(2),
          number: fa(first + 2),
          date: '2026-03-02',
          mergedInto: { id: idOf(1), number: fa(first + 1), date: '2026-03-01' },
        },
      ]),
    );
    const freed = await fixture.ask('/numbers/free', { body: { invoiceId: idOf(2), reason: 'Never sent' } });
    expect(freed.status).toBe(200);
    expect(stretches(await mine())).toEqual([String(first + 2)]);
    expect(await fixture.merge.findByNumber(fixture.knex, fa(first + 2))).toEqual([
      { invoiceId: idOf(1), how: 'merged' },
    ]);
    await give(idOf(4), fa(first + 2));
    expect((await undoMerge(merge?.id)).status).toBe(422);
    expect((await undoMerge(merge?.id, { numberTaken: 'new_number' })).status).toBe(200);
    expect(await fixture.load(idOf(2))).toMatchObject({
      status: 'unpaid',
      number: expect.stringMatching(/^FA-2026-/) as string,
    });
    expect(await numberOf(idOf(2))).not.toBe(fa(first + 2));
  });

  test('cancelled with a merge, freed, undone: it bears its number again, and the freeing is taken back', async () => {
    const { merge } = await fixture.save({ target: idOf(1), sources: [idOf(2)], issued: 'cancel' });
    const freed = await fixture.ask('/numbers/free', { body: { invoiceId: idOf(2), reason: 'Never sent' } });
    expect(await fixture.merge.numbers.former(fixture.knex, [idOf(2)])).toEqual(new Map([[idOf(2), [fa(first + 2)]]]));
    expect((await undoMerge(merge?.id)).status).toBe(200);
    expect([await numberOf(idOf(2)), await mine()]).toEqual([fa(first + 2), []]);
    const { body } = await fixture.ask(`/invoices/${idOf(2)}/number-changes`);
    expect(body.changes).toMatchObject([
      { act: 'undo', from: null, to: fa(first + 2), actor: ACTORS.books, reason: 'Wrong customer' },
      { id: (freed.body.change as Row).id, act: 'free', undone: { reason: 'Wrong customer' }, undo: null },
    ]);
    expect(await fixture.merge.numbers.former(fixture.knex, [idOf(2)])).toEqual(new Map());
  });

  test('a deletion by the host is known by its guard, and forgotten when it is rolled back', async () => {
    const remove = (fails: boolean) =>
      fixture.merge.transaction(async (trx) => {
        await fixture.merge.guard(trx, idOf(3), 'delete');
        await trx('app_factures')
          .where({ id: idOf(3) })
          .delete();
        if (fails) throw new Error('back');
      });
    await expect(remove(true)).rejects.toThrow('back');
    expect([await mine(), await fixture.rows('im_vacated_numbers', { document_id: idOf(3) })]).toEqual([[], []]);
    await remove(false);
    expect((await mine())[0]).toMatchObject({
      ...{
        from: first + 3,
        to: first + 3,
        cause: { kind: 'deleted', by: null, at: '2026-11-21T10:00:00.000Z', documentId: idOf(3) },
      },
    });
  });

  test('credited invoices keep their number and leave no gap; neither they nor their credit notes are given another', async () => {
    const { body } = await fixture.ask('/settings');
    const issued = { offered: ['cancel', 'delete', 'credit'], default: 'cancel' };
    await fixture.ask('/settings', { method: 'PUT', body: { ...body, issued } });
    const { merge } = await fixture.save({ target: idOf(1), sources: [idOf(2)], issued: 'credit' });
    expect(merge?.sources).toMatchObject([{ settlement: 'credit', number: fa(first + 2) }]);
    expect(await mine()).toEqual([]);
    await fixture.remove(fa(first + 4));
    const refused = await give(idOf(2), fa(first + 4));
    expect(refused.body.error).toMatchObject({
      code: 'IM_NUMBER_REFUSED',
      vars: { refusals: [{ code: 'merged' }, { code: 'credited' }] },
    });
    expect((await fixture.series())['AV-2026-']).toMatchObject({
      type: 'credit_note',
      count: expect.any(Number) as number,
      gaps: 0,
    });
  });
});

describe.each(eachDatabase)('the host’s own next number on %s', (_name, createDatabase) => {
  test('T41 T44 stays above what was deleted, merged away, renumbered or freed, and numbers below it are gaps', async () => {
    const next = { table: 'app_reglages', column: 'valeur', where: { cle: 'prochaine_facture' } };
    const fixture = await openNumbers(await createDatabase(), hostWith({ patterns: ['FA-{yyyy}-{seq:5}'], next }));
    try {
      const { merge } = fixture;
      const take = async () =>
        (await merge.transaction((trx) => merge.numbers.allocate(trx, 'invoice', 1, '2026-03-01')))[0] ?? '';
      const make = async () => fixture.bear(await take(), '2026-03-01');
      const ids = [await make(), await make(), await make(), await make()];
      const setting = async () => (await fixture.rows('app_reglages'))[0]?.valeur;
      expect(await setting()).toBe('5');
      // As some hosts do whenever anything is deleted.
      await merge.transaction(async (trx) => {
        await merge.guard(trx, ids[1] ?? '', 'delete');
        await trx('app_factures').where({ id: ids[1] }).delete();
        await trx('app_reglages').update({ valeur: '4' });
      });
      expect(await take()).toBe(fa(5));
      expect(await setting()).toBe('6');
      const body = { number: fa(2), reason: 'Fill', confirm: ['issued', 'gap_of_issued'] };
      expect((await fixture.ask(`/invoices/${ids[3] ?? ''}/number`, { method: 'PUT', body })).status).toBe(200);
      expect(stretches(await fixture.gaps(SERIES))).toEqual(['4-5']);
      expect(await take()).toBe(fa(6));
      // Set back by hand, it means it: what it will give again is not missing.
      await fixture.knex('app_reglages').update({ valeur: '4' });
      expect((await fixture.series())[SERIES]).toMatchObject({ gaps: 0, next: fa(4), last: fa(3) });
      expect(await take()).toBe(fa(4));
    } finally {
      await fixture.close();
    }
  });
});
