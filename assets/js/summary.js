// @ts-check
/** This invoice / merged / after, per tax rate, with the difference and its cause. */
import { add, isZero, plain, subtract } from './decimal.js';

/** @typedef {{ taxExclusive: string, adjustment: string, total: string, taxes: Map<string, { rate: string, tax: string }> }} Column */
/** @typedef {{ before: Column, merged: Column, after: Column, difference: string, cause: string | null, exact: boolean }} Summary */

/** @returns {Column} */
export const emptyColumn = () => ({ taxExclusive: '0', adjustment: '0', total: '0', taxes: new Map() });

/** @param {{ category?: string, rate: string, tax: string }[]} list @returns {Column['taxes']} */
function taxesOf(list) {
  /** @type {Column['taxes']} */
  const taxes = new Map();
  for (const { category = '', rate, tax } of list) {
    const key = `${category}|${plain(rate)}`;
    taxes.set(key, { rate: plain(rate), tax: add(taxes.get(key)?.tax ?? '0', tax) });
  }
  return taxes;
}

/** From the API's Totals. @param {Record<string, any>} totals @returns {Column} */
export function fromTotals(totals) {
  return {
    taxExclusive: totals.taxExclusive,
    adjustment: add(totals.adjustment, totals.rounding),
    total: add(totals.taxInclusive, totals.adjustment, totals.rounding),
    taxes: taxesOf(totals.taxes),
  };
}

/** From the host's `invoice-merge:changed`. @param {{ total: string, taxes: { category?: string, rate: string, taxable: string, tax: string }[] }} form @returns {Column} */
export function fromForm(form) {
  const taxExclusive = add('0', ...form.taxes.map((tax) => tax.taxable));
  const tax = add('0', ...form.taxes.map((one) => one.tax));
  return {
    taxExclusive,
    adjustment: subtract(form.total, add(taxExclusive, tax)),
    total: form.total,
    taxes: taxesOf(form.taxes),
  };
}

/** @param {Column} a @param {Column} b @param {(x: string, y: string) => string} operation @returns {Column} */
export function combine(a, b, operation) {
  const keys = new Set([...a.taxes.keys(), ...b.taxes.keys()]);
  return {
    taxExclusive: operation(a.taxExclusive, b.taxExclusive),
    adjustment: operation(a.adjustment, b.adjustment),
    total: operation(a.total, b.total),
    taxes: new Map(
      [...keys].map((key) => {
        const rate = (a.taxes.get(key) ?? b.taxes.get(key))?.rate ?? '0';
        return [key, { rate, tax: operation(a.taxes.get(key)?.tax ?? '0', b.taxes.get(key)?.tax ?? '0') }];
      }),
    ),
  };
}

/** @param {string} tag @param {string} text @param {Record<string, string>} [attributes] @returns {HTMLElement} */
function cell(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/**
 * @param {HTMLElement} place emptied and filled
 * @param {Summary} summary
 * @param {import('./words.js').Words} words
 * @param {string | null} currency
 */
export function drawSummary(place, summary, words, currency) {
  const { before, merged, after } = summary;
  const heads = ['summary.own', 'summary.merged', 'summary.after'].map((key) => words.say(key));
  const table = document.createElement('table');
  const headRow = document.createElement('tr');
  headRow.append(cell('td', ''), ...heads.map((text) => cell('th', text, { scope: 'col' })));
  const head = document.createElement('thead');
  head.append(headRow);
  const body = document.createElement('tbody');
  const addRow = (/** @type {string} */ label, /** @type {string[]} */ amounts, strong = false) => {
    const row = document.createElement('tr');
    if (strong) row.className = 'im-total';
    row.append(cell('th', label, { scope: 'row' }));
    amounts.forEach((amount, index) =>
      row.append(cell('td', words.money(amount, currency), { 'data-im-label': heads[index] ?? '' })),
    );
    body.append(row);
  };
  const columns = [before, merged, after];
  addRow(
    words.say('summary.taxExclusive'),
    columns.map((column) => column.taxExclusive),
  );
  const rates = new Map(columns.flatMap((column) => [...column.taxes].map(([key, { rate }]) => [key, rate])));
  const sorted = [...rates].sort(([, a], [, b]) => Number(a) - Number(b));
  for (const [key, rate] of sorted) {
    const amounts = columns.map((column) => column.taxes.get(key)?.tax ?? '0');
    addRow(words.say('summary.tax', { rate: words.percent(rate) }), amounts);
  }
  if (columns.some((column) => !isZero(column.adjustment))) {
    addRow(
      words.say('summary.adjustment'),
      columns.map((column) => column.adjustment),
    );
  }
  addRow(
    words.say('summary.total'),
    columns.map((column) => column.total),
    true,
  );
  table.append(head, body);
  const note = !isZero(summary.difference)
    ? words.say('summary.difference', {
        amount: words.money(summary.difference, currency),
        cause: summary.cause ?? words.say('causes.other'),
      })
    : summary.exact
      ? words.say('summary.exact')
      : '';
  const caption = cell('caption', words.say('summary.caption'));
  caption.className = 'im-sr';
  table.prepend(caption);
  place.replaceChildren(table, cell('p', note, { class: 'im-difference' }));
}
