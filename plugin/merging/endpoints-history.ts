/** The history of merges as a file for spreadsheets: what the History page shows, one row a merged invoice. */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Actor, Db } from '../host/contract';
import type { Words } from '../i18n';
import { CsvTable, type Cell } from '../web/csv';
import { csvEndpoint, type Endpoint } from '../web/endpoints';
import type { HistoryFilter } from './contract';
import { mergeFilter } from './endpoints-filter';
import type { History, HistoryRow } from './history';

/** Below the API: the History page leads there. */
export const EXPORT_PATH = '/merges/export.csv';

const COLUMNS = [
  ...['id', 'at', 'by', 'customer', 'target', 'number', 'date', 'total', 'settlement', 'creditNote', 'currency'],
  ...['before', 'after', 'difference', 'undoneAt', 'undoneBy', 'undoneReason'],
];

/** What belongs to the merge as a whole stands in its first row only: a column's sum is the page's. */
function toCells(words: Words, row: HistoryRow, localTime: (iso: string) => string): Cell[][] {
  const { undone, currency } = row;
  const sources = row.sources.length > 0 ? row.sources : [null];
  return sources.map((source, index) => {
    const whole = (amount: string): Cell => ({ amount: index === 0 ? amount : null });
    return [
      ...[row.id, localTime(row.createdAt), row.actor.name, row.customer],
      row.target.number ?? words.t('invoice.draft'),
      source && (source.number ?? words.t('invoice.draft')),
      source && source.issueDate,
      { amount: source && source.total },
      source && words.t(`settlement.done_${source.settlement}`),
      source?.creditNote?.number ?? null,
      currency,
      ...[whole(row.before), whole(row.after), whole(row.difference)],
      ...[undone && localTime(undone.at), undone && undone.by.name, undone && undone.reason],
    ];
  });
}

export interface HistoryEndpointDeps {
  db: Db;
  history: Pick<History, 'all'>;
  wordsOf: (req: IncomingMessage) => Words;
  /** Of the business. */
  timeZone: string;
}

export function historyEndpoints({ db, history, wordsOf, timeZone }: HistoryEndpointDeps): Endpoint[] {
  // As spreadsheets read a moment in any language: 2026-11-21 14:32.
  const format = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone });
  const localTime = (iso: string): string => format.format(new Date(iso));

  async function* rows(words: Words, filter: HistoryFilter, actor: Actor): AsyncGenerator<Cell[]> {
    for await (const row of history.all(db, filter, actor)) yield* toCells(words, row, localTime);
  }

  return [
    csvEndpoint({
      path: EXPORT_PATH,
      summary: 'Merges as a CSV file, newest first, one row a merged invoice: all that a filter shows',
      action: 'merge.history',
      invoice: ({ query }) => query.invoiceId,
      query: z.strictObject(mergeFilter),
      table({ actor, query, req }) {
        const words = wordsOf(req);
        const header = COLUMNS.map((column) => words.t(`history.csv.${column}`));
        return new CsvTable(words.t('history.csv.file'), header, rows(words, query, actor), words.locale);
      },
    }),
  ];
}
