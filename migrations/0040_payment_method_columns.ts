import { hasBilling } from './billing';
import type { Step } from './step';

const COLUMNS = [
  'kind',
  'external_identifier',
  'requires_reference',
  'reference_label',
  'reference_mask',
  'image_id',
  'integration_id',
  'archived_at',
  'used_at',
];

/**
 * Host payment methods: what makes one external. Text of its own character set, whatever the host's table has, and of 64
 * characters at least: InnoDB keeps longer texts outside the row, and counts shorter ones in full against its length.
 */
export const paymentMethodColumns: Step = {
  name: '0040_payment_method_columns',
  wanted: hasBilling,
  async up({ schema, map, prefix }) {
    if (!map.paymentMethods) return;
    const { types } = schema;
    await schema.addColumns(map.paymentMethods.table, {
      [`${prefix}kind`]: types.exact(64),
      [`${prefix}external_identifier`]: types.exact(190),
      [`${prefix}requires_reference`]: types.flag,
      [`${prefix}reference_label`]: types.exact(64),
      [`${prefix}reference_mask`]: types.exact(64),
      [`${prefix}image_id`]: types.exact(64),
      [`${prefix}integration_id`]: types.bigint,
      [`${prefix}archived_at`]: types.exact(64),
      [`${prefix}used_at`]: types.exact(64),
    });
  },
  async down({ schema, map, prefix }) {
    if (!map.paymentMethods) return;
    await schema.dropColumns(
      map.paymentMethods.table,
      COLUMNS.map((name) => `${prefix}${name}`),
    );
  },
};
