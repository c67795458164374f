// @ts-check
/** Where the summary's three columns come from: the host's form, or the server's preview. */
import { add, isZero, subtract } from './decimal.js';
import { combine, drawSummary, emptyColumn, fromForm, fromTotals } from './summary.js';

/** @typedef {import('./rows.js').SourceLines} SourceLines */
/** @typedef {{ category?: string, rate: string, taxable: string, tax: string }} HostTax */
/** @typedef {{ total: string, taxes: HostTax[], own?: { total: string, taxes: HostTax[] } }} Changed */

/** Up to a cent for each document is what rounding may do. @param {string} difference @param {number} documents */
const isRounding = (difference, documents) => Number(difference.replace('-', '')) <= 0.01 * (documents + 1);

/**
 * The host computes its form with the merged rows in it.
 * @param {Changed} changed @param {SourceLines[]} sources @param {import('./words.js').Words} words
 * @returns {import('./summary.js').Summary}
 */
export function fromHostForm(changed, sources, words) {
  const merged = sources
    .map(({ source }) => fromTotals(source.totals))
    .reduce((a, b) => combine(a, b, add), emptyColumn());
  const form = fromForm(changed);
  // The sources' adjustments are no rows of the form: the server adds them at the save.
  const adjustment = add('0', ...sources.map((source) => source.adjustment));
  const after = {
    ...form,
    adjustment: add(form.adjustment, adjustment),
    total: add(form.total, adjustment),
  };
  const before = changed.own ? fromForm(changed.own) : combine(after, merged, subtract);
  const difference = subtract(after.total, add(before.total, merged.total));
  const cause = isRounding(difference, sources.length) ? 'causes.rounding' : 'causes.lines';
  return { before, merged, after, difference, cause: words.say(cause), exact: changed.own !== undefined };
}

/**
 * The server computes; what is typed in the host's form but not saved is known only from the host's `:changed`.
 * @param {Record<string, any>} preview @param {Changed | null} changed @param {import('./words.js').Words} words
 * @returns {import('./summary.js').Summary}
 */
export function fromPreview(preview, changed, words) {
  const merged = fromTotals(preview.merged);
  if (changed) {
    const before = fromForm(changed.own ?? changed);
    return { before, merged, after: combine(before, merged, add), difference: '0', cause: null, exact: false };
  }
  const before = preview.target ? fromTotals(preview.target) : emptyColumn();
  const known = (preview.causes ?? []).map((/** @type {{ code: string }} */ { code }) => words.say(`causes.${code}`));
  const cause = known.filter(Boolean).join(', ') || null;
  return { before, merged, after: fromTotals(preview.after), difference: preview.difference, cause, exact: true };
}

/** @param {import('./summary.js').Summary} summary */
const plainColumns = ({ before, merged, after, difference }) => {
  const plain = (/** @type {import('./summary.js').Column} */ column) => ({
    taxExclusive: column.taxExclusive,
    adjustment: column.adjustment,
    total: column.total,
    taxes: [...column.taxes.values()],
  });
  return { before: plain(before), merged: plain(merged), after: plain(after), difference };
};

/**
 * Draws the summary where the host wants it and tells whoever listens.
 * @param {HTMLElement} place @param {HTMLElement} root @param {import('./summary.js').Summary} summary
 * @param {import('./words.js').Words} words @param {string | null} currency
 */
export function showSummary(place, root, summary, words, currency) {
  drawSummary(place, summary, words, currency);
  place.classList.toggle('im-differs', !isZero(summary.difference));
  root.dispatchEvent(new CustomEvent('invoice-merge:totals', { bubbles: true, detail: plainColumns(summary) }));
}
