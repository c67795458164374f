import type { Step } from './step';

/** What an admin decided; nothing stands here before the first decision. */
export const settings: Step = {
  name: '0012_settings',
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.createTable(
      `${prefix}settings`,
      {
        name: `${types.exact(60)} NOT NULL`,
        value: `${types.long} NOT NULL`,
        version: `${types.bigint} NOT NULL`,
      },
      { primary: ['name'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}settings`);
  },
};
