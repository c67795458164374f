import type { Step } from './step';

/** Host invoices: the counter that is written to lock, where they went, and reminders off. */
export const invoiceColumns: Step = {
  name: '0001_invoice_columns',
  async up({ schema, map, prefix }) {
    const { table, id } = map.invoices;
    await schema.addColumns(table, {
      [`${prefix}version`]: schema.types.bigint,
      [`${prefix}merged_into_id`]: await schema.typeOf(table, id),
      [`${prefix}merged_at`]: schema.types.time,
      [`${prefix}reminders_off`]: schema.types.flag,
    });
  },
  async down({ schema, map, prefix }) {
    await schema.dropColumns(
      map.invoices.table,
      ['version', 'merged_into_id', 'merged_at', 'reminders_off'].map((name) => `${prefix}${name}`),
    );
  },
};
