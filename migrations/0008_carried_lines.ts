import type { Step } from './step';

/** What was carried into a target, by content, for hosts that delete and re-insert their lines. */
export const carriedLines: Step = {
  name: '0008_carried_lines',
  async up({ schema, map, prefix }) {
    const { types } = schema;
    const invoiceId = await schema.typeOf(map.invoices.table, map.invoices.id);
    const lineId = await schema.typeOf(map.lines.table, map.lines.id);
    await schema.createTable(
      `${prefix}carried_lines`,
      {
        id: types.autoId,
        merge_id: `${types.bigint} NOT NULL`,
        target_id: `${invoiceId} NOT NULL`,
        source_id: `${invoiceId} NOT NULL`,
        source_line_id: `${lineId} NULL`,
        line_id: `${lineId} NULL`,
        kind: `${types.varchar(10)} NOT NULL`,
        content: `${types.long} NOT NULL`,
        gone_at: `${types.time} NULL`,
      },
      { indexes: ['target_id', 'merge_id'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}carried_lines`);
  },
};
