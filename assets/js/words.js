// @ts-check
/** The server's texts, filled in the browser; amounts and days as the person's language writes them. */

/** @typedef {{ one: string, other: string }} TextForms */
/** @typedef {ReturnType<typeof createWords>} Words */

/** @param {string} locale @param {Record<string, TextForms>} texts */
export function createWords(locale, texts) {
  const french = locale === 'fr';
  const tag = french ? 'fr-FR' : 'en-GB';
  const plurals = new Intl.PluralRules(tag);
  const numbers = new Intl.NumberFormat(tag, { maximumFractionDigits: 20 });
  const lists = new Intl.ListFormat(tag, { type: 'conjunction' });
  const days = new Intl.DateTimeFormat(tag, {
    day: french ? '2-digit' : 'numeric',
    month: french ? '2-digit' : 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });
  const months = new Intl.DateTimeFormat(tag, { month: 'long', year: 'numeric', timeZone: 'UTC' });
  // A string, so that Intl formats the exact amount; its type comes with ES2023.
  const exact = (/** @type {string} */ value) => /** @type {number} */ (/** @type {unknown} */ (value));
  const minus = (/** @type {string} */ text) => text.replace('-', '\u2212');

  return {
    /** @param {string} key @param {Record<string, string | number>} [vars] `count` chooses the plural form */
    say(key, vars = {}) {
      const forms = texts[key];
      if (!forms) return '';
      const count = typeof vars.count === 'number' ? vars.count : 2;
      const text = plurals.select(count) === 'one' ? forms.one : forms.other;
      const known = /** @type {Record<string, string | number>} */ ({ n: numbers.format(count), ...vars });
      return text.replace(/\{(\w+)\}/g, (_whole, name) => String(known[name] ?? ''));
    },
    /** @param {string} amount @param {string | null} currency */
    money(amount, currency) {
      if (!currency || !/^[A-Z]{3}$/.test(currency)) {
        return `${minus(numbers.format(exact(amount)))}${currency ? `\u00a0${currency}` : ''}`;
      }
      const format = new Intl.NumberFormat(tag, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' });
      return minus(format.format(exact(amount)));
    },
    /** @param {string[]} items */
    list: (items) => lists.format(items),
    /** @param {string} value */
    number: (value) => minus(numbers.format(exact(value))),
    /** @param {string} rate */
    percent: (rate) => `${minus(numbers.format(exact(rate)))}${french ? '\u202f%' : '%'}`,
    /** 'septembre 2026', 'September 2026'. @param {string} month YYYY-MM */
    month: (month) => months.format(new Date(`${month}-01T00:00:00Z`)),
    /** 'd’août 2026'; plain in English. @param {string} month YYYY-MM */
    ofMonth(month) {
      const name = this.month(month);
      return french ? `${/^[aeiou]/.test(name) ? 'd\u2019' : 'de '}${name}` : name;
    },
    /** @param {string} day */
    day: (day) => days.format(new Date(`${day}T00:00:00Z`)),
  };
}
