import type { Step } from './step';

/** Money that came through receivePayment, one row per message of whoever sent it, with what of it still waits. */
export const receivedPayments: Step = {
  name: '0014_received_payments',
  async up({ schema, map, prefix }) {
    const { types } = schema;
    const invoiceId = await schema.typeOf(map.invoices.table, map.invoices.id);
    await schema.createTable(
      `${prefix}received_payments`,
      {
        id: types.autoId,
        request_key: `${types.exact(190)} NOT NULL`,
        meant_for: `${types.varchar(64)} NOT NULL`,
        meant_number: `${types.varchar(190)} NULL`,
        target_id: `${invoiceId} NULL`,
        customer_id: `${await schema.typeOf(map.invoices.table, map.invoices.customer)} NULL`,
        currency: `${types.varchar(10)} NOT NULL`,
        amount_minor: `${types.bigint} NOT NULL`,
        recorded_minor: `${types.bigint} NOT NULL`,
        waiting_minor: `${types.bigint} NOT NULL`,
        waits_because: `${types.varchar(20)} NULL`,
        paid_on: `${types.char(10)} NOT NULL`,
        method_id: `${types.varchar(64)} NOT NULL`,
        reference: `${types.text} NOT NULL`,
        host_columns: `${types.long} NOT NULL`,
        received_at: `${types.time} NOT NULL`,
        version: `${types.bigint} NOT NULL`,
        last_allocation: `${types.long} NULL`,
      },
      { unique: ['request_key'], indexes: ['waiting_minor'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}received_payments`);
  },
};
