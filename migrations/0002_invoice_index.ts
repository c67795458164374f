import type { Step } from './step';

/** Host invoices: finding a customer's open documents, where no index of the host's serves. */
export const invoiceIndex: Step = {
  name: '0002_invoice_index',
  async up({ schema, map, prefix }) {
    const { table, customer, status } = map.invoices;
    const name = `${prefix}candidates`;
    if (await schema.hasIndex(table, name)) return;
    const isIndexable = 'column' in status && !/text|blob|json/i.test(await schema.typeOf(table, status.column));
    const columns = isIndexable ? [customer, status.column] : [customer];
    if (await schema.isServed(table, columns)) return;
    // MySQL silently drops the index that it made for a foreign key on the customer once another begins with that
    // column, and `down` could not bring it back: there the customer comes second.
    if (await schema.hasForeignKey(table, customer)) columns.reverse();
    await schema.addIndex(table, name, columns);
  },
  async down({ schema, map, prefix }) {
    await schema.dropIndex(map.invoices.table, `${prefix}candidates`);
  },
};
