import type { Step } from './step';

/** When a carried line was changed on its target with somebody's consent: the merge cannot be undone any more. */
export const changedLines: Step = {
  name: '0022_changed_lines',
  async up({ schema, prefix }) {
    await schema.addColumns(`${prefix}carried_lines`, { changed_at: schema.types.time });
  },
  async down({ schema, prefix }) {
    await schema.dropColumns(`${prefix}carried_lines`, ['changed_at']);
  },
};
