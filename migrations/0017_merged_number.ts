import type { Step } from './step';

/** People look for invoices by the numbers that merged ones bore. */
export const mergedNumber: Step = {
  name: '0017_merged_number',
  async up({ schema, prefix }) {
    await schema.addIndex(`${prefix}merge_sources`, `${prefix}merge_sources_number`, ['number']);
  },
  async down({ schema, prefix }) {
    const table = `${prefix}merge_sources`;
    if (await schema.hasTable(table)) await schema.dropIndex(table, `${prefix}merge_sources_number`);
  },
};
