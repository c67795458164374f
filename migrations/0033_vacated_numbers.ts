import type { Step } from './step';

/** Why a number is borne by nobody: its document was deleted, or bears another number by now. A record of ten years. */
export const vacatedNumbers: Step = {
  name: '0033_vacated_numbers',
  async up({ schema, map, prefix }) {
    const { types } = schema;
    const table = `${prefix}vacated_numbers`;
    await schema.createTable(
      table,
      {
        id: types.autoId,
        series: `${types.exact(100)} NOT NULL`,
        sequence: `${types.bigint} NOT NULL`,
        number: `${types.varchar(190)} NOT NULL`,
        document_id: `${await schema.typeOf(map.invoices.table, map.invoices.id)} NOT NULL`,
        cause: `${types.varchar(20)} NOT NULL`,
        issued: `${types.flag} NOT NULL`,
        merge_id: `${types.bigint} NULL`,
        new_number: `${types.varchar(190)} NULL`,
        change_id: `${types.bigint} NULL`,
        reason: `${types.text} NULL`,
        actor_id: `${types.varchar(64)} NULL`,
        actor_name: `${types.varchar(190)} NULL`,
        at: `${types.time} NOT NULL`,
        taken_back_at: `${types.time} NULL`,
      },
      { indexes: ['document_id'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}vacated_numbers`);
  },
};
