import { hasBilling } from './billing';
import type { Step } from './step';

/** One row a checkout: a basket of a till, or what was taken for an invoice; with what it was then. */
export const sales: Step = {
  name: '0050_sales',
  wanted: hasBilling,
  async up({ schema, map, prefix }) {
    const { types } = schema;
    const { table, id, customer } = map.invoices;
    await schema.createTable(
      `${prefix}sales`,
      {
        id: types.autoId,
        kind: `${types.varchar(10)} NOT NULL`,
        state: `${types.varchar(12)} NOT NULL`,
        module_id: `${types.bigint} NOT NULL`,
        module_name: `${types.varchar(190)} NOT NULL`,
        invoice_id: `${await schema.typeOf(table, id)} NULL`,
        invoice_number: `${types.varchar(190)} NULL`,
        slip_number: `${types.varchar(40)} NULL`,
        customer_id: `${await schema.typeOf(table, customer)} NULL`,
        customer_name: `${types.varchar(190)} NULL`,
        currency: `${types.varchar(10)} NOT NULL`,
        total_minor: `${types.bigint} NOT NULL`,
        basket_lines: `${types.long} NOT NULL`,
        vat: `${types.long} NOT NULL`,
        request_key: `${types.exact(190)} NULL`,
        request_hash: `${types.varchar(64)} NULL`,
        return_url: `${types.text} NULL`,
        opened_at: `${types.time} NOT NULL`,
        opened_by_id: `${types.varchar(64)} NOT NULL`,
        opened_by_name: `${types.varchar(190)} NOT NULL`,
        closed_at: `${types.time} NULL`,
        closed_day: `${types.char(10)} NULL`,
        closed_by_id: `${types.varchar(64)} NULL`,
        handover: `${types.long} NULL`,
        version: `${types.bigint} NOT NULL`,
      },
      { unique: ['request_key'], indexes: ['invoice_id', 'state'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}sales`);
  },
};
