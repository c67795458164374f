import type { Step } from './step';

/** The last changes of the settings among very many merges. */
export const activityAction: Step = {
  name: '0013_activity_action',
  async up({ schema, prefix }) {
    await schema.addIndex(`${prefix}activity`, `${prefix}activity_action`, ['action']);
  },
  async down({ schema, prefix }) {
    if (await schema.hasTable(`${prefix}activity`))
      await schema.dropIndex(`${prefix}activity`, `${prefix}activity_action`);
  },
};
