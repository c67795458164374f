/** T31 T35 T36 T49 T52: every act of the host on an invoice in every state that merges leave it in. */
import type { Id } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { line, openMerging, refusal, type MergingFixture } from '../support/merging-fixture';
import { offerAll } from './fault-scenarios';

const ACTS = ['edit', 'pay', 'issue', 'cancel', 'credit', 'reopen', 'delete'] as const;

interface State {
  name: string;
  invoice: Id;
  /** The invoice that every refusal names; null where all acts are free. */
  successor: Id | null;
  /** To delete what replaces others is refused. */
  replaces?: boolean;
}

describe.each(eachDatabase)('guard, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
    await offerAll(fixture);
  });
  afterAll(() => fixture.close());

  async function states(): Promise<State[]> {
    const customer = await fixture.customer();
    const bill = (more = {}) => fixture.invoice(customer, { lines: [line('Work', '10')], ...more });
    const merged = async (target: Id, source: Id, issued = 'cancel') =>
      (await fixture.save({ target, sources: [source], issued })).merge?.id ?? '';
    const [whole, draft, last, before] = [await bill(), await bill({ status: 'draft' }), await bill(), await bill()];
    const sources = { cancel: await bill(), delete: await bill(), credit: await bill() };
    for (const [how, id] of Object.entries(sources)) await merged(whole, id, how);
    const [held, first, middle, undone] = [await bill(), await bill(), await bill(), await bill()];
    await merged(draft, held);
    await merged(middle, first);
    await merged(last, middle, 'delete');
    const { status } = await fixture.http(`/api/merges/${await merged(before, undone)}/undo`, {
      body: { reason: 'Wrong customer' },
    });
    expect(status).toBe(200);
    const of = (name: string, invoice: Id, successor: Id | null = null, replaces = false): State => ({
      ...{ name, invoice, successor, replaces },
    });
    return [
      of('never merged', await bill()),
      of('cancelled by its merge', sources.cancel, whole),
      of('deleted by its merge', sources.delete, whole),
      of('settled by a credit note', sources.credit, whole),
      of('merged into a draft', held, draft),
      of('first of a chain', first, last),
      of('middle of a chain, deleted', middle, last),
      of('replaces three', whole, null, true),
      of('a draft that replaces one', draft, null, true),
      of('end of a chain', last, null, true),
      of('source of an undone merge', undone),
      of('target of an undone merge', before),
    ];
  }

  it('refuses every act on what was merged, names its successor, and lets what stands be changed, but not deleted', async () => {
    const all = await states();
    const rows = await fixture.dump();
    const outcomes: unknown[] = [];
    const expected: unknown[] = [];
    for (const { name, invoice, successor, replaces } of all)
      for (const act of ACTS) {
        const guarded = fixture.merge.transaction(async (trx) => {
          await fixture.merge.guard(trx, invoice, act);
          // What the host would do now; taken back, for the next act.
          throw new Error('free');
        });
        const refused = await refusal(guarded).catch((error: unknown) => (error as Error).message);
        const code = typeof refused === 'string' ? refused : refused.code;
        const names = typeof refused === 'string' ? null : (refused.vars.successorId ?? null);
        outcomes.push([name, act, code, names]);
        const asWhole = replaces && act === 'delete' ? 'IM_HAS_MERGED' : 'free';
        expected.push([name, act, successor === null ? asWhole : 'IM_MERGED', successor]);
      }
    expect(outcomes).toEqual(expected);
    expect(outcomes).toHaveLength(84);
    expect(await fixture.dump()).toEqual(rows);
  });
});
