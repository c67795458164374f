import type { Step } from './step';

/** Each try of a message; without an outcome it is under way, or whoever made it died. */
export const handoverAttempts: Step = {
  name: '0062_handover_attempts',
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.createTable(
      `${prefix}handover_attempts`,
      {
        id: types.autoId,
        handover_id: `${types.bigint} NOT NULL`,
        token: `${types.exact(40)} NOT NULL`,
        how: `${types.varchar(10)} NOT NULL`,
        actor_name: `${types.varchar(190)} NULL`,
        started_at: `${types.time} NOT NULL`,
        took_ms: `${types.int} NULL`,
        outcome: `${types.varchar(10)} NULL`,
        code: `${types.varchar(20)} NULL`,
        status: `${types.int} NULL`,
        reply: `${types.text} NULL`,
      },
      { unique: ['token'], indexes: ['handover_id', 'started_at'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}handover_attempts`);
  },
};
