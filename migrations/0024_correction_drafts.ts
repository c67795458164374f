import type { Step } from './step';

/** Which draft a source became when its merge was corrected. */
export const correctionDrafts: Step = {
  name: '0024_correction_drafts',
  async up({ schema, prefix }) {
    await schema.addColumns(`${prefix}merge_sources`, { draft_id: schema.types.varchar(64) });
  },
  async down({ schema, prefix }) {
    await schema.dropColumns(`${prefix}merge_sources`, ['draft_id']);
  },
};
