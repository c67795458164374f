/** T60: what a host's functions throw or answer instead of what they should; nothing of the save or the undo stays. */
import type { Options } from '../../plugin/contract';
import type { Candidate, Id } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { eventually } from '../support/eventually';
import { crmHost } from '../support/hosts';
import { openMerging, reasonsOf, refusal, type MergingFixture } from '../support/merging-fixture';

type Given = Partial<Options<never>>;
const given = (options: object): Given => options;
const failing = (): never => {
  throw new Error('the hook is broken');
};

describe.each(eachDatabase)('hooks that do what they should not, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let target: Id;
  let source: Id;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  beforeEach(async () => {
    const customer = await fixture.customer();
    [target, source] = [await fixture.invoice(customer), await fixture.invoice(customer)];
  });
  afterAll(() => fixture.close());

  const saveWith = (options: Given) =>
    fixture.save({ target, sources: [source], plugin: fixture.plugin(options as never) });

  it.each<[string, Given]>([
    ['candidates', given({ hooks: { candidates: failing } })],
    ['candidates, later', given({ hooks: { candidates: async () => failing() } })],
    ['beforeMerge', given({ hooks: { beforeMerge: failing } })],
    ['beforeMerge, later', given({ hooks: { beforeMerge: async () => failing() } })],
    ['lockedUntil', given({ hooks: { lockedUntil: failing } })],
    ['scope', given({ scope: failing })],
    ['authorize', given({ authorize: async () => failing() })],
  ])('T60 %s that throws takes the whole save back, and the host gets its own error', async (_hook, options) => {
    const before = await fixture.dump();
    await expect(saveWith(options)).rejects.toThrow('the hook is broken');
    expect(await fixture.dump()).toEqual(before);
  });

  it.each<[string, Given]>([
    ['candidates', given({ hooks: { candidates: () => ({ length: 1 }) } })],
    ['candidates', given({ hooks: { candidates: async () => null } })],
    ['lockedUntil', given({ hooks: { lockedUntil: () => new Date() } })],
    ['lockedUntil', given({ hooks: { lockedUntil: () => '31/10/2026' } })],
    ['lockedUntil', given({ hooks: { lockedUntil: () => '2026-02-31' } })],
    ['lockedUntil', given({ hooks: { lockedUntil: () => true } })],
    ['scope', given({ scope: async () => undefined })],
    ['authorize', given({ authorize: () => 'no' })],
    ['authorize', given({ authorize: () => undefined })],
    ['authorize', given({ authorize: async () => ({ allowed: false }) })],
  ])('T60 %s that answers something else is named, and the whole save is taken back', async (hook, options) => {
    const before = await fixture.dump();
    expect(await refusal(saveWith(options))).toMatchObject({ code: 'IM_HOOK_INVALID', status: 500, vars: { hook } });
    expect(await fixture.dump()).toEqual(before);
  });

  it.each<[string, (one: Candidate) => unknown]>([
    ['without an id', ({ id: _gone, ...one }) => one],
    ['with a number as id', (one) => ({ ...one, id: Number(one.id) })],
    ['with reasons that are none', (one) => ({ ...one, reasons: [null] })],
    ['with a reason of its own', (one) => ({ ...one, reasons: [{ code: 'full_moon', vars: 'x' }] })],
    ['no longer eligible, without a reason', (one) => ({ ...one, eligible: false })],
    ['as null', () => null],
  ])('T60 a candidate that the hook answers %s is not merged', async (_what, change) => {
    const candidates = (list: Candidate[]) => list.map(change);
    const refused = await refusal(saveWith(given({ hooks: { candidates } })));
    expect([refused.code, reasonsOf(refused, source)]).toEqual(['IM_NOT_MERGEABLE', ['host']]);
  });

  it('T60 a hook cannot bring in what the plugin refused, nor change what it is told', async () => {
    const paid = await fixture.invoice((await fixture.load(target)).customerId);
    await fixture.crm.pay(fixture.knex, paid, '1');
    const generous = given({
      hooks: { candidates: (list: Candidate[]) => list.map((one) => ({ ...one, eligible: true, reasons: [] })) },
    });
    const plugin = fixture.plugin(generous as never);
    const refused = await refusal(fixture.save({ target, sources: [paid], plugin }));
    expect(reasonsOf(refused, paid)).toEqual(['status', 'payments']);

    const told: unknown[] = [];
    const meddling = given({
      hooks: {
        beforeMerge: (_trx: unknown, merge: { targetId: string; sources: unknown[] }) => {
          merge.targetId = '999999';
          merge.sources.pop();
          return 'done';
        },
        afterMerge: (merge: unknown) => void told.push(merge),
      },
    });
    const { merge } = await saveWith(meddling);
    expect(merge).toMatchObject({ targetId: target, sources: [{ invoiceId: source }] });
    await eventually(() => expect(told).toEqual([merge]));
  });

  it.each<[string, number, string | null, Given]>([
    ['beforeUndo throws', 500, null, given({ hooks: { beforeUndo: failing } })],
    ['lockedUntil throws', 500, null, given({ hooks: { lockedUntil: failing } })],
    ['lockedUntil answers a Date', 500, 'IM_HOOK_INVALID', given({ hooks: { lockedUntil: () => new Date() } })],
    ['authorize answers a text', 500, 'IM_HOOK_INVALID', given({ authorize: () => 'no' })],
    ['actor answers a number as id', 500, 'IM_HOOK_INVALID', given({ actor: () => ({ id: 8, name: 'Bea' }) })],
    ['actor answers a text', 500, 'IM_HOOK_INVALID', given({ actor: () => 'Bea' })],
  ])('T60 %s: the merge stands as it is', async (_what, status, code, options) => {
    const { merge } = await fixture.save({ target, sources: [source] });
    const before = await fixture.dump();
    const reply = await fixture.http(`/api/merges/${merge?.id ?? ''}/undo`, {
      plugin: fixture.plugin(options as never),
      body: { reason: 'Wrong customer' },
    });
    expect(reply.status).toBe(status);
    if (code !== null) expect(reply.body).toMatchObject({ error: { code, vars: {} } });
    expect(await fixture.dump()).toEqual(before);
  });

  it.each([['throws'], ['answers later that it failed']])(
    'T60 tellCustomer that %s tells nobody, and a second try may',
    async (how) => {
      const { merge } = await fixture.save({ target, sources: [source] });
      const tellCustomer = () => (how === 'throws' ? failing() : Promise.reject(new Error('smtp is down')));
      const tell = (plugin: Given, key: string) =>
        fixture.http(`/api/merges/${merge?.id ?? ''}/tell`, {
          plugin: fixture.plugin(plugin as never),
          body: { key, how: 'sent', locale: 'fr' },
        });
      const failed = await tell(given({ hooks: { tellCustomer } }), `first-${target}`);
      expect([failed.status, failed.body.error]).toMatchObject([502, { code: 'IM_TELL_FAILED' }]);
      const again = await tell(given({ hooks: { tellCustomer: () => 'sent!' } }), `second-${target}`);
      expect(again.status).toBe(200);
    },
  );
});
