import type { Step } from './step';

/** The sources of a merge with their snapshots. `active_source_id` is null once undone: no invoice is merged twice. */
export const mergeSources: Step = {
  name: '0006_merge_sources',
  async up({ schema, map, prefix }) {
    const { types } = schema;
    const invoiceId = await schema.typeOf(map.invoices.table, map.invoices.id);
    await schema.createTable(
      `${prefix}merge_sources`,
      {
        merge_id: `${types.bigint} NOT NULL`,
        source_id: `${invoiceId} NOT NULL`,
        position: `${types.int} NOT NULL`,
        number: `${types.varchar(190)} NULL`,
        issue_date: `${types.char(10)} NOT NULL`,
        status_before: `${types.varchar(10)} NOT NULL`,
        total_minor: `${types.bigint} NOT NULL`,
        settlement: `${types.varchar(10)} NOT NULL`,
        snapshot: `${types.long} NOT NULL`,
        active_source_id: `${invoiceId} NULL`,
      },
      { primary: ['merge_id', 'source_id'], unique: ['active_source_id'], indexes: ['source_id'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}merge_sources`);
  },
};
