/** Which missing numbers an invoice could be given, and which invoices a missing number. Reads only. */
import { PluginError } from '../errors';
import type { Actor, Db, Id, Invoice } from '../host/contract';
import { customerNames } from '../host/lookups';
import { visibleIds } from '../host/own-columns';
import { restrictTo } from '../host/scope';
import { currentSeries, numberInSeries, seriesOfNumber, type Series } from '../host/series';
import { documentsAt } from '../host/series-documents';
import { aroundSequence, gapsNear } from '../host/series-read';
import { takersNear } from '../host/series-takers';
import { numberRules } from '../settings/rules';
import type { FreeNumber, FreeNumbers, NumberedDocument, Taker } from './contract';
import type { NumberingDeps } from './deps';
import type { Reading } from './reading';
import { distance, questionsOf, refusalsToFree, refusalsToGive } from './rules';

/** Numbers, and invoices, that are offered at most. */
const OFFERED = 20;

/** The series whose numbers an invoice may bear: that of its number, else of its date. */
export const ownSeries = (
  deps: Pick<NumberingDeps, 'host'>,
  invoice: Pick<Invoice, 'number' | 'issueDate'>,
): Series | null =>
  (invoice.number === null ? null : seriesOfNumber(deps.host.map, 'invoice', invoice.number)?.series) ??
  currentSeries(deps.host.map, 'invoice', invoice.issueDate);

export const createOffering = (deps: NumberingDeps, reading: Reading) => {
  const { host } = deps;

  /** @throws IM_NOT_FOUND 404 where there is none, or none for this person */
  async function demandInvoice(db: Db, invoiceId: Id, actor: Actor): Promise<Invoice> {
    const seen = await visibleIds(db, host.map, [invoiceId], restrictTo(deps, actor));
    const [invoice] = seen.has(invoiceId) ? await host.loadInvoices(db, [invoiceId]) : [];
    if (!invoice) throw new PluginError('IM_NOT_FOUND', 404, { invoiceId });
    return invoice;
  }

  const rulesAt = async (db: Db) => ({
    rules: numberRules(await deps.settings.read(db)),
    lockedUntil: await deps.lockedUntil(db),
  });

  /** The missing numbers nearest to a day, with the days beside them: the ends of the series too. */
  async function nearest(
    db: Db,
    series: Series,
    date: string,
  ): Promise<{ sequence: number; before: number | null; after: number | null }[]> {
    const inner = (await gapsNear(db, host.map, series, date, OFFERED)).map((gap) => ({
      ...gap,
      from: gap.before + 1,
      to: gap.after - 1,
    }));
    const { first, last } = await aroundSequence(db, host.map, series, 0);
    const { low, high } = await reading.boundsOf(db, series, { first, last });
    const ends = await documentsAt(
      db,
      host.map,
      series,
      [first, last].filter((one) => one !== null),
    );
    const dateOf = (sequence: number | null) => (sequence === null ? null : (ends.get(sequence)?.date ?? null));
    const edges =
      low === null || high === null
        ? []
        : [
            { before: null, after: first, from: low, to: (first ?? high + 1) - 1 },
            ...(last === null ? [] : [{ before: last, after: null, from: last + 1, to: high }]),
          ].map((edge) => ({ ...edge, beforeDate: dateOf(edge.before), afterDate: dateOf(edge.after) }));
    return [...inner, ...edges.filter(({ from, to }) => from <= to)]
      .map((gap) => ({ ...gap, away: distance(date, gap.beforeDate, gap.afterDate) }))
      .sort((a, b) => a.away - b.away || b.from - a.from)
      .slice(0, OFFERED)
      .flatMap(({ before, after, from, to, beforeDate }) => {
        const numbers = Array.from({ length: Math.min(OFFERED, to - from + 1) }, (_none, index) => index);
        // From the side whose day is nearer.
        const isEarlier = beforeDate !== null && beforeDate > date;
        return numbers.map((index) => ({
          sequence: isEarlier || before !== null ? from + index : to - index,
          before,
          after,
        }));
      })
      .slice(0, OFFERED);
  }

  return {
    demandInvoice,
    rulesAt,

    async freeNumbers(db: Db, { invoiceId, actor }: { invoiceId: Id; actor: Actor }): Promise<FreeNumbers> {
      const invoice = await demandInvoice(db, invoiceId, actor);
      const { rules, lockedUntil } = await rulesAt(db);
      const series = ownSeries(deps, invoice);
      const refusals = refusalsToGive(invoice, rules, lockedUntil);
      const freeing = invoice.status === 'cancelled' ? { refusals: refusalsToFree(invoice, rules, lockedUntil) } : null;
      return {
        invoice: { id: invoice.id, number: invoice.number, date: invoice.issueDate, status: invoice.status },
        series: series?.key ?? null,
        refusals,
        free: series && refusals.length === 0 ? await this.offered(db, series, invoice, actor) : [],
        freeing,
      };
    },

    async offered(db: Db, series: Series, invoice: Invoice, actor: Actor): Promise<FreeNumber[]> {
      const { rules } = await rulesAt(db);
      const own = seriesOfNumber(host.map, 'invoice', invoice.number ?? '');
      const offers = [];
      for (const one of await nearest(db, series, invoice.issueDate)) {
        // Beside its own number, the neighbour is who comes after it: it will bear another one.
        const isOwn = own !== null && (own.sequence === one.before || own.sequence === one.after);
        const around = isOwn ? await aroundSequence(db, host.map, series, one.sequence, invoice.id) : one;
        offers.push({ sequence: one.sequence, before: around.before, after: around.after });
      }
      const beside = [...new Set(offers.flatMap(({ before, after }) => [before, after]))].filter((one) => one !== null);
      const found = await documentsAt(db, host.map, series, beside);
      const documents = await reading.shown(db, series, [...found.values()], actor);
      const stretches = offers.map(({ sequence }) => ({ from: sequence, to: sequence }));
      const { causes, issued } = await reading.causesOf(db, series, stretches);
      const explanations = offers.length > 0 ? await deps.stores.gaps.explanations(db, series.key, stretches) : [];
      const document = (sequence: number | null): NumberedDocument | null =>
        sequence === null ? null : (documents.get(sequence) ?? null);
      return offers.map(({ sequence, ...sides }) => {
        const number = numberInSeries(series, sequence, invoice.issueDate);
        const [before, after] = [document(sides.before), document(sides.after)];
        return {
          ...{ number, sequence, before, after },
          cause: causes.get(sequence) ?? null,
          explained: explanations.find((one) => one.from <= sequence && sequence <= one.to) ?? null,
          questions: questionsOf(invoice, { before, after, number, ofIssued: issued.has(sequence) }, rules),
        };
      });
    },

    async takers(db: Db, query: { series: string; sequence: number; search?: string; actor: Actor }): Promise<Taker[]> {
      const { sequence, search, actor } = query;
      const series = reading.demandSeries(query.series);
      const hole = series.type === 'invoice' ? await reading.holeAt(db, series, sequence) : null;
      if (!hole) return [];
      const { rules, lockedUntil } = await rulesAt(db);
      const sides = await documentsAt(
        db,
        host.map,
        series,
        [hole.before, hole.after].filter((one) => one !== null),
      );
      const [before, after] = [hole.before, hole.after].map((one) => sides.get(one ?? -1)?.date ?? null);
      const ids = await takersNear(db, host.map, series, {
        days: [before ?? after ?? null, after ?? before ?? null],
        search: search?.trim() ?? '',
        lockedUntil,
        limit: OFFERED,
        restrict: restrictTo(deps, actor),
      });
      const invoices = await host.loadInvoices(db, ids);
      const names = await customerNames(
        db,
        host.map,
        invoices.map(({ customerId }) => customerId),
      );
      const { issued } = await reading.causesOf(db, series, [{ from: sequence, to: sequence }]);
      const documents = await reading.shown(db, series, [...sides.values()], actor);
      const takers: Taker[] = [];
      for (const invoice of invoices) {
        if (refusalsToGive(invoice, rules, lockedUntil).length > 0) continue;
        const isBeside = [...sides.values()].some(({ id }) => id === invoice.id);
        const around = isBeside ? await this.besides(db, series, sequence, invoice.id, actor) : null;
        const document = (side: number | null): NumberedDocument | null =>
          side === null ? null : (documents.get(side) ?? null);
        takers.push({
          ...{ id: invoice.id, number: invoice.number, date: invoice.issueDate, status: invoice.status },
          customer: names.get(invoice.customerId) ?? '',
          questions: questionsOf(
            invoice,
            {
              ...(around ?? { before: document(hole.before), after: document(hole.after) }),
              number: numberInSeries(series, sequence, invoice.issueDate),
              ofIssued: issued.has(sequence),
            },
            rules,
          ),
        });
      }
      return takers;
    },

    /** The documents on both sides of a number, without the invoice that is to bear it. */
    async besides(db: Db, series: Series, sequence: number, but: Id, actor: Actor) {
      const { before, after } = await aroundSequence(db, host.map, series, sequence, but);
      const found = await documentsAt(
        db,
        host.map,
        series,
        [before, after].filter((one) => one !== null),
      );
      const documents = await reading.shown(db, series, [...found.values()], actor);
      return {
        before: before === null ? null : (documents.get(before) ?? null),
        after: after === null ? null : (documents.get(after) ?? null),
      };
    },
  };
};

export type Offering = ReturnType<typeof createOffering>;
