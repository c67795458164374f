import { hasBilling } from './billing';
import type { Step } from './step';

/** One row a payment line: what the history of sales shows, adds up and exports, under the names of that moment. */
export const salePayments: Step = {
  name: '0051_sale_payments',
  wanted: hasBilling,
  async up({ schema, map, prefix }) {
    const { types } = schema;
    const { table, id, customer } = map.invoices;
    await schema.createTable(
      `${prefix}sale_payments`,
      {
        id: types.autoId,
        sale_id: `${types.bigint} NOT NULL`,
        act: `${types.varchar(12)} NOT NULL`,
        at: `${types.time} NOT NULL`,
        business_day: `${types.char(10)} NOT NULL`,
        actor_id: `${types.varchar(64)} NOT NULL`,
        actor_name: `${types.varchar(190)} NOT NULL`,
        module_id: `${types.bigint} NOT NULL`,
        module_name: `${types.varchar(190)} NOT NULL`,
        invoice_id: `${await schema.typeOf(table, id)} NULL`,
        invoice_number: `${types.varchar(190)} NULL`,
        slip_number: `${types.varchar(40)} NULL`,
        customer_id: `${await schema.typeOf(table, customer)} NULL`,
        customer_name: `${types.varchar(190)} NULL`,
        method_id: `${types.exact(64)} NOT NULL`,
        method_name: `${types.varchar(190)} NOT NULL`,
        method_kind: `${types.varchar(20)} NOT NULL`,
        method_cash: `${types.flag} NOT NULL`,
        external_identifier: `${types.varchar(190)} NULL`,
        image_id: `${types.varchar(64)} NULL`,
        reference: `${types.exact(255)} NULL`,
        note: `${types.text} NULL`,
        currency: `${types.varchar(10)} NOT NULL`,
        amount_minor: `${types.bigint} NOT NULL`,
        reversed_minor: `${types.bigint} NOT NULL`,
        reverses_id: `${types.bigint} NULL`,
        reason: `${types.varchar(40)} NULL`,
        reason_text: `${types.text} NULL`,
        request_key: `${types.exact(190)} NULL`,
        host_payment_id: `${types.exact(64)} NULL`,
      },
      {
        unique: ['request_key'],
        indexes: ['at', 'sale_id', 'invoice_id', 'method_id', 'reference', 'reverses_id', 'host_payment_id'],
      },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}sale_payments`);
  },
};
