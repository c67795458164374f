import type { Step } from './step';

/** A number that was given: who claims it a second time, on whatever node, meets the key of the first. */
export const claimedNumbers: Step = {
  name: '0030_claimed_numbers',
  async up({ schema, map, prefix }) {
    const { types } = schema;
    await schema.createTable(
      `${prefix}claimed_numbers`,
      {
        series: `${types.exact(100)} NOT NULL`,
        sequence: `${types.bigint} NOT NULL`,
        type: `${types.varchar(20)} NOT NULL`,
        document_id: `${await schema.typeOf(map.invoices.table, map.invoices.id)} NULL`,
        at: `${types.time} NOT NULL`,
      },
      { primary: ['series', 'sequence'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}claimed_numbers`);
  },
};
