import { hasBilling } from './billing';
import type { Step } from './step';

/** Pictures of payment methods, each under the hash of its content, so that an address never shows another one. */
export const images: Step = {
  name: '0044_images',
  wanted: hasBilling,
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.createTable(
      `${prefix}images`,
      {
        id: `${types.exact(64)} NOT NULL`,
        media_type: `${types.varchar(60)} NOT NULL`,
        content: `${types.blob} NOT NULL`,
      },
      { primary: ['id'] },
    );
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}images`);
  },
};
