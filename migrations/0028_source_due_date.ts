import type { Step } from './step';

/** When a source was due: what is owed through its target is aged by it. */
export const sourceDueDate: Step = {
  name: '0028_source_due_date',
  async up({ schema, prefix }) {
    await schema.addColumns(`${prefix}merge_sources`, { due_date: schema.types.char(10) });
  },
  async down({ schema, prefix }) {
    await schema.dropColumns(`${prefix}merge_sources`, ['due_date']);
  },
};
