/** Payment methods: a row of the host's own table that the plugin makes, changes and takes away. */
import assert from 'node:assert/strict';
import type { HostCrm } from '../contract';
import { deleteUnusedMethod, insertMethod, markMethodUsed, readMethods, updateMethod } from '../payment-methods';
import { contractCase, type ContractCase } from './fixture';

/** As long as the page takes them, with what people write in them. */
const NAME = `Chambre n° 12, Œuvre « Été » ${'x'.repeat(51)}`;

const takesMethods = ({ map }: HostCrm): boolean => map.paymentMethods !== undefined && map.payments !== undefined;

export const methodCases: ContractCase[] = [
  contractCase(
    'the map names exactly one payment method that is Cash',
    async ({ knex, host }) => {
      const cash = (await readMethods(knex, host.map)).filter(({ isCash }) => isCash);
      assert.equal(cash.length, 1, `paymentMethods.cash must name one row, and names ${cash.length}`);
    },
    takesMethods,
  ),
  contractCase(
    'a payment method made by the plugin is read as it was written, renamed, switched off and deleted until it is used',
    async ({ knex, host: { map } }) => {
      // Everything is taken back at the end: the host's list of methods stays as it was.
      const trx = await knex.transaction();
      try {
        const method = { name: NAME, kind: 'external_billing', requiresReference: true, active: true } as const;
        const id = await insertMethod(trx, map, { ...method, referenceLabel: 'N° de chambre' });
        const [made] = await readMethods(trx, map, [id]);
        assert.ok(made, 'the row must be there under the id that the database gave it: `fixed` may lack a column');
        assert.deepEqual(
          { ...made, id: '' },
          {
            ...{ ...method, id: '', isCash: false, referenceLabel: 'N° de chambre', externalIdentifier: null },
            ...{ referenceMask: null, imageId: null, integrationId: null, archivedAt: null, usedAt: null },
          },
        );
        await updateMethod(trx, map, id, { name: 'Suite', active: false });
        const [changed] = await readMethods(trx, map, [id]);
        assert.equal(changed?.name, 'Suite');
        assert.equal(changed?.active, map.paymentMethods?.active === undefined, 'active');
        assert.equal(await markMethodUsed(trx, map, id, '2026-03-02T10:00:00.000Z'), true);
        assert.equal(await deleteUnusedMethod(trx, map, id), false, 'a used method must stay');
        await updateMethod(trx, map, id, { usedAt: null });
        assert.equal(await deleteUnusedMethod(trx, map, id), true, 'an unused method must go');
        assert.deepEqual(await readMethods(trx, map, [id]), []);
      } finally {
        await trx.rollback();
      }
    },
    takesMethods,
  ),
];
