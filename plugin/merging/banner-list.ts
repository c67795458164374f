/** Which of the candidates the banner lists, and what it says of all of them: pure. */
import Big from 'big.js';
import type { Candidate, Id } from '../host/contract';
import type { Words } from '../i18n';
import { LIMITS } from './payload';

export const PAGE_SIZE = 20;
/** As many rows are seen at a glance; from here on looking for one takes longer than typing its number. */
const SEARCHABLE_FROM = 9;

/** What of the list is asked for. Pages count from 1; one beyond the end is the last. */
export interface ListView {
  search?: string;
  choices: number;
  others: number;
  /** All that may be merged, up to what one merge takes: to tick all of them, and for people without JavaScript. */
  all: boolean;
}

export const FIRST_VIEW: ListView = { choices: 1, others: 1, all: false };

/** Asks for `all` in the address of the host's own page. */
export const ALL_ROWS = { name: 'invoiceMergeRows', value: 'all' } as const;

export interface Page<T> {
  items: T[];
  page: number;
  pages: number;
  count: number;
}

/** One page of a list. */
export function pageOf<T>(list: T[], wanted: number): Page<T> {
  const pages = Math.max(1, Math.ceil(list.length / PAGE_SIZE));
  const page = Math.min(Math.max(1, wanted), pages);
  return { items: list.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE), page, pages, count: list.length };
}

export interface Pager {
  page: number;
  pages: number;
  /** "21–40 sur 73" */
  range: string;
}

export function toPager(words: Words, { page, pages, items, count }: Page<unknown>): Pager | null {
  if (pages === 1) return null;
  const first = (page - 1) * PAGE_SIZE + 1;
  const number = (value: number): string => words.number(String(value));
  const vars = { first: number(first), last: number(first + items.length - 1), all: number(count) };
  return { page, pages, range: words.t('banner.range', vars) };
}

export interface ChoiceList {
  page: Page<Candidate>;
  /** The page's, and those that must be there whatever the page: ticked or refused at a save before. Oldest first. */
  shown: Candidate[];
  /** What "select all" ticks: the oldest, as many as one merge takes. */
  selectable: Candidate[];
}

/** @param choices those that may be merged @param kept ids that a refused save brought back */
export function listChoices(choices: Candidate[], view: ListView, kept: Set<Id>): ChoiceList {
  const page = pageOf(choices, view.choices);
  const selectable = choices.slice(0, LIMITS.sources);
  const wanted = new Set([...page.items, ...(view.all ? selectable : [])].map(({ id }) => id));
  return { page, shown: choices.filter(({ id }) => wanted.has(id) || kept.has(id)), selectable };
}

export const isSearchable = (candidates: Candidate[], view: ListView): boolean =>
  view.search !== undefined || candidates.length >= SEARCHABLE_FROM;

/** How many can be merged here, and whose; with a search, how many of those found. */
export function titleOf(words: Words, customer: string, count: number, search?: string): string {
  const key = search === undefined ? 'title' : 'titleFound';
  const vars = { customer, search };
  return count > 0 ? words.t(`banner.${key}`, { count, ...vars }) : words.t(`banner.${key}None`, vars);
}

/** "Select all (3 · 931,20 €)"; without the amount where the currencies differ. */
export function selectAllLabel(words: Words, { page, selectable }: ChoiceList, search?: string): string {
  const currencies = new Set(selectable.map(({ currency }) => currency));
  const [currency] = currencies;
  const sum = selectable.reduce((total, { total: one }) => total.plus(one), new Big(0));
  const amount = currencies.size === 1 && currency ? words.money(sum.toFixed(), currency) : undefined;
  const key = selectable.length < page.count ? 'selectOldest' : search === undefined ? 'selectAll' : 'selectFound';
  return words.t(`banner.${key}`, { count: selectable.length, amount });
}

/** Why not all of them can be ticked at once; null where they can. */
export function limitNote(words: Words, { page, selectable }: ChoiceList): string | null {
  if (selectable.length === page.count) return null;
  return words.t('banner.limit', { count: selectable.length });
}
