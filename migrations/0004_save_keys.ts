import type { Step } from './step';

/** One row per save of the host's form, so that a repeated one changes nothing. */
export const saveKeys: Step = {
  name: '0004_save_keys',
  async up({ schema, map, prefix }) {
    const { types } = schema;
    await schema.createTable(
      `${prefix}save_keys`,
      {
        save_key: `${types.exact(64)} NOT NULL`,
        form_hash: `${types.exact(22)} NOT NULL`,
        invoice_id: `${await schema.typeOf(map.invoices.table, map.invoices.id)} NULL`,
        merge_id: `${types.bigint} NULL`,
        created_at: `${types.time} NOT NULL`,
      },
      { primary: ['save_key'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}save_keys`);
  },
};
