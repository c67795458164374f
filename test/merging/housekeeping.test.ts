import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { openMerging, type MergingFixture } from '../support/merging-fixture';
import { countStatements } from '../support/statement-counter';

const KEPT = '00000000-0000-4000-8000-000000000000';

describe.each(eachDatabase)('housekeeping on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  afterAll(() => fixture.close());

  it('forgets save keys that are 90 days old, a few hundred at a time, and no record', async () => {
    const { knex } = fixture;
    const customer = await fixture.customer();
    const [target, source] = [await fixture.invoice(customer), await fixture.invoice(customer)];
    await fixture.save({ target, sources: [source], key: KEPT });
    // The clock stands at 2026-11-21T10:00Z.
    const old = (count: number, name: string, created_at: string) =>
      Array.from({ length: count }, (_none, at) => ({ save_key: `${name}${at}`, form_hash: 'x', created_at }));
    for (const at of [0, 500, 1000])
      await knex('im_save_keys').insert(old(500, `old${at}.`, '2026-08-23T09:59:59.999Z'));
    await knex('im_save_keys').insert(old(1, 'young', '2026-08-23T10:00:00.000Z'));
    const without = ({ im_save_keys: _keys, ...tables }: Record<string, unknown>) => tables;
    const before = without(await fixture.dump());

    const counter = countStatements(knex);
    expect(await fixture.merge.housekeeping()).toEqual({ saveKeys: 1500, handovers: 0 });
    const deletes = counter.sent.filter(({ sql }) => sql.startsWith('delete'));
    expect(deletes.map(({ bindings }) => bindings.length)).toEqual([500, 500, 500]);
    expect(counter.sent.some(({ inTransaction }) => inTransaction)).toBe(false);
    counter.restore();

    expect((await fixture.rows('im_save_keys')).map((row) => row.save_key).sort()).toEqual([KEPT, 'young0']);
    expect(without(await fixture.dump())).toEqual(before);
    expect(await fixture.merge.housekeeping()).toEqual({ saveKeys: 0, handovers: 0 });
  });
});
