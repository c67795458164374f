import type { Step } from './step';

/** What customers were told about a merge: the text, who sent it, when, and whether that went through. */
export const customerNotices: Step = {
  name: '0015_customer_notices',
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.createTable(
      `${prefix}customer_notices`,
      {
        id: types.autoId,
        notice_key: `${types.exact(64)} NOT NULL`,
        merge_id: `${types.bigint} NOT NULL`,
        how: `${types.varchar(10)} NOT NULL`,
        state: `${types.varchar(10)} NOT NULL`,
        locale: `${types.varchar(10)} NOT NULL`,
        subject: `${types.text} NOT NULL`,
        body: `${types.long} NOT NULL`,
        actor_id: `${types.varchar(64)} NOT NULL`,
        actor_name: `${types.varchar(190)} NOT NULL`,
        at: `${types.time} NOT NULL`,
      },
      { unique: ['notice_key'], indexes: ['merge_id'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}customer_notices`);
  },
};
