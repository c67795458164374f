import { migrate } from '../../migrations';
import { createMergeStore } from '../../plugin/merging/store';
import { createDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';

/** One more than a JavaScript number can count. */
const BIG = '9007199254740993';

it('what a merge remembers keeps ids and amounts beyond 2^53 exact, whatever the driver makes of BIGINT', async () => {
  const { knex, close } = await createDatabase('mariadb');
  const crm = crmHost();
  await crm.createSchema(knex);
  await migrate(knex, crm.map);
  for (const [table, columns] of Object.entries({
    im_merges: ['target_id', 'customer_id'],
    im_merge_sources: ['source_id'],
    im_save_keys: ['invoice_id'],
  }))
    for (const column of columns) await knex.raw('ALTER TABLE ?? MODIFY ?? BIGINT UNSIGNED', [table, column]);
  await knex('im_merges').insert({
    ...{ id: 1, target_id: BIG, customer_id: BIG, currency: 'EUR', difference_minor: BIG },
    ...{ totals_after: '{}', causes: '[]', acknowledged: '[]', discounts: '{}', settlement_issued: 'cancel' },
    ...{ settlement_draft: 'cancel', actor_id: '7', actor_name: 'Sam', created_at: '2026-11-21T10:00:00.000Z' },
  });
  await knex('im_merge_sources').insert({
    ...{ merge_id: 1, source_id: BIG, position: 0, issue_date: '2026-11-01', status_before: 'unpaid' },
    ...{ total_minor: BIG, settlement: 'cancel', snapshot: 'null' },
  });
  const store = createMergeStore('im_');
  const exact = { targetId: BIG, total: '90071992547409.93' };
  expect(await store.asSources(knex, [BIG])).toMatchObject([{ ...exact, sourceId: BIG }]);
  expect(await store.asTarget(knex, BIG)).toMatchObject([{ ...exact, sourceId: BIG }]);
  expect(await store.mergeById(knex, '1')).toMatchObject({
    targetId: BIG,
    customerId: BIG,
    difference: '90071992547409.93',
    sources: [{ invoiceId: BIG, total: '90071992547409.93' }],
  });
  const claim = () =>
    knex.transaction(async (trx) => {
      const first = await store.claimKey(trx, 'a-key-of-a-form', 'hash', '2026-11-21T10:00:00.000Z');
      if (!first) await store.fulfilKey(trx, 'a-key-of-a-form', BIG, null);
      return first;
    });
  expect([await claim(), await claim()]).toMatchObject([null, { invoiceId: BIG }]);
  await close();
});
