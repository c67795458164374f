import type { Step } from './step';

/** One row per merge: target, settlements, totals before and after, who, and who undid it. */
export const merges: Step = {
  name: '0005_merges',
  async up({ schema, map, prefix }) {
    const { types } = schema;
    const { table, id, customer } = map.invoices;
    await schema.createTable(
      `${prefix}merges`,
      {
        id: types.autoId,
        target_id: `${await schema.typeOf(table, id)} NOT NULL`,
        customer_id: `${await schema.typeOf(table, customer)} NOT NULL`,
        target_number: `${types.varchar(190)} NULL`,
        currency: `${types.char(3)} NOT NULL`,
        totals_before: `${types.long} NULL`,
        totals_after: `${types.long} NOT NULL`,
        difference_minor: `${types.bigint} NOT NULL`,
        causes: `${types.long} NOT NULL`,
        acknowledged: `${types.long} NOT NULL`,
        discounts: `${types.long} NOT NULL`,
        settlement_issued: `${types.varchar(10)} NOT NULL`,
        settlement_draft: `${types.varchar(10)} NOT NULL`,
        actor_id: `${types.varchar(64)} NOT NULL`,
        actor_name: `${types.varchar(190)} NOT NULL`,
        created_at: `${types.time} NOT NULL`,
        undone_at: `${types.time} NULL`,
        undone_by_id: `${types.varchar(64)} NULL`,
        undone_by_name: `${types.varchar(190)} NULL`,
        undone_reason: `${types.text} NULL`,
      },
      { indexes: ['target_id', 'customer_id'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}merges`);
  },
};
