/** French by default, English by choice: words, amounts, quantities and days as each writes them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInstance } from 'i18next';
import { demoFolder } from './paths';

export type Language = 'fr' | 'en';

export interface Speech {
  lang: Language;
  t: (key: string, vars?: Record<string, unknown>) => string;
  /** '1204.5', 'EUR' -> '1 204,50 €' */
  money: (amount: string, currency: string) => string;
  /** '12604.5', 'EUR' -> '12,6 k€': for drawings. */
  compact: (amount: string, currency: string) => string;
  /** '12.500000' -> '12,5' */
  number: (amount: string) => string;
  percent: (rate: string) => string;
  /** A number as a person types it in a field: no grouping, the language's decimal sign. */
  typed: (amount: string, fraction?: number) => string;
  /** '2026-11-21' -> '21/11/2026', '21 Nov 2026'; of an instant, its first ten characters. */
  day: (day: string) => string;
  /** An instant in Paris: '21/11/2026 11:00'. */
  moment: (instant: string) => string;
  month: (month: string) => string;
  shortMonth: (month: string) => string;
}

const read = (lang: Language): Record<string, unknown> =>
  JSON.parse(readFileSync(join(demoFolder, 'lang', `${lang}.json`), 'utf8')) as Record<string, unknown>;

const words = createInstance();
void words.init({
  initAsync: false,
  fallbackLng: 'fr',
  resources: { fr: { translation: read('fr') }, en: { translation: read('en') } },
  interpolation: { escapeValue: false },
});

/** Intl reads decimal strings exactly; a float would lose cents of large amounts. */
const exact = (amount: string): Intl.StringNumericLiteral => amount as Intl.StringNumericLiteral;
const withMinus = (text: string): string => text.replace('-', '−');

function speechOf(lang: Language): Speech {
  const locale = lang === 'fr' ? 'fr-FR' : 'en-GB';
  const currencies = new Map<string, Intl.NumberFormat>();
  const currencyFormat = (currency: string): Intl.NumberFormat => {
    const known = currencies.get(currency);
    if (known) return known;
    const made = new Intl.NumberFormat(locale, { style: 'currency', currency });
    currencies.set(currency, made);
    return made;
  };
  const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 6 });
  const months = new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone: 'UTC' });
  const shortMonths = new Intl.DateTimeFormat(locale, { month: 'short', timeZone: 'UTC' });
  const days = new Intl.DateTimeFormat(locale, {
    day: lang === 'fr' ? '2-digit' : 'numeric',
    month: lang === 'fr' ? '2-digit' : 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });
  const times = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', timeZone: 'Europe/Paris' });
  const parisDays = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Paris' });
  const day = (text: string): string => days.format(new Date(`${text.slice(0, 10)}T00:00:00Z`));
  const fixed = words.getFixedT(lang);
  return {
    lang,
    t: (key, vars = {}) => fixed(key, vars),
    money: (amount, currency) => withMinus(currencyFormat(currency).format(exact(amount))),
    compact: (amount, currency) =>
      new Intl.NumberFormat(locale, {
        style: 'currency',
        currency,
        notation: 'compact',
        maximumSignificantDigits: 3,
      })
        .format(exact(amount))
        // The dictionary's French has a blank between k and the sign; people write k€.
        .replace(/k[\s\u00a0\u202f]+/, 'k'),
    number: (amount) => withMinus(plain.format(exact(amount))),
    percent: (rate) => (lang === 'fr' ? `${plain.format(exact(rate))}\u00a0%` : `${plain.format(exact(rate))}%`),
    typed(amount, fraction = 0) {
      const format = new Intl.NumberFormat('en', {
        useGrouping: false,
        minimumFractionDigits: fraction,
        maximumFractionDigits: 6,
      });
      const text = format.format(exact(amount));
      return lang === 'fr' ? text.replace('.', ',') : text;
    },
    day,
    moment: (instant) => `${day(parisDays.format(new Date(instant)))} ${times.format(new Date(instant))}`,
    month: (month) => months.format(new Date(`${month}-01T00:00:00Z`)),
    shortMonth: (month) => shortMonths.format(new Date(`${month}-01T00:00:00Z`)),
  };
}

export const speeches: Record<Language, Speech> = { fr: speechOf('fr'), en: speechOf('en') };

/**
 * A number as people type it ('1 204,50', '1204.50', '1,204.50') as a decimal string.
 * What is no number comes back unchanged, for the validation to refuse.
 */
export function readNumber(text: string): string {
  const compact = text.replace(/[\s\u00a0\u202f%€$]/g, '').replace('−', '-');
  const lastComma = compact.lastIndexOf(',');
  const lastPoint = compact.lastIndexOf('.');
  if (lastComma > lastPoint) return compact.replaceAll('.', '').replace(',', '.');
  return compact.replaceAll(',', '');
}
