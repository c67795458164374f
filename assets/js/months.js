// @ts-check
/** What merging does to months: VAT that may be declared already, and months that one invoice brings together. */
import { add, isZero } from './decimal.js';

/**
 * The month of the invoice in hand: as the form has it, where the host names its field and a day stands in it.
 * @param {HTMLFormElement | null} form @param {string | null} name of its date field @param {string} otherwise
 */
export function monthOf(form, name, otherwise) {
  const field = name ? form?.elements.namedItem(name) : null;
  const day = field instanceof HTMLInputElement ? field.value : '';
  return /^\d{4}-\d{2}-\d{2}$/.test(day) ? day.slice(0, 7) : otherwise;
}

/** @typedef {{ issueDate: string, totals: Record<string, any>, issued: boolean }} Dated */

/**
 * What was shown is posted as acknowledged; without JavaScript nothing is shown, and nothing asked.
 * @param {HTMLElement} root
 * @param {{ current: string, earlier: boolean, several: boolean }} months what is warned of, and the month of this invoice
 * @param {Dated[]} sources that are ticked @param {string} settlement of issued ones
 * @param {import('./words.js').Words} words @param {string | null} currency
 */
export function tellMonths(root, months, sources, settlement, words, currency) {
  /** @param {string} code @param {string} text */
  const tell = (code, text) => {
    const place = /** @type {HTMLElement | null} */ (root.querySelector(`[data-im="${code}"]`));
    const [input, span] = place?.children ?? [];
    if (!place || !(input instanceof HTMLInputElement) || !span) return;
    place.hidden = text === '';
    input.disabled = text === '';
    if (span.textContent !== text) span.textContent = text;
  };
  /** @type {Map<string, string>} */
  const declared = new Map();
  for (const { issueDate, totals, issued } of sources) {
    const month = issueDate.slice(0, 7);
    if (issued && month < months.current) declared.set(month, add(declared.get(month) ?? '0', totals.tax));
  }
  const withdrawn = months.earlier && settlement !== 'credit' ? [...declared].sort() : [];
  const earlier = withdrawn
    .filter(([, tax]) => !isZero(tax))
    .map(([month, tax]) =>
      words.say('months.earlier', { of: words.ofMonth(month), amount: words.money(tax, currency) }),
    );
  tell('earlier_month', earlier.join(' '));

  const all = [...new Set(sources.map(({ issueDate }) => issueDate.slice(0, 7)))].sort();
  const several = months.several && all.length > 1;
  tell('several_months', several ? words.say('months.several', { months: words.list(all.map(words.month)) }) : '');
}
