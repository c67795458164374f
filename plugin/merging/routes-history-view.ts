/** What the History page shows, made from the history's answers: pure. */
import type { Actor, Id, Settlement } from '../host/contract';
import type { Words } from '../i18n';
import { exact, ZERO } from '../money/decimal';
import type { Decimal } from '../money/types';
import { labelOf } from './banner-view';
import type { HistoryFilter } from './contract';
import type { HistoryRow } from './history';
import type { MergeTotals } from './store-merges';

/** As many merged invoices are listed; the page of the merge has all of them. */
const AT_A_GLANCE = 6;

const SETTLEMENTS: Settlement[] = ['cancel', 'delete', 'credit'];

interface Urls {
  /** Where our pages stand, without a slash at the end. */
  pages: string;
  invoice: (id: Id, page: 'preview') => string;
}

const amountsOf = (
  words: Words,
  { before, merged, after, difference }: Pick<MergeTotals, 'before' | 'merged' | 'after' | 'difference'>,
  currency: string,
) => {
  const money = (amount: Decimal): string => words.money(amount, currency);
  return {
    before: money(before),
    merged: money(merged),
    after: money(after),
    difference: exact(difference).gt(ZERO) ? `+${money(difference)}` : money(difference),
    differs: !exact(difference).eq(ZERO),
  };
};

function nameOf(words: Words, { number, issueDate }: { number: string | null; issueDate: string | null }): string {
  return issueDate === null ? (number ?? words.t('invoice.draft')) : labelOf(words, { number, issueDate });
}

/** What is known of a page's merges beside their rows: deleted invoices, merges that the person may undo. */
export interface HistoryMarks {
  gone: Set<Id>;
  undoable: Set<Id>;
}

export function toHistoryRow(words: Words, row: HistoryRow, { gone, undoable }: HistoryMarks, urls: Urls) {
  const { sources, undone } = row;
  const ended = undone ?? row.corrected;
  const url = `${urls.pages}/merges/${encodeURIComponent(row.id)}`;
  const urlOf = (id: Id): string | null => (gone.has(id) ? null : urls.invoice(id, 'preview'));
  return {
    ...amountsOf(words, row, row.currency),
    at: words.instant(row.createdAt),
    by: words.t('history.by', { name: row.actor.name }),
    customer: row.customer ?? words.t('history.unknownCustomer'),
    target: { label: nameOf(words, row.target), url: urlOf(row.targetId) },
    targetNote: gone.has(row.targetId) ? words.t('history.targetGone') : null,
    sources: sources.slice(0, AT_A_GLANCE).map((source) => ({
      label: labelOf(words, source),
      url: urlOf(source.invoiceId),
      amount: words.money(source.total, row.currency),
      settlement: words.t(`settlement.done_${source.settlement}`),
      creditNote: source.creditNote?.number ?? null,
    })),
    more: sources.length > AT_A_GLANCE ? words.t('banner.more', { count: sources.length - AT_A_GLANCE }) : null,
    isUndone: undone !== null,
    ended: ended && {
      text: words.t(undone ? 'history.undoneBy' : 'history.correctedBy', {
        at: words.instant(ended.at),
        name: ended.by.name,
      }),
      reason: ended.reason === '' ? null : words.t('history.reason', { reason: ended.reason }),
    },
    url,
    open: words.t('history.open', { id: row.id }),
    // An invoice that was merged on and deleted comes back with the later merge.
    undoUrl: undoable.has(row.id) && !gone.has(row.targetId) ? `${url}#im-undo` : null,
    undoLabel: words.t('history.undo', { id: row.id }),
  };
}

export const toHistoryTotals = (words: Words, totals: MergeTotals) => ({
  ...amountsOf(words, totals, totals.currency),
  label: words.t('history.total', { count: totals.merges, currency: totals.currency }),
  undone: totals.undone > 0 ? words.t('history.ofWhichUndone', { count: totals.undone }) : null,
});

export function toFilterForm(words: Words, filter: HistoryFilter, people: Actor[]) {
  const { customer = '', from = '', to = '', uncredited, undone } = filter;
  const option = (value: string, label: string, chosen: string | undefined) => ({
    value,
    label,
    chosen: value === (chosen ?? ''),
  });
  return {
    ...{ customer, from, to },
    uncredited: uncredited === true,
    people: [
      option('', words.t('history.everybody'), filter.actorId),
      ...people.map(({ id, name }) => option(id, name, filter.actorId)),
    ],
    settlements: [
      option('', words.t('history.anySettlement'), filter.settlement),
      ...SETTLEMENTS.map((one) => option(one, words.t(`history.settlement_${one}`), filter.settlement)),
    ],
    states: ['', 'false', 'true'].map((value) =>
      option(value, words.t(`history.undone_${value || 'any'}`), undone === undefined ? '' : String(undone)),
    ),
    // Of a link that names an invoice or a customer by id: kept while the rest of the form changes.
    hidden: (['invoiceId', 'customerId'] as const).flatMap((name) => {
      const value = filter[name];
      return value === undefined ? [] : [{ name, value }];
    }),
  };
}
