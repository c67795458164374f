import type { Step } from './step';

/** Which row of which mapped link went from a source to the target, so that undo gives it back. */
export const mergeLinks: Step = {
  name: '0007_merge_links',
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.createTable(
      `${prefix}merge_links`,
      {
        id: types.autoId,
        merge_id: `${types.bigint} NOT NULL`,
        link: `${types.varchar(64)} NOT NULL`,
        how: `${types.varchar(10)} NOT NULL`,
        from_id: `${types.varchar(64)} NOT NULL`,
        to_id: `${types.varchar(64)} NOT NULL`,
        row_data: `${types.long} NOT NULL`,
      },
      { indexes: ['merge_id'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}merge_links`);
  },
};
