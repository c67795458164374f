import type { Step } from './step';

/** The last sequence number of each series: the row that every allocation writes. */
export const series: Step = {
  name: '0009_series',
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.createTable(
      `${prefix}series`,
      {
        series: `${types.exact(100)} NOT NULL`,
        type: `${types.varchar(20)} NOT NULL`,
        last_sequence: `${types.bigint} NOT NULL`,
      },
      { primary: ['series'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}series`);
  },
};
