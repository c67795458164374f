import { hasBilling } from './billing';
import type { Step } from './step';

/** Places where orders are taken. `builtin` is unique, so that two processes never make the same one twice. */
export const orderModules: Step = {
  name: '0042_order_modules',
  wanted: hasBilling,
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.createTable(
      `${prefix}order_modules`,
      {
        id: types.autoId,
        // Empty: the module has the name that each language has for it.
        name: `${types.varchar(190)} NULL`,
        builtin: `${types.exact(40)} NULL`,
        version: `${types.bigint} NOT NULL`,
        // The list before the last change, for its undo.
        previous: `${types.long} NULL`,
      },
      { unique: ['builtin'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}order_modules`);
  },
};
