import type { Step } from './step';

/** Which credit note settled a source. Its id as text: a host may map its credit notes after this step has run. */
export const creditNotes: Step = {
  name: '0021_credit_notes',
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.addColumns(`${prefix}merge_sources`, {
      credit_note_id: types.varchar(64),
      credit_note_number: types.varchar(190),
    });
  },
  async down({ schema, prefix }) {
    await schema.dropColumns(`${prefix}merge_sources`, ['credit_note_id', 'credit_note_number']);
  },
};
