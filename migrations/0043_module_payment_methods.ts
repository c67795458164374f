import { hasBilling } from './billing';
import type { Step } from './step';

/**
 * Which payment methods a module takes, in which order. No unique key on the position: an order is written row by row,
 * and would collide with itself half-way.
 */
export const modulePaymentMethods: Step = {
  name: '0043_module_payment_methods',
  wanted: hasBilling,
  async up({ schema, map, prefix }) {
    if (!map.paymentMethods) return;
    const { types } = schema;
    await schema.createTable(
      `${prefix}module_payment_methods`,
      {
        module_id: `${types.bigint} NOT NULL`,
        method_id: `${await schema.typeOf(map.paymentMethods.table, map.paymentMethods.id)} NOT NULL`,
        position: `${types.int} NOT NULL`,
      },
      { primary: ['module_id', 'method_id'], indexes: ['method_id'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}module_payment_methods`);
  },
};
