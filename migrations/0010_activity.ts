import type { Step } from './step';

/** The activity log. */
export const activity: Step = {
  name: '0010_activity',
  async up({ schema, map, prefix }) {
    const { types } = schema;
    await schema.createTable(
      `${prefix}activity`,
      {
        id: types.autoId,
        at: `${types.time} NOT NULL`,
        actor_id: `${types.varchar(64)} NOT NULL`,
        actor_name: `${types.varchar(190)} NOT NULL`,
        action: `${types.varchar(40)} NOT NULL`,
        invoice_id: `${await schema.typeOf(map.invoices.table, map.invoices.id)} NULL`,
        merge_id: `${types.bigint} NULL`,
        details: `${types.long} NOT NULL`,
      },
      { indexes: ['invoice_id'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}activity`);
  },
};
