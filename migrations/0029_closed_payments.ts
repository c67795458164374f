import type { Step } from './step';

/** Money that waits for no invoice any more, since it was given back or booked by hand: who said so, when and why. */
export const closedPayments: Step = {
  name: '0029_closed_payments',
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.addColumns(`${prefix}received_payments`, {
      closed_minor: types.bigint,
      closed_at: types.time,
      closed_by_id: types.varchar(64),
      closed_by_name: types.varchar(190),
      closed_reason: types.text,
    });
  },
  async down({ schema, prefix }) {
    await schema.dropColumns(`${prefix}received_payments`, [
      'closed_minor',
      'closed_at',
      'closed_by_id',
      'closed_by_name',
      'closed_reason',
    ]);
  },
};
