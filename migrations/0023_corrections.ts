import type { Step } from './step';

/** Who corrected a merge, when and why, and which credit note that made. Ids as text, as in 0021. */
export const corrections: Step = {
  name: '0023_corrections',
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.addColumns(`${prefix}merges`, {
      corrected_at: types.time,
      corrected_by_id: types.varchar(64),
      corrected_by_name: types.varchar(190),
      corrected_reason: types.text,
      corrected_note_id: types.varchar(64),
      corrected_note_number: types.varchar(190),
      corrected_rest_id: types.varchar(64),
    });
  },
  async down({ schema, prefix }) {
    await schema.dropColumns(`${prefix}merges`, [
      'corrected_at',
      'corrected_by_id',
      'corrected_by_name',
      'corrected_reason',
      'corrected_note_id',
      'corrected_note_number',
      'corrected_rest_id',
    ]);
  },
};
