/** The words on screen, in the person's language; amounts and days as that language writes them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import i18next from 'i18next';
import type { Day, Row } from './host/contract';
import type { Decimal } from './money/types';
import { isPluginError } from './errors';
import type { PluginError } from './errors';
import { langDir } from './paths';

export type Locale = 'fr' | 'en';

/** A text with its plural forms, for the browser: `{name}` is filled there. */
export interface TextForms {
  one: string;
  other: string;
}

/** Everything that a page needs to speak; made per request by `createTranslator(...)(locale)`. */
export interface Words {
  locale: Locale;
  /** `vars.count` chooses the plural form and is printed with `{n}`. */
  t: (key: string, vars?: Row) => string;
  /** The first of the keys that has words; null where none has. */
  find: (keys: string[], vars?: Row) => string | null;
  forms: (key: string, names?: string[]) => TextForms;
  money: (amount: Decimal, currency: string) => string;
  number: (value: Decimal) => string;
  percent: (rate: Decimal) => string;
  day: (day: Day) => string;
  /** Day and time of an ISO instant in the business's time zone. */
  instant: (iso: string) => string;
  /** When something happened, within a sentence: "à 14:32" of today, else "le 21/11/2026 à 14:32". */
  moment: (iso: string) => string;
  list: (items: string[]) => string;
}

export type Translator = (locale?: string) => Words;

/** What a missing variable becomes until its optional part is cut out; never in a text. */
const MISSING = '\u0000';
const OPTIONAL_PART = /⟦([^⟦⟧]*)⟧/g;

function loadWords(locale: Locale): Row {
  return JSON.parse(readFileSync(path.join(langDir, `${locale}.json`), 'utf8')) as Row;
}

/** `⟦ … ⟧` in a text is left out when one of the variables inside is missing. */
function settleOptionalParts(text: string): string {
  return text
    .replace(OPTIONAL_PART, (_whole, part: string) => (part.includes(MISSING) ? '' : part))
    .replaceAll(MISSING, '…');
}

/** `fr` for no wish at all (the business is French), `en` for a language that we do not have. */
export function chooseLocale(wish: string | undefined): Locale {
  if (wish === undefined || /^fr\b/i.test(wish)) return 'fr';
  return 'en';
}

/**
 * @param options.translate the host's own words come first; `undefined` from it means ours
 * @param options.timeZone of the business, for instants. Default: Europe/Paris
 * @returns a function of the wished locale (`options.locale(req)`), cheap to call per request
 */
export function createTranslator(
  options: { translate?: (key: string, vars: Row, locale: string) => string | undefined; timeZone?: string } = {},
): Translator {
  const { translate, timeZone = 'Europe/Paris' } = options;
  // An instance of our own: the host may use i18next itself.
  const i18n = i18next.createInstance();
  void i18n.init({
    initAsync: false,
    lng: 'fr',
    fallbackLng: 'en',
    resources: { fr: { translation: loadWords('fr') }, en: { translation: loadWords('en') } },
    nsSeparator: false,
    interpolation: { prefix: '{', suffix: '}', escapeValue: false },
    missingInterpolationHandler: () => MISSING,
  });
  const made = new Map<Locale, Words>();
  return (wish) => {
    const locale = chooseLocale(wish);
    const known = made.get(locale);
    if (known) return known;
    const fixed = i18n.getFixedT(locale);
    const t = (key: string, vars: Row = {}): string => {
      const own = typeof vars.count === 'number' ? { n: number(String(vars.count)), ...vars } : vars;
      return translate?.(key, own, locale) ?? settleOptionalParts(fixed(key, own));
    };
    const { number, ...formats } = createFormats(locale, timeZone);
    const words: Words = {
      locale,
      t,
      find: (keys, vars = {}) => {
        for (const key of keys) {
          const hosts = translate?.(key, vars, locale);
          if (hosts !== undefined) return hosts;
          if (i18n.exists(key, { lng: locale, count: 2 }) || i18n.exists(key, { lng: locale })) return t(key, vars);
        }
        return null;
      },
      forms: (key, names = []) => {
        const vars = Object.fromEntries(['n', ...names].map((name) => [name, `{${name}}`]));
        return { one: t(key, { ...vars, count: 1 }), other: t(key, { ...vars, count: 2 }) };
      },
      number,
      ...formats,
    };
    made.set(locale, words);
    return words;
  };
}

type Formats = Pick<Words, 'money' | 'number' | 'percent' | 'day' | 'instant' | 'moment' | 'list'>;

function createFormats(locale: Locale, timeZone: string): Formats {
  const tag = locale === 'fr' ? 'fr-FR' : 'en-GB';
  const decimals = new Intl.NumberFormat(tag, { maximumFractionDigits: 20 });
  const currencies = new Map<string, Intl.NumberFormat>();
  const list = new Intl.ListFormat(tag, { type: 'conjunction' });
  const dayStyle: Intl.DateTimeFormatOptions =
    locale === 'fr'
      ? { day: '2-digit', month: '2-digit', year: 'numeric' }
      : { day: 'numeric', month: 'short', year: 'numeric' };
  const days = new Intl.DateTimeFormat(tag, { ...dayStyle, timeZone: 'UTC' });
  const instantDays = new Intl.DateTimeFormat(tag, { ...dayStyle, timeZone });
  const times = new Intl.DateTimeFormat(tag, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone });
  // The minus sign, not the hyphen that ICU writes: it lines up with the figures.
  const minus = (text: string): string => text.replace('-', '\u2212');
  const exact = (value: Decimal): Intl.StringNumericLiteral => value as Intl.StringNumericLiteral;
  const instant = (iso: string): string => {
    const at = new Date(iso);
    return `${instantDays.format(at)} ${locale === 'fr' ? 'à' : 'at'} ${times.format(at)}`;
  };

  return {
    money: (amount, currency) => {
      let format = currencies.get(currency);
      if (!format) {
        // Not every host's currency is one that Intl knows ("points"): then the figure with its code.
        const known = /^[A-Z]{3}$/.test(currency);
        format = new Intl.NumberFormat(
          tag,
          known ? { style: 'currency', currency, currencyDisplay: 'narrowSymbol' } : { minimumFractionDigits: 2 },
        );
        currencies.set(currency, format);
      }
      const text = minus(format.format(exact(amount)));
      return /^[A-Z]{3}$/.test(currency) ? text : `${text}\u00a0${currency}`;
    },
    number: (value) => minus(decimals.format(exact(value))),
    percent: (rate) => `${minus(decimals.format(exact(rate)))}${locale === 'fr' ? '\u202f%' : '%'}`,
    day: (day) => {
      const at = new Date(`${day}T00:00:00Z`);
      // Drafts of some hosts bear no day yet, and MySQL may keep '2026-00-00': a page must not fail for it.
      return Number.isNaN(at.getTime()) ? day || '…' : days.format(at);
    },
    instant,
    moment: (iso) => {
      const at = new Date(iso);
      const today = instantDays.format(at) === instantDays.format(new Date());
      if (locale === 'fr') return today ? `à ${times.format(at)}` : `le ${instant(iso)}`;
      return today ? `at ${times.format(at)}` : `on ${instant(iso)}`;
    },
    list: (items) => list.format(items),
  };
}

const AMOUNTS = new Set(['amount', 'sum', 'total', 'before', 'after', 'shown', 'now', 'difference']);
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/;
const DECIMAL = /^-?\d{1,30}(\.\d{1,20})?$/;

/** An error's or a reason's variables as a sentence shows them: amounts with their currency, days, names of persons, lists. */
export function showVars(words: Words, vars: Row): Row {
  const currency = typeof vars.currency === 'string' ? vars.currency : null;
  const show = (name: string, value: unknown): unknown => {
    if (typeof value === 'string') {
      if (AMOUNTS.has(name) && currency && DECIMAL.test(value)) return words.money(value, currency);
      if (DAY.test(value)) return words.day(value);
      if (INSTANT.test(value)) return words.instant(value);
      return value;
    }
    if (Array.isArray(value)) {
      const named = name === 'links' ? value.map((item: unknown) => linkName(words, String(item))) : value;
      const items = named.map((item: unknown) => show(name, item)).filter((item) => typeof item === 'string');
      return items.length > 0 ? words.list(items) : undefined;
    }
    if (value !== null && typeof value === 'object') {
      const { name: person, number, description, issueDate } = value as Row;
      const known = [person, number, description].find((text) => typeof text === 'string');
      if (known !== undefined || typeof issueDate !== 'string') return known;
      return words.t('invoice.draftOf', { date: words.day(issueDate) });
    }
    return value ?? undefined;
  };
  const shown = Object.entries(vars).map(([name, value]) => [name, show(name, value)] as const);
  return Object.fromEntries(shown.filter(([, value]) => value !== undefined));
}

/** How the host calls a table that hangs on invoices, by its own translation of `links.<name>`. */
export const linkName = (words: Words, link: string): string => words.find([`links.${link}`]) ?? link;

/** For texts that differ by status; '' where the variables name none. */
export function statusOf(vars: Row): string {
  return typeof vars.status === 'string' ? vars.status : '';
}

/** Why one invoice cannot be merged, as the end of a sentence: "déjà payée en partie (100,00 €)". */
export function explainReason(words: Words, reason: { code: string; vars: Row }): string {
  const keys = [`reasons.${reason.code}_${statusOf(reason.vars)}`, `reasons.${reason.code}`, 'reasons.host'];
  const { fields } = reason.vars;
  const named = Array.isArray(fields) && { fields: fields.map((column) => fieldName(words, String(column))) };
  return words.find(keys, showVars(words, { ...reason.vars, ...named })) ?? reason.code;
}

interface RefusedInvoice {
  number?: string | null;
  reasons?: { code: string; vars?: Row }[];
}

/** What happened, why and what to do next; null when the error is none of ours. */
export function explainError(words: Words, error: unknown): string | null {
  if (!isPluginError(error)) return null;
  const vars = error.status >= 500 ? {} : error.vars;
  const variant = typeof vars.why === 'string' ? `_${vars.why}` : '';
  const keys = [`errors.${error.code}${variant}`, `errors.${error.code}`, 'errors.unknown'];
  const lastMerge = explainLastMerge(words, vars.lastMerge);
  const causes = joined(words, explainCauses(words, vars));
  const fields = joined(
    words,
    rowsOf(vars.fields).map(({ column }) => fieldName(words, String(column))),
  );
  const sentence = words.find(keys, showVars(words, { ...vars, lastMerge, causes, fields })) ?? error.code;
  const stale = rowsOf(vars.stale).map((source) => explainStale(words, source));
  const invoices = refusedInvoices(vars).map((invoice) => explainInvoice(words, invoice));
  const explainOne = error.code === 'IM_NUMBER_REFUSED' ? explainNumberRefusal : explainUndoRefusal;
  const refusals = rowsOf(vars.refusals).map((refusal) => explainOne(words, refusal));
  // A merge's questions carry no words of their own: its sentence has said what they are.
  const questions = error.code === 'IM_NUMBER_QUESTIONS' ? rowsOf(vars.questions) : [];
  const asked = questions.map((question) => explainNumberQuestion(words, question));
  return [...explainTarget(words, vars.reason), ...stale, sentence, ...invoices, ...refusals, ...asked].join(' ');
}

/** Why a number is not given, freed or taken back, and what to do about it. */
export const explainNumberRefusal = (words: Words, { code, vars }: Row): string =>
  words.find([`numbers.refused.${String(code)}`], showVars(words, (vars ?? {}) as Row)) ?? String(code);

/** What a person answers for who gives a number. */
export function explainNumberQuestion(words: Words, { code, vars }: Row): string {
  const { before, after, ...others } = (vars ?? {}) as Row;
  const dated = Object.entries({ before, after }).flatMap(([side, one]): [string, unknown][] => {
    const { number, date } = (one ?? {}) as Row;
    return typeof number === 'string' && typeof date === 'string'
      ? [
          [side, number],
          [`${side}Date`, date],
        ]
      : [];
  });
  const sides = Object.keys({ before, after }).filter((side) => dated.some(([name]) => name === side));
  const variant = sides.length === 2 ? 'both' : (sides[0] ?? (others.number === null ? 'none' : ''));
  const keys = [`numbers.asks.${String(code)}_${variant}`, `numbers.asks.${String(code)}`];
  return words.find(keys, showVars(words, { ...others, ...Object.fromEntries(dated) })) ?? String(code);
}

/** Why a merge cannot be undone or corrected, and what to do about it. */
export function explainUndoRefusal(words: Words, { code, vars }: Row): string {
  return (
    words.find(
      [`undo.refused.${String(code)}`, `correct.refused.${String(code)}`],
      showVars(words, (vars ?? {}) as Row),
    ) ?? String(code)
  );
}

/** Of one of IM_STALE_SOURCE's `stale`: what became of it, who did it and when. */
export function explainStale(words: Words, stale: Row): string {
  const { number, issueDate, at } = stale;
  const day = typeof issueDate === 'string' && issueDate !== '' ? words.day(issueDate) : undefined;
  const reasons = rowsOf(stale.reasons).map(({ code, vars }) =>
    explainReason(words, { code: String(code), vars: (vars ?? {}) as Row }),
  );
  const when = typeof at === 'string' ? words.moment(at) : undefined;
  const known = showVars(words, { ...stale, reasons: joined(words, reasons) });
  const key = `errors.stale_${stale.change === 'merged' ? 'merged' : 'edited'}${typeof number === 'string' ? '' : '_draft'}`;
  return words.t(key, { ...known, day, when });
}

/** "arrondi de la TVA (+0,01 €)", one for each cause of a difference. */
export function explainCauses(words: Words, { causes, currency }: Row): string[] {
  return rowsOf(causes).flatMap(({ code, amount }) => {
    const cause = words.find([`causes.${String(code)}`, 'causes.other']);
    if (cause === null || typeof amount !== 'string' || typeof currency !== 'string') return [];
    const sum = words.money(amount, currency);
    return [words.t('causes.amount', { cause, amount: amount.startsWith('-') ? sum : `+${sum}` })];
  });
}

/** How the host calls a column of its invoices, by its own translation of `fields.<column>`. */
export const fieldName = (words: Words, column: string): string => words.find([`fields.${column}`]) ?? column;

/** What a column says, by the host's translation of `fields.<column>.<value>`: an id of a bank account says nothing. */
export function fieldValue(words: Words, column: string, value: string | null): string {
  if (value === null || value === '') return words.t('differ.none');
  return words.find([`fields.${column}.${value}`]) ?? (DAY.test(value) ? words.day(value) : value);
}

const joined = (words: Words, texts: string[]): string | undefined =>
  texts.length > 0 ? words.list(texts) : undefined;

const rowsOf = (value: unknown): Row[] =>
  Array.isArray(value) ? value.filter((one): one is Row => one !== null && typeof one === 'object') : [];

/** Why nothing can be merged into an invoice, as a sentence; `vars.status` chooses between texts. */
export function explainRefusal(words: Words, refusal: { code: string; vars: Row }): string {
  const keys = [`target.${refusal.code}_${statusOf(refusal.vars)}`, `target.${refusal.code}`, 'target.other'];
  return words.find(keys, showVars(words, refusal.vars)) ?? refusal.code;
}

/** Most often it was a merge that made a form too old: who and when is all that a person needs to ask. */
function explainLastMerge(words: Words, lastMerge: unknown): string | undefined {
  if (lastMerge === null || typeof lastMerge !== 'object') return undefined;
  const { at, by } = lastMerge as Row;
  if (typeof at !== 'string' || typeof by !== 'string') return undefined;
  return words.t('errors.lastMerge', { by, when: words.moment(at) });
}

function explainTarget(words: Words, reason: unknown): string[] {
  if (reason === null || typeof reason !== 'object' || !('code' in reason)) return [];
  const { code, vars } = reason as { code: unknown; vars?: Row };
  return typeof code === 'string' ? [explainRefusal(words, { code, vars: vars ?? {} })] : [];
}

/** The codes of an error's questions are error codes; each has its sentence under `questions`. */
export function explainQuestion(words: Words, question: { code: string; [name: string]: unknown }): string {
  const code = question.code.replace(/^IM_/, '').toLowerCase();
  return words.find([`questions.${code}`], showVars(words, question)) ?? words.t('questions.other');
}

function refusedInvoices(vars: PluginError['vars']): RefusedInvoice[] {
  const list: unknown = vars.invoices ?? (vars.reasons ? [vars] : []);
  return Array.isArray(list) ? (list as RefusedInvoice[]) : [];
}

function explainInvoice(words: Words, invoice: RefusedInvoice): string {
  const reasons = (invoice.reasons ?? []).map(({ code, vars = {} }) => explainReason(words, { code, vars }));
  return words.t('errors.invoice', {
    number: invoice.number ?? words.t('invoice.draft'),
    reasons: words.list(reasons),
  });
}
