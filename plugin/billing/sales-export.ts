/** What the history shows, as a table: one row a payment line, its VAT by rate, and a total that is the page's. */
import { PluginError } from '../errors';
import type { Actor, Db } from '../host/contract';
import type { Words } from '../i18n';
import type { Decimal } from '../money/types';
import type { SalesFilter, SalesHistory, SalesRow, SalesTotal } from './sales-history';
import { demandMay, nowIn, type TillDeps } from './till-deps';

/** A sheet takes more, but nobody's computer opens it. */
export const MOST_ROWS = 50_000;

/** Text, an amount, a moment, or nothing; what each file makes of it is its own matter. */
export type ExportCell = string | null | { amount: Decimal | null; currency: string } | { instant: string };

export interface SalesExport {
  header: string[];
  rows: AsyncIterable<ExportCell[]>;
}

const COLUMNS = [
  ...['id', 'at', 'act', 'module', 'document', 'customer', 'method', 'kind', 'identifier', 'reference', 'note'],
  ...['currency', 'gross'],
];
const LAST_COLUMNS = ['state', 'person', 'reason', 'reverses'];

export const createSalesExport = (deps: TillDeps, history: Pick<SalesHistory, 'all'>) => {
  function toCells(words: Words, row: SalesRow, rates: string[]): ExportCell[] {
    const { currency } = row;
    const vat = new Map(row.vat.map((one) => [one.rate, one]));
    const cell = (amount: Decimal | undefined): ExportCell => ({ amount: amount ?? null, currency });
    const reason = row.reason === null ? null : words.t(`sales.reason_${row.reason}`);
    return [
      ...[row.id, { instant: row.at }, words.t(`sales.act_${row.act}`), row.module.name],
      ...[row.invoiceNumber ?? row.slipNumber, row.customer?.name ?? null],
      ...[row.method.name, words.t(`sales.kind_${row.method.kind}`), row.method.externalIdentifier],
      ...[row.reference, row.note, currency, cell(row.amount)],
      ...rates.flatMap((rate) => [cell(vat.get(rate)?.base), cell(vat.get(rate)?.tax)]),
      ...[words.t(`sales.state_${row.state}`), row.actor.name],
      row.reasonText === null ? reason : words.t('sales.reasonWith', { reason, text: row.reasonText }),
      row.reversesId,
    ];
  }

  function totalCells(words: Words, total: SalesTotal, rates: string[]): ExportCell[] {
    const { currency } = total;
    const vat = new Map(total.vat.map((one) => [one.rate, one]));
    const cell = (amount: Decimal | undefined): ExportCell => ({ amount: amount ?? null, currency });
    return [
      words.t('sales.total', { count: total.count }),
      ...COLUMNS.slice(1, -2).map(() => null),
      ...[currency, cell(total.total)],
      ...rates.flatMap((rate) => [cell(vat.get(rate)?.base), cell(vat.get(rate)?.tax)]),
      ...LAST_COLUMNS.map(() => null),
    ];
  }

  return {
    /**
     * Logged, whoever takes it along and whatever the file. Nothing is read before the first row is asked for, but what
     * is counted.
     * @throws IM_FORBIDDEN 403; IM_EXPORT_TOO_LONG 422 `{ count, most }` where the file takes no more than `most` rows
     */
    async export(
      db: Db,
      filter: SalesFilter,
      actor: Actor,
      words: Words,
      how: { format: 'csv' | 'xlsx'; most?: number },
    ): Promise<SalesExport> {
      await demandMay(deps, actor, 'sales.export', { db });
      const { rows, totals, count, handedOver } = await history.all(db, filter, actor);
      const { format, most } = how;
      if (most !== undefined && count > most)
        throw new PluginError('IM_EXPORT_TOO_LONG', 422, { count, most: words.number(String(most)) });
      await deps.store.log(db, {
        ...{ action: 'sales.export', at: nowIn(deps).at, by: actor },
        details: { format, rows: count, filter },
      });
      const rates = [...new Set(totals.flatMap(({ vat }) => vat.map(({ rate }) => rate)))].sort(
        (a, b) => Number(b) - Number(a),
      );
      async function* lines(): AsyncGenerator<ExportCell[]> {
        for await (const row of rows) yield toCells(words, row, rates);
        for (const total of totals) yield totalCells(words, total, rates);
        if (handedOver > 0) yield [words.t('sales.handedOver', { count: handedOver })];
      }
      return {
        header: [
          ...COLUMNS.map((name) => words.t(`sales.column_${name}`)),
          ...rates.flatMap((rate) =>
            ['base', 'tax'].map((name) => words.t(`sales.column_${name}`, { rate: words.percent(rate) })),
          ),
          ...LAST_COLUMNS.map((name) => words.t(`sales.column_${name}`)),
        ],
        rows: lines(),
      };
    },
  };
};

export type SalesExports = ReturnType<typeof createSalesExport>;
