import type { Step } from './step';

/** Numbers given to invoices, freed, and taken back: a record of ten years. */
export const numberChanges: Step = {
  name: '0031_number_changes',
  async up({ schema, map, prefix }) {
    const { types } = schema;
    const table = `${prefix}number_changes`;
    await schema.createTable(
      table,
      {
        id: types.autoId,
        act: `${types.varchar(10)} NOT NULL`,
        type: `${types.varchar(20)} NOT NULL`,
        document_id: `${await schema.typeOf(map.invoices.table, map.invoices.id)} NOT NULL`,
        series: `${types.exact(100)} NOT NULL`,
        old_number: `${types.varchar(190)} NULL`,
        new_number: `${types.varchar(190)} NULL`,
        actor_id: `${types.varchar(64)} NOT NULL`,
        actor_name: `${types.varchar(190)} NOT NULL`,
        at: `${types.time} NOT NULL`,
        reason: `${types.text} NOT NULL`,
        confirmed: `${types.text} NOT NULL`,
        undone_by_id: `${types.bigint} NULL`,
      },
      { indexes: ['document_id', 'old_number'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}number_changes`);
  },
};
