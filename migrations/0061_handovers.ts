import type { Step } from './step';

/**
 * The outbox, one row a message, and what the journal shows of the sale. `body` is text and not JSON, which MySQL would
 * format anew: a signature is over bytes. `open_sale` is the sale while it is bound to the message: one at a time.
 * `next_at` is empty once nothing is to be sent, so that its index holds what waits alone.
 */
export const handovers: Step = {
  name: '0061_handovers',
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.createTable(
      `${prefix}handovers`,
      {
        id: types.autoId,
        message_id: `${types.exact(64)} NOT NULL`,
        kind: `${types.varchar(10)} NOT NULL`,
        request_id: `${types.bigint} NULL`,
        sale_id: `${types.exact(64)} NOT NULL`,
        open_sale: `${types.exact(64)} NULL`,
        integration_id: `${types.bigint} NOT NULL`,
        body: `${types.long} NULL`,
        state: `${types.varchar(12)} NOT NULL`,
        state_before: `${types.varchar(12)} NULL`,
        tries: `${types.int} NOT NULL`,
        next_at: `${types.time} NULL`,
        lease_token: `${types.exact(40)} NULL`,
        lease_until: `${types.time} NULL`,
        reference: `${types.varchar(190)} NULL`,
        reason: `${types.text} NULL`,
        accepted_at: `${types.time} NULL`,
        settled_at: `${types.time} NULL`,
        settled_by_id: `${types.varchar(64)} NULL`,
        settled_by_name: `${types.varchar(190)} NULL`,
        settled_reason: `${types.text} NULL`,
        module_id: `${types.varchar(64)} NOT NULL`,
        module_name: `${types.varchar(190)} NOT NULL`,
        method_id: `${types.varchar(64)} NOT NULL`,
        method_name: `${types.varchar(190)} NOT NULL`,
        customer_name: `${types.varchar(190)} NULL`,
        sale_reference: `${types.varchar(255)} NULL`,
        currency: `${types.varchar(10)} NOT NULL`,
        total: `${types.varchar(40)} NOT NULL`,
        actor_id: `${types.varchar(64)} NOT NULL`,
        actor_name: `${types.varchar(190)} NOT NULL`,
        created_at: `${types.time} NOT NULL`,
        invoice_number: `${types.varchar(190)} NULL`,
        invoice_date: `${types.char(10)} NULL`,
        invoice_note: `${types.text} NULL`,
        invoice_url: `${types.text} NULL`,
        invoice_at: `${types.time} NULL`,
        other_invoice: `${types.long} NULL`,
      },
      { unique: ['message_id', 'open_sale'], indexes: ['sale_id', 'request_id', 'state', 'next_at', 'created_at'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}handovers`);
  },
};
