import type { Step } from './step';

/** Why the numbers of a stretch of a series are missing. */
export const vacatedNumbersIndex: Step = {
  name: '0035_vacated_numbers_index',
  async up({ schema, prefix }) {
    const table = `${prefix}vacated_numbers`;
    await schema.addIndex(table, `${table}_series`, ['series', 'sequence']);
  },
  async down({ schema, prefix }) {
    const table = `${prefix}vacated_numbers`;
    if (await schema.hasTable(table)) await schema.dropIndex(table, `${table}_series`);
  },
};
