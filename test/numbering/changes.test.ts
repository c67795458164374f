import type { Id, Row, Trx } from '../../plugin/host/contract';
import type { FreeNumbers, Gap, NumberChangeNow, Taker } from '../../plugin/numbering/contract';
import { eachDatabase } from '../support/databases';
import { ACTORS, hiding, refusal } from '../support/merging-fixture';
import { hostWith, openNumbers, stretches, type NumbersFixture } from './numbers-fixture';

const SERIES = 'FA-2026-';
const fa = (n: number): string => `FA-2026-${String(n).padStart(5, '0')}`;
/** One day later for each number. */
const dayOf = (n: number): string => `2026-03-${String(n).padStart(2, '0')}`;

describe.each(eachDatabase)('numbers by hand on %s', (_name, createDatabase) => {
  let fixture: NumbersFixture;
  const ids = new Map<number, Id>();
  beforeAll(async () => {
    fixture = await openNumbers(await createDatabase(), hostWith({ patterns: ['FA-{yyyy}-{seq:5}', 'F{seq}'] }));
  });
  /** Numbers 1 to 10, without 4, 5 and 8. */
  beforeEach(async () => {
    await fixture.knex('app_factures').delete();
    for (const table of [
      'series',
      'claimed_numbers',
      'number_changes',
      'explained_gaps',
      'vacated_numbers',
      'settings',
    ])
      await fixture.knex(`im_${table}`).delete();
    for (const n of [1, 2, 3, 6, 7, 9, 10]) ids.set(n, await fixture.bear(fa(n), dayOf(n)));
  });
  afterAll(() => fixture.close());

  const idOf = (n: number): Id => ids.get(n) ?? '';
  const give = (id: Id, number: string, more: Row = {}) =>
    fixture.ask(`/invoices/${id}/number`, { method: 'PUT', body: { number, reason: '', ...more } });
  const givenWith = (id: Id, number: string, ...confirm: string[]) =>
    give(id, number, { confirm, reason: 'Filled the hole' });
  const free = (id: Id, reason = 'Never sent') => fixture.ask('/numbers/free', { body: { invoiceId: id, reason } });
  const undo = (id: unknown, reason = 'A mistake') =>
    fixture.ask(`/number-changes/${String(id)}/undo`, { body: { reason } });
  const codeOf = ({ status, body }: { status: number; body: Row }) => {
    const { code, vars } = (body.error ?? {}) as { code?: string; vars?: Row };
    const list = [vars?.refusals, vars?.questions].flatMap((one) => (one as { code: string }[] | undefined) ?? []);
    return [status, code, ...list.map((one) => one.code)];
  };
  const changeOf = ({ body }: { body: Row }) => body.change as NumberChangeNow;
  const numberOf = async (id: Id) => (await fixture.load(id)).number;
  const gaps = () => fixture.gaps(SERIES);
  const settings = async (more: Row) => {
    const { body } = await fixture.ask('/settings');
    await fixture.ask('/settings', { method: 'PUT', body: { ...body, ...more } });
  };
  const cancel = (id: Id) => fixture.knex('app_factures').where({ id }).update({ statut: 'annulee' });

  describe('giving', () => {
    test('a missing number to a draft asks nothing; the gap is smaller, and who, when, old and new are kept', async () => {
      const draft = await fixture.bear('', dayOf(4), { statut: 'brouillon', numero: null });
      const done = await give(draft, fa(4));
      expect([done.status, await numberOf(draft)]).toEqual([200, fa(4)]);
      expect(stretches(await gaps())).toEqual(['5', '8']);
      const { body } = await fixture.ask(`/invoices/${draft}/number-changes`);
      expect(body.changes).toEqual([
        {
          ...{ id: changeOf(done).id, act: 'give', type: 'invoice', documentId: draft, series: SERIES, from: null },
          ...{ to: fa(4), actor: ACTORS.books, at: '2026-11-21T10:00:00.000Z', reason: '', confirmed: [] },
          ...{ undone: null, undo: { refusals: [] } },
        },
      ]);
      const [log] = await fixture.rows('im_claimed_numbers');
      expect([log?.series, Number(log?.sequence), String(log?.document_id)]).toEqual([SERIES, 4, draft]);
    });

    test('an issued invoice asks, and leaves its own number as a gap that says what it bears now', async () => {
      const asked = await give(idOf(9), fa(8));
      expect(codeOf(asked)).toEqual([422, 'IM_NUMBER_QUESTIONS', 'issued']);
      expect(codeOf(await give(idOf(9), fa(8), { confirm: ['issued'] }))).toEqual([422, 'IM_REASON_REQUIRED']);
      expect(await numberOf(idOf(9))).toBe(fa(9));
      const done = await givenWith(idOf(9), fa(8), 'issued');
      expect([done.status, changeOf(done).from, changeOf(done).confirmed]).toEqual([200, fa(9), ['issued']]);
      expect(stretches(await gaps())).toEqual(['4-5', '9']);
      expect((await gaps())[1]).toMatchObject({
        cause: {
          kind: 'renumbered',
          newNumber: fa(8),
          by: ACTORS.books,
          documentId: idOf(9),
          reason: 'Filled the hole',
        },
      });
      expect(await fixture.merge.findByNumber(fixture.knex, fa(9))).toEqual([
        { invoiceId: idOf(9), how: 'renumbered' },
      ]);
      expect([...(await fixture.merge.numbers.former(fixture.knex, [idOf(9), idOf(1)]))]).toEqual([[idOf(9), [fa(9)]]]);
    });

    test('asks where dates would be out of order, where it was sent, and where an issued invoice bore the number', async () => {
      await fixture.merge.transaction((trx) => fixture.merge.guard(trx, idOf(3), 'delete'));
      await fixture.remove(fa(3));
      await fixture
        .knex('app_factures')
        .where({ id: idOf(10) })
        .update({ envoyee_le: '2026-03-11 10:00:00' });
      const asked = await give(idOf(10), fa(3));
      expect(codeOf(asked)).toEqual([422, 'IM_NUMBER_QUESTIONS', 'date_order', 'issued', 'sent', 'gap_of_issued']);
      const { vars } = asked.body.error as { vars: { questions: { vars: Row }[] } };
      expect(vars.questions[0]?.vars).toMatchObject({ after: { number: fa(6), date: dayOf(6) } });
      // It is its own neighbour: the one behind it counts.
      await fixture
        .knex('app_factures')
        .where({ id: idOf(6) })
        .update({ emise_le: '2026-03-09' });
      expect(codeOf(await give(idOf(6), fa(5)))).toEqual([422, 'IM_NUMBER_QUESTIONS', 'date_order', 'issued']);
    });

    test('is refused for what is taken, of another series, not written so, not given yet, and for what it bears', async () => {
      const taken = await givenWith(idOf(9), fa(7), 'issued');
      expect(codeOf(taken)).toEqual([409, 'IM_NUMBER_TAKEN']);
      expect((taken.body.error as { vars: Row }).vars).toMatchObject({ document: { id: idOf(7), number: fa(7) } });
      for (const [number, code] of [
        ['F3', 'other_series'],
        ['FA-2025-00004', 'other_series'],
        ['FA-2026-4', 'format'],
        ['FA-2026-0000x', 'format'],
        ['4', 'format'],
        [fa(11), 'beyond'],
        [fa(9), 'same'],
      ] as const)
        expect([number, codeOf(await givenWith(idOf(9), number))]).toEqual([number, [422, 'IM_NUMBER_REFUSED', code]]);
      expect(stretches(await gaps())).toEqual(['4-5', '8']);
    });

    test('is refused for invoices that are cancelled, credited, transmitted, in a closed period', async () => {
      await cancel(idOf(9));
      expect(codeOf(await give(idOf(9), fa(8)))).toEqual([422, 'IM_NUMBER_REFUSED', 'cancelled']);
      await fixture
        .knex('app_factures')
        .where({ id: idOf(10) })
        .update({ statut: 'avoir', transmise: 1 });
      expect(codeOf(await give(idOf(10), fa(8)))).toEqual([422, 'IM_NUMBER_REFUSED', 'credited', 'transmitted']);
      await settings({ lockedUntil: dayOf(7) });
      expect(codeOf(await give(idOf(7), fa(8)))).toEqual([422, 'IM_NUMBER_REFUSED', 'locked']);
      const { body } = await fixture.ask(`/invoices/${idOf(7)}/free-numbers`);
      expect(body).toMatchObject({ refusals: [{ code: 'locked', vars: { lockedUntil: dayOf(7) } }], free: [] });
    });

    test('follows the settings: switched off, a reason under EU, why it breaks the chronology under France', async () => {
      const draft = await fixture.bear('', dayOf(4), { statut: 'brouillon', numero: null });
      await settings({ preset: 'eu' });
      expect(codeOf(await give(draft, fa(4)))).toEqual([422, 'IM_NUMBER_QUESTIONS', 'reason']);
      await settings({ preset: 'france' });
      expect(codeOf(await give(draft, fa(4)))).toEqual([422, 'IM_NUMBER_QUESTIONS', 'chronology']);
      expect((await givenWith(draft, fa(4), 'chronology')).status).toBe(200);
      await settings({ preset: 'none', numbers: { fillGaps: false, freeCancelled: false } });
      expect(codeOf(await give(draft, fa(5)))).toEqual([422, 'IM_NUMBER_REFUSED', 'switched_off']);
    });

    test('needs numbers.adjust, and an invoice in sight', async () => {
      const strict = fixture.plugin({ authorize: (_actor, action) => action !== 'numbers.adjust' });
      const body = { number: fa(8), reason: '' };
      expect(
        (await fixture.http(`/api/invoices/${idOf(9)}/number`, { method: 'PUT', body, plugin: strict })).status,
      ).toBe(403);
      const blind = fixture.plugin({ scope: hiding(fixture.crm, [idOf(9)]) });
      expect(
        (await fixture.http(`/api/invoices/${idOf(9)}/number`, { method: 'PUT', body, plugin: blind })).status,
      ).toBe(404);
      const gap = ((await fixture.http(`/api/series/${SERIES}/gaps`, { plugin: blind })).body.gaps as Gap[])[1];
      expect(gap).toMatchObject({ before: { id: idOf(7) }, after: { id: null, number: fa(9), date: dayOf(9) } });
    });

    test('is offered with the numbers nearest to its date first, and what each would ask', async () => {
      const draft = await fixture.bear('', dayOf(8), { statut: 'brouillon', numero: null });
      const { body } = await fixture.ask(`/invoices/${draft}/free-numbers`);
      const { free: offered, series } = body as unknown as FreeNumbers;
      expect([series, offered.map(({ number }) => number)]).toEqual([SERIES, [fa(8), fa(4), fa(5)]]);
      expect(offered[0]).toMatchObject({
        ...{ before: { number: fa(7), date: dayOf(7) }, after: { number: fa(9), date: dayOf(9) }, questions: [] },
      });
      expect(offered[1]).toMatchObject({ questions: [{ code: 'date_order', vars: { after: { number: fa(6) } } }] });
      await fixture.bear(fa(60), dayOf(28));
      const more = (await fixture.ask(`/invoices/${draft}/free-numbers`)).body as unknown as FreeNumbers;
      expect(more.free).toHaveLength(20);
    });

    test('is offered, of a number, to invoices nearest in date: of the series, or without a number', async () => {
      const draft = await fixture.bear('', dayOf(8), { statut: 'brouillon', numero: null });
      await cancel(idOf(7));
      const other = await fixture.bear('F7', dayOf(8));
      const takers = await takersOf(8);
      expect(takers.map(({ id }) => id)).toEqual([draft, idOf(9), idOf(10), idOf(6), idOf(3), idOf(2), idOf(1)]);
      expect(takers.map(({ id }) => id)).not.toContain(other);
      expect(takers[0]).toMatchObject({ number: null, customer: 'Customer 1', questions: [] });
      expect((await takersOf(8, '00010')).map(({ id }) => id)).toEqual([idOf(10)]);
      expect(await takersOf(8, 'nobody')).toEqual([]);
      expect(await takersOf(9)).toEqual([]);
    });
    const takersOf = async (sequence: number, search = ''): Promise<Taker[]> =>
      (await fixture.ask(`/series/${SERIES}/takers?sequence=${sequence}&q=${search}`)).body.takers as Taker[];
  });

  describe('freeing', () => {
    test('takes the number of a cancelled invoice with a reason: a gap that says so, searchable, given to another', async () => {
      expect(codeOf(await free(idOf(6)))).toEqual([422, 'IM_NUMBER_REFUSED', 'not_cancelled']);
      await cancel(idOf(6));
      for (const nothing of [' ', '\u200b', '\u00a0\u2800'])
        expect(codeOf(await free(idOf(6), nothing))).toEqual([422, 'IM_REASON_REQUIRED']);
      const done = await free(idOf(6));
      expect([done.status, await numberOf(idOf(6)), changeOf(done)]).toEqual([
        200,
        null,
        expect.objectContaining({ act: 'free', from: fa(6), to: null, reason: 'Never sent' }),
      ]);
      expect(stretches(await gaps())).toEqual(['4-6', '8']);
      expect((await gaps())[0]?.causes).toMatchObject([{ sequence: 6, cause: { kind: 'freed', by: ACTORS.books } }]);
      expect(codeOf(await free(idOf(6)))).toEqual([422, 'IM_NUMBER_REFUSED', 'no_number']);
      expect((await givenWith(idOf(7), fa(6), 'issued', 'gap_of_issued')).status).toBe(200);
      expect(await fixture.merge.findByNumber(fixture.knex, fa(6))).toEqual([
        { invoiceId: idOf(7), how: 'itself' },
        { invoiceId: idOf(6), how: 'renumbered' },
      ]);
      expect(codeOf(await undo(changeOf(done).id))).toEqual([422, 'IM_NUMBER_REFUSED', 'taken']);
    });

    test.each([
      ['france', 'france'],
      ['eu', 'eu'],
    ])('is never offered under %s, which is said', async (preset, code) => {
      await cancel(idOf(6));
      await settings({ preset });
      expect(codeOf(await free(idOf(6)))).toEqual([422, 'IM_NUMBER_REFUSED', code]);
      const { body } = await fixture.ask(`/invoices/${idOf(6)}/free-numbers`);
      expect(body.freeing).toMatchObject({ refusals: [{ code }] });
    });

    test('says where the host’s column takes no empty number', async () => {
      await cancel(idOf(6));
      const host = { ...fixture.crm.host, updateInvoice: (trx: Trx) => trx('im_number_changes').insert({}) as never };
      const plugin = fixture.plugin({ host });
      const body = { invoiceId: idOf(6), reason: 'Never sent' };
      expect(codeOf(await fixture.http('/api/numbers/free', { body, plugin }))).toEqual([
        ...[422, 'IM_NUMBER_REFUSED', 'number_required'],
      ]);
    });
  });

  describe('taking back', () => {
    test('a given number returns the old one, once, with a reason; what was known of the gap is known again', async () => {
      await fixture.merge.transaction((trx) => fixture.merge.guard(trx, idOf(7), 'delete'));
      await fixture.remove(fa(7));
      const { id } = changeOf(await givenWith(idOf(9), fa(7), 'issued', 'gap_of_issued'));
      expect(codeOf(await undo(id, ''))).toEqual([422, 'IM_REASON_REQUIRED']);
      expect((await undo(id)).status).toBe(200);
      expect(await numberOf(idOf(9))).toBe(fa(9));
      expect((await gaps())[1]).toMatchObject({
        from: 7,
        to: 8,
        causes: [{ sequence: 7, cause: { kind: 'deleted', by: null } }],
      });
      expect(codeOf(await undo(id))).toEqual([409, 'IM_NUMBER_UNDONE']);
      const { body } = await fixture.ask(`/invoices/${idOf(9)}/number-changes`);
      expect(body.changes).toMatchObject([
        { act: 'undo', from: fa(7), to: fa(9), reason: 'A mistake', undo: null },
        { act: 'give', undone: { by: ACTORS.books, reason: 'A mistake' }, undo: null },
      ]);
      expect(await fixture.merge.findByNumber(fixture.knex, fa(7))).toEqual([]);
    });

    test('is refused once the invoice bears another number, and for what is no change', async () => {
      const { id } = changeOf(await givenWith(idOf(9), fa(8), 'issued'));
      await givenWith(idOf(9), fa(5), 'issued', 'date_order');
      expect(codeOf(await undo(id))).toEqual([422, 'IM_NUMBER_REFUSED', 'changed_since']);
      expect(codeOf(await undo('999'))).toEqual([404, 'IM_NOT_FOUND']);
      expect(codeOf(await undo('x1'))).toEqual([404, 'IM_NOT_FOUND']);
    });
  });

  describe('explaining', () => {
    const explain = (from: number, to: number, reason = 'Lost in the move', method?: 'DELETE') =>
      fixture.ask(`/series/${SERIES}/gaps/explain`, { body: { from, to, reason }, ...(method && { method }) });

    test('a gap in writing shows who and why, counts it, and can be withdrawn with a reason', async () => {
      expect((await explain(4, 5)).status).toBe(201);
      expect((await gaps())[0]?.explained).toEqual({
        ...{ from: 4, to: 5, reason: 'Lost in the move', by: ACTORS.books, at: '2026-11-21T10:00:00.000Z' },
      });
      expect((await fixture.series())[SERIES]).toMatchObject({ gaps: 2, missing: 3, explained: 2 });
      expect(codeOf(await explain(5, 5))).toEqual([409, 'IM_GAP_EXPLAINED']);
      expect(codeOf(await explain(4, 5, ' ', 'DELETE'))).toEqual([422, 'IM_REASON_REQUIRED']);
      expect((await explain(4, 4, 'Found', 'DELETE')).status).toBe(200);
      expect((await gaps())[0]).toMatchObject({ explained: null, explanations: [] });
      expect(codeOf(await explain(4, 5, 'Found', 'DELETE'))).toEqual([404, 'IM_NOT_FOUND']);
      const [kept] = await fixture.rows('im_explained_gaps');
      expect(kept).toMatchObject({ withdrawn_reason: 'Found', withdrawn_by_name: ACTORS.books.name });
    });

    test('a part of a gap leaves the rest unexplained; a filled number needs no explanation any more', async () => {
      await explain(4, 4);
      expect((await gaps())[0]).toMatchObject({ from: 4, to: 5, explained: null, explanations: [{ from: 4, to: 4 }] });
      await explain(5, 5);
      await givenWith(idOf(6), fa(5), 'issued');
      expect(stretches(await gaps())).toEqual(['4', '6', '8']);
      expect((await fixture.series())[SERIES]).toMatchObject({ missing: 3, explained: 1 });
    });

    test('is refused for what is borne, outside the series, upside down, or without a reason', async () => {
      expect(codeOf(await explain(3, 4))).toEqual([409, 'IM_NOT_A_GAP']);
      for (const [from, to] of [
        [11, 12],
        [0, 1],
        [5, 4],
      ] as const)
        expect([from, codeOf(await explain(from, to))]).toEqual([from, [409, 'IM_NOT_A_GAP']]);
      expect(codeOf(await explain(4, 5, ''))).toEqual([422, 'IM_REASON_REQUIRED']);
    });

    test('is in the auditor’s file, with a row for each cause and explanation', async () => {
      await fixture.merge.transaction((trx) => fixture.merge.guard(trx, idOf(3), 'delete'));
      await fixture.remove(fa(3));
      await explain(5, 5, '=Lost');
      const { body } = await fixture.ask(`/series/${SERIES}/gaps/export.csv`);
      const [header = '', ...rows] = String(body.html).replace('\ufeff', '').trim().split('\r\n');
      expect(header.split(';').slice(0, 4)).toEqual(['Série', 'Du numéro', 'Au numéro', 'Numéros manquants']);
      expect(rows.map((row) => row.split(';'))).toEqual([
        [SERIES, fa(3), fa(3), '1', fa(2), dayOf(2), fa(6), dayOf(6), 'Supprimée', '2026-11-21 11:00', '', '', '', ''],
        [SERIES, fa(4), fa(4), '1', fa(2), dayOf(2), fa(6), dayOf(6), 'Inconnue', '', '', '', '', ''],
        [
          SERIES,
          fa(5),
          fa(5),
          '1',
          fa(2),
          dayOf(2),
          fa(6),
          dayOf(6),
          'Inconnue',
          '',
          '',
          "'=Lost",
          '2026-11-21 11:00',
          ACTORS.books.name,
        ],
        [SERIES, fa(8), fa(8), '1', fa(7), dayOf(7), fa(9), dayOf(9), 'Inconnue', '', '', '', '', ''],
      ]);
    });
  });

  test('the strip shows filled, cancelled, missing and explained numbers of a thousand', async () => {
    await cancel(idOf(2));
    await fixture.bear(fa(2500), dayOf(28));
    await fixture.ask(`/series/${SERIES}/gaps/explain`, { body: { from: 8, to: 8, reason: 'Lost' } });
    const strip = async (page: string) => (await fixture.ask(`/series/${SERIES}/strip${page}`)).body;
    expect(await strip('?page=1')).toEqual({
      ...{ series: SERIES, from: 1, to: 1000, page: 1, pages: 3 },
      runs: [
        { from: 1, to: 1, kind: 'filled' },
        { from: 2, to: 2, kind: 'cancelled' },
        { from: 3, to: 3, kind: 'filled' },
        { from: 4, to: 5, kind: 'gap' },
        { from: 6, to: 7, kind: 'filled' },
        { from: 8, to: 8, kind: 'explained' },
        { from: 9, to: 10, kind: 'filled' },
        { from: 11, to: 1000, kind: 'gap' },
      ],
    });
    expect(await strip('')).toMatchObject({ from: 2001, to: 2500, page: 3, runs: [{ to: 2499 }, { from: 2500 }] });
    expect((await fixture.ask(`/series/${SERIES}/cancelled`)).body).toMatchObject({
      ...{ documents: [{ id: idOf(2), number: fa(2), mergedInto: null }], page: 1, pages: 1, total: 1 },
    });
  });

  test('a number that was given and that no document bears is missing, since when it was given', async () => {
    const take = () => fixture.merge.transaction((trx) => fixture.merge.numbers.allocate(trx, 'invoice', 2, dayOf(20)));
    expect(await take()).toEqual([fa(11), fa(12)]);
    const [, , last] = await gaps();
    expect(last).toMatchObject({
      from: 11,
      to: 12,
      before: { number: fa(10) },
      after: null,
      cause: { kind: 'given', by: null },
    });
    const draft = await fixture.bear('', dayOf(21), { statut: 'brouillon', numero: null });
    expect((await give(draft, fa(12))).status).toBe(200);
    expect(await take()).toEqual([fa(13), fa(14)]);
  });

  test('numbers can be given by whoever writes a transaction of their own: a guard of another kind leaves no cause', async () => {
    await fixture.merge.transaction((trx) => fixture.merge.guard(trx, idOf(3), 'cancel'));
    expect(await fixture.rows('im_vacated_numbers')).toEqual([]);
    expect((await refusal(fixture.merge.numbers.allocate(fixture.knex as never, 'invoice', 1, dayOf(1)))).code).toBe(
      'IM_TRX_REQUIRED',
    );
  });
});
