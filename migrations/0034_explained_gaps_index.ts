import type { Step } from './step';

/** The explanations of a stretch of a series. */
export const explainedGapsIndex: Step = {
  name: '0034_explained_gaps_index',
  async up({ schema, prefix }) {
    const table = `${prefix}explained_gaps`;
    await schema.addIndex(table, `${table}_series`, ['series', 'from_sequence']);
  },
  async down({ schema, prefix }) {
    const table = `${prefix}explained_gaps`;
    if (await schema.hasTable(table)) await schema.dropIndex(table, `${table}_series`);
  },
};
