import { hasBilling } from './billing';
import type { Step } from './step';

const COLUMNS = [
  'external_reference',
  'method_snapshot',
  'order_module_id',
  'request_key',
  'reverses_payment_id',
  'reason',
  'actor',
];

/** Host payments: what a payment taken here says beside its amount, and which one a void or refund reverses. */
export const paymentColumns: Step = {
  name: '0041_payment_columns',
  wanted: hasBilling,
  async up({ schema, map, prefix }) {
    if (!map.payments) return;
    const { types } = schema;
    await schema.addColumns(map.payments.table, {
      [`${prefix}external_reference`]: types.exact(255),
      [`${prefix}method_snapshot`]: types.exact(1000),
      [`${prefix}order_module_id`]: types.bigint,
      [`${prefix}request_key`]: types.exact(190),
      [`${prefix}reverses_payment_id`]: await schema.typeOf(map.payments.table, map.payments.id),
      [`${prefix}reason`]: types.exact(500),
      [`${prefix}actor`]: types.exact(255),
    });
  },
  async down({ schema, map, prefix }) {
    if (!map.payments) return;
    await schema.dropColumns(
      map.payments.table,
      COLUMNS.map((name) => `${prefix}${name}`),
    );
  },
};
