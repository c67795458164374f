import type { Step } from './step';

/** Who has put away the message of which merge. */
export const dismissals: Step = {
  name: '0016_dismissals',
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.createTable(
      `${prefix}dismissals`,
      {
        merge_id: `${types.bigint} NOT NULL`,
        actor_id: `${types.exact(64)} NOT NULL`,
        at: `${types.time} NOT NULL`,
      },
      { primary: ['merge_id', 'actor_id'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}dismissals`);
  },
};
