import type { Step } from './step';

/** Host invoice lines: which source, and which of its lines, a carried line came from. */
export const lineColumns: Step = {
  name: '0003_line_columns',
  async up({ schema, map, prefix }) {
    await schema.addColumns(map.lines.table, {
      [`${prefix}source_invoice_id`]: await schema.typeOf(map.invoices.table, map.invoices.id),
      [`${prefix}source_line_id`]: await schema.typeOf(map.lines.table, map.lines.id),
    });
  },
  async down({ schema, map, prefix }) {
    await schema.dropColumns(map.lines.table, [`${prefix}source_invoice_id`, `${prefix}source_line_id`]);
  },
};
