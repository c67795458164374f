/** Acts that are broken at each of their statements, each with all that its settlement touches. */
import { InjectedFault, spyOn, type Fault, type StatementSpy } from '../support/fault-injector';
import type { Id } from '../../plugin/host/contract';
import { line, VAT_10, type MergingFixture, type Save } from '../support/merging-fixture';

export type Settled = 'cancel' | 'delete' | 'credit';

export interface Breakable {
  /** Does the act; may be called again after it was broken. @throws what broke it */
  attempt(): Promise<unknown>;
  target: Id;
  sources: Id[];
}

/** What the settings must be for `how` to be offered. */
export async function offerAll(fixture: MergingFixture): Promise<void> {
  const value = { issued: { offered: ['cancel', 'delete', 'credit'], default: 'cancel' } };
  await fixture.knex('im_settings').insert({ name: 'merging', value: JSON.stringify(value), version: 1 });
}

/** A target at a discount, two issued sources and a draft, with rows of every policy that the settlement allows. */
export async function merging(fixture: MergingFixture, how: Settled): Promise<Breakable & { save: Save }> {
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
  if (how === 'cancel') await crm.addLink(knex, 'subscriptions', first, 'monthly');
  const versions = await crm.host.loadInvoices(knex, [target, ...sources]);
  const save: Save = {
    target,
    spec: await fixture.formOf(target),
    sources: versions.slice(1).map(({ id, version }) => ({ id, version })),
    targetVersion: versions[0]?.version,
    issued: how,
    draft: how === 'credit' ? 'delete' : how,
    key: `whole-or-nothing-${target}`,
    body: { _csrf: 'same' },
  };
  return { save, target, sources, attempt: () => fixture.save(save) };
}

/** The undo of such a merge. */
export async function undoing(fixture: MergingFixture, how: 'cancel' | 'delete'): Promise<Breakable> {
  const { save, target, sources } = await merging(fixture, how);
  const { merge } = await fixture.save(save);
  return {
    target,
    sources,
    async attempt() {
      const path = `/api/merges/${merge?.id}/undo`;
      const { status } = await fixture.http(path, { body: { reason: 'Wrong customer' } });
      if (status === 500) throw new InjectedFault('the route hides what broke it');
      return status;
    },
  };
}

/** The correction of a merge with credit notes: the invoice credited, a draft for each part of it. */
export async function correcting(fixture: MergingFixture): Promise<Breakable> {
  const { save, target, sources } = await merging(fixture, 'credit');
  const { merge } = await fixture.save(save);
  return {
    target,
    sources,
    async attempt() {
      const path = `/api/merges/${merge?.id}/correct`;
      const { status } = await fixture.http(path, { body: { reason: 'Two sites, two orders' } });
      if (status === 500) throw new InjectedFault('the route hides what broke it');
      return status;
    },
  };
}

/**
 * Breaks the act before and after each of its statements and around its COMMIT.
 * @param every 1: each statement, and the database looked at after each fault; n: each n-th, and looked at after every
 *   n-th fault, since what one left would still be there
 */
export async function breakEverywhere(
  fixture: MergingFixture,
  make: () => Promise<Breakable>,
  every: number,
): Promise<{ broken: Breakable; counted: Breakable; faults: number; statements: number }> {
  const spy: StatementSpy = spyOn(fixture.knex);
  try {
    // What is asked of the schema once must not be in one count and not in the other.
    await (await make()).attempt();
    const counted = await make();
    spy.reset();
    await counted.attempt();
    const count = spy.statements.length;
    expect(spy.commits).toBe(1);

    const broken = await make();
    const before = await fixture.dump();
    const all = Array.from({ length: count }, (_one, index) => index + 1);
    const points: Fault['statement'][] = [...all.filter((one) => one === 1 || one % every === 0), 'commit'];
    const faults = points.flatMap((statement): Fault[] => [
      { statement, when: 'before' },
      { statement, when: 'after' },
    ]);
    let fired = 0;
    for (const [done, fault] of faults.entries()) {
      spy.reset();
      spy.failAt(fault);
      await expect(broken.attempt()).rejects.toBeInstanceOf(InjectedFault);
      fired += spy.fired.length;
      const isWhole = fault.statement === 'commit' && fault.when === 'after';
      if (!isWhole && fault.statement !== 'commit' && done % every !== 0) continue;
      const now = await fixture.dump();
      if (isWhole) expect(now).not.toEqual(before);
      // Named with the last statement, since the loop alone does not say where.
      else if (JSON.stringify(now) !== JSON.stringify(before))
        expect({ fault: spy.fired, now }).toEqual({ fault: spy.fired, now: before });
    }
    expect(fired).toBe(faults.length);
    return { broken, counted, faults: fired, statements: count };
  } finally {
    spy.restore();
  }
}
