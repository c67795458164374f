import type { Step } from './step';

/** Missing numbers that somebody explained in writing. A record of ten years, also once it is withdrawn. */
export const explainedGaps: Step = {
  name: '0032_explained_gaps',
  async up({ schema, prefix }) {
    const { types } = schema;
    const table = `${prefix}explained_gaps`;
    await schema.createTable(table, {
      id: types.autoId,
      series: `${types.exact(100)} NOT NULL`,
      from_sequence: `${types.bigint} NOT NULL`,
      to_sequence: `${types.bigint} NOT NULL`,
      reason: `${types.text} NOT NULL`,
      actor_id: `${types.varchar(64)} NOT NULL`,
      actor_name: `${types.varchar(190)} NOT NULL`,
      at: `${types.time} NOT NULL`,
      withdrawn_at: `${types.time} NULL`,
      withdrawn_by_id: `${types.varchar(64)} NULL`,
      withdrawn_by_name: `${types.varchar(190)} NULL`,
      withdrawn_reason: `${types.text} NULL`,
    });
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}explained_gaps`);
  },
};
