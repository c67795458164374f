import type { Step } from './step';

/** What the other system told later, by its own id: told twice, it counts once. */
export const handoverCallbacks: Step = {
  name: '0063_handover_callbacks',
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.createTable(
      `${prefix}handover_callbacks`,
      {
        integration_id: `${types.bigint} NOT NULL`,
        message_id: `${types.exact(190)} NOT NULL`,
        handover_id: `${types.bigint} NOT NULL`,
        result: `${types.varchar(10)} NOT NULL`,
        at: `${types.time} NOT NULL`,
      },
      { primary: ['integration_id', 'message_id'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}handover_callbacks`);
  },
};
