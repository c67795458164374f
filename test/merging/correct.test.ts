import type { Id, Row } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { spyOn } from '../support/fault-injector';
import { crmHost } from '../support/hosts';
import { ACTORS, line, openMerging, VAT_10, type MergingFixture } from '../support/merging-fixture';

const DAY = '2026-11-21';

describe.each(eachDatabase)('correcting a merge on %s', (_database, createDatabase) => {
  let fixture: MergingFixture;
  let target: Id;
  let sources: Id[];
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  beforeEach(async () => {
    const customer = await fixture.customer();
    target = await fixture.invoice(customer, { lines: [line('Own', '10')] });
    sources = [
      await fixture.invoice(customer, { lines: [line('A', '20'), line('A2', '5', { taxes: [VAT_10] })] }),
      await fixture.invoice(customer, { lines: [line('B', '30')] }),
    ];
  });
  afterAll(() => fixture.close());

  /** Merged and sent: what was sent is not taken back in silence. */
  async function mergedAndSent(): Promise<Id> {
    const { merge } = await fixture.save({ target, sources });
    await fixture
      .knex('app_factures')
      .where({ id: target })
      .update({ envoyee_le: `${DAY} 10:00:00` });
    return merge?.id ?? '';
  }
  const correct = (mergeId: Id, how: object = {}) =>
    fixture.http(`/api/merges/${mergeId}/correct`, { body: { reason: 'Two sites, two orders' }, ...how });
  const codesOf = ({ body }: { body: Record<string, unknown> }): string[] => {
    const { error } = body as { error?: { code: string; vars: { refusals?: { code: string }[] } } };
    return error ? [error.code, ...(error.vars.refusals ?? []).map(({ code }) => code)] : [];
  };

  test('B18 credits the invoice and opens a draft for each part of it, with lines, links and the same sum', async () => {
    await fixture.crm.addLink(fixture.knex, 'expenses', sources[0] ?? '', 'Train');
    const mergeId = await mergedAndSent();
    const before = await fixture.load(target);
    const { status, body } = await correct(mergeId);
    expect(status).toBe(200);
    const { corrected } = (body as { merge: { corrected: { drafts: { sourceId: Id | null; invoiceId: Id }[] } & Row } })
      .merge;
    expect(corrected).toMatchObject({ by: ACTORS.books, reason: 'Two sites, two orders' });
    const drafts = await Promise.all(corrected.drafts.map(({ invoiceId }) => fixture.load(invoiceId)));
    expect(drafts.map(({ status, number, issueDate }) => [status, number, issueDate])).toEqual(
      Array(3).fill(['draft', null, DAY]),
    );
    expect(corrected.drafts.map(({ sourceId }) => sourceId)).toEqual([...sources, null]);
    expect(drafts.map(({ lines }) => lines.map(({ description }) => description))).toEqual([
      ['A', 'A2'],
      ['B'],
      ['Own'],
    ]);
    expect(drafts.map(({ total }) => total)).toEqual(['29.50', '36.00', '12.00']);
    // Credited in full, and what it replaced stays settled.
    const after = await fixture.load(target);
    expect([after.credited || after.credits.count > 0, after.total]).toEqual([true, before.total]);
    expect((await fixture.load(sources[0] ?? '')).status).toBe('cancelled');
    const [note] = await fixture.rows('app_avoirs', { facture_id: target });
    expect(note).toMatchObject({ numero: (corrected.creditNote as { number: string }).number });
    const expenses = await fixture.rows('app_frais', { texte: 'Train' });
    expect(expenses.map(({ facture_id }) => String(facture_id))).toEqual([drafts[0]?.id]);
    // Once: neither again nor undone.
    expect(codesOf(await correct(mergeId))).toEqual(['IM_ALREADY_CORRECTED']);
    expect(codesOf(await fixture.http(`/api/merges/${mergeId}/undo`, { body: { reason: 'x' } }))).toEqual([
      'IM_ALREADY_CORRECTED',
    ]);
    // Nobody is told any more that it replaces the others.
    const told = { key: 'told-once-more-0001', how: 'marked', locale: 'fr' };
    expect((await fixture.http(`/api/merges/${mergeId}/tell`, { body: told })).status).toBe(404);
  });

  test('takes every merge into the invoice apart, whichever of them is corrected', async () => {
    const [first = '', second = ''] = sources;
    const { merge: earlier } = await fixture.save({ target, sources: [first] });
    const { merge: later } = await fixture.save({ target, sources: [second] });
    await fixture
      .knex('app_factures')
      .where({ id: target })
      .update({ envoyee_le: `${DAY} 10:00:00` });
    const corrected = async (mergeId = ''): Promise<Row[]> => {
      const { body } = await fixture.http(`/api/merges/${mergeId}`);
      return (body as { merge: { corrected: { drafts: Row[] } | null } }).merge.corrected?.drafts ?? [];
    };
    expect((await correct(later?.id ?? '')).status).toBe(200);
    const note = await fixture.rows('app_avoirs', { facture_id: target });
    expect(note).toHaveLength(1);
    expect((await corrected(later?.id)).map(({ sourceId }) => sourceId)).toContain(second);
    expect((await corrected(earlier?.id)).map(({ sourceId }) => sourceId)).toContain(first);
    expect(codesOf(await correct(earlier?.id ?? ''))).toEqual(['IM_ALREADY_CORRECTED']);
    const { customerId } = await fixture.load(target);
    const rows = await fixture.rows('app_factures', { client_id: customerId, statut: 'brouillon' });
    const drafts = await Promise.all(rows.map(({ id }) => fixture.load(String(id))));
    expect(drafts.map(({ total }) => total).sort()).toEqual(['12.00', '29.50', '36.00']);
  });

  test('of a draft is refused: there is nothing to credit', async () => {
    const [first = ''] = sources;
    const draft = await fixture.invoice((await fixture.load(target)).customerId, {
      ...{ status: 'draft', number: null, lines: [line('Own', '10')] },
    });
    const { merge } = await fixture.save({ target: draft, sources: [first], acknowledged: ['draft_target'] });
    const form = await fixture.formOf(draft);
    const [own, brought] = form.lines;
    const spec = { ...form, lines: [own!, { ...brought!, unitPrice: '25' }] };
    await fixture.save({ target: draft, spec, acknowledged: ['carried_lines_changed'] });
    const before = await fixture.dump();
    expect(codesOf(await correct(merge?.id ?? ''))).toEqual(['IM_CORRECT_REFUSED', 'draft']);
    expect(await fixture.dump()).toEqual(before);
  });

  test('is refused while the merge can be undone, once it is paid, when today is closed, and to whoever may not', async () => {
    const { merge } = await fixture.save({ target, sources });
    const mergeId = merge?.id ?? '';
    expect(codesOf(await correct(mergeId))).toEqual(['IM_CORRECT_REFUSED', 'undo_instead']);
    await fixture
      .knex('app_factures')
      .where({ id: target })
      .update({ envoyee_le: `${DAY} 10:00:00` });
    const before = await fixture.dump();
    const closed = fixture.plugin({ hooks: { lockedUntil: () => DAY } });
    expect(codesOf(await correct(mergeId, { plugin: closed }))).toEqual(['IM_CORRECT_REFUSED', 'today_locked']);
    const sales = fixture.plugin({ authorize: (_actor, action) => action !== 'merge.undo' });
    expect(codesOf(await correct(mergeId, { plugin: sales }))).toEqual(['IM_FORBIDDEN']);
    expect(await fixture.dump()).toEqual(before);
    await fixture.crm.pay(fixture.knex, target, '5');
    expect(codesOf(await correct(mergeId))).toEqual(['IM_CORRECT_REFUSED', 'partial']);
  });

  test('is whole or absent, whatever statement of it breaks', async () => {
    const spy = spyOn(fixture.knex);
    const mergeId = await mergedAndSent();
    const before = await fixture.dump();
    let fired = 0;
    for (let statement = 1; ; statement += 5) {
      spy.reset();
      spy.failAt({ statement, when: statement % 2 ? 'after' : 'before' });
      const { status } = await correct(mergeId);
      if (spy.fired.length === 0) break;
      expect([statement, status]).toEqual([statement, 500]);
      fired += 1;
      if (fired % 4 === 0) expect(await fixture.dump()).toEqual(before);
    }
    spy.restore();
    expect(fired).toBeGreaterThan(8);
    // The last of them met no fault, and went through.
    expect(codesOf(await correct(mergeId))).toEqual(['IM_ALREADY_CORRECTED']);
  });

  test('happens once: of two people at once one does it, the other is told', async () => {
    const mergeId = await mergedAndSent();
    const replies = await Promise.all([correct(mergeId), correct(mergeId)]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await fixture.rows('app_avoirs', { facture_id: target })).toHaveLength(1);
  });
});
