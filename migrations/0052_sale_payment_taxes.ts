import { hasBilling } from './billing';
import type { Step } from './step';

/** The VAT of each payment line by rate, so that it can be added up like the amounts. */
export const salePaymentTaxes: Step = {
  name: '0052_sale_payment_taxes',
  wanted: hasBilling,
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.createTable(
      `${prefix}sale_payment_taxes`,
      {
        payment_id: `${types.bigint} NOT NULL`,
        rate: `${types.exact(20)} NOT NULL`,
        base_minor: `${types.bigint} NOT NULL`,
        tax_minor: `${types.bigint} NOT NULL`,
      },
      { primary: ['payment_id', 'rate'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}sale_payment_taxes`);
  },
};
