/** Gives, frees and takes back numbers of invoices, and explains missing ones: each in a transaction of its own. */
import { PluginError } from '../errors';
import type { Actor, Day, Id, Invoice, Trx } from '../host/contract';
import { restrictTo } from '../host/scope';
import { visibleIds } from '../host/own-columns';
import { numberInSeries, seriesOfNumber, type Series } from '../host/series';
import { bearersIn, documentsAt } from '../host/series-documents';
import { aroundSequence, firstBorneIn } from '../host/series-read';
import { isDuplicateKey, isRefusedRow, runTransaction } from '../host/transaction';
import type { GapExplanation, GiveRequest, NumberChange, NumberRefusal } from './contract';
import type { NumberingDeps } from './deps';
import { ownSeries, type Offering } from './offering';
import type { Reading } from './reading';
import { isIssued, questionsOf, refusalsToFree, refusalsToGive, refusalsToUndo } from './rules';
import type { NewChange } from './store-changes';

export const createChanging = (deps: NumberingDeps, reading: Reading, offering: Offering) => {
  const { host, stores, knex } = deps;
  const { map } = host;

  const demand = async (actor: Actor, invoiceId?: Id): Promise<void> => {
    const about = { ...(invoiceId !== undefined && { invoiceId }), db: knex };
    if (!(await deps.authorize(actor, 'numbers.adjust', about)))
      throw new PluginError('IM_FORBIDDEN', 403, { action: 'numbers.adjust' });
  };

  function demandReason(reason: string): string {
    const written = reason.trim();
    // Zero-width characters and fillers have a length, and tell an auditor nothing.
    if (/^[\s\p{C}\p{Default_Ignorable_Code_Point}\u2800]*$/u.test(written))
      throw new PluginError('IM_REASON_REQUIRED', 422);
    return written;
  }

  function refuse(number: string | null, refusals: NumberRefusal[]): void {
    if (refusals.length > 0) throw new PluginError('IM_NUMBER_REFUSED', 422, { number, refusals });
  }

  /** Locks the invoice, then the numbers: everybody takes the two in this order. */
  async function locked(trx: Trx, invoiceId: Id, actor: Actor): Promise<Invoice> {
    await host.touchInvoices(trx, [invoiceId]);
    await stores.series.touch(trx, 'invoice');
    return offering.demandInvoice(trx, invoiceId, actor);
  }

  /** @throws IM_NUMBER_TAKEN 409 when somebody else bears it, though the host may not show them */
  async function demandFree(trx: Trx, series: Series, sequence: number, number: string, but: Id, actor: Actor) {
    const bearers = (await bearersIn(trx, map, series, sequence)).filter((id) => id !== but);
    const [bearer] = bearers;
    if (bearer === undefined) return;
    const seen = await visibleIds(trx, map, [bearer], restrictTo(deps, actor));
    const found = (await documentsAt(trx, map, series, [sequence])).get(sequence);
    const date = found?.date ?? null;
    const document = { id: seen.has(bearer) ? bearer : null, number: found?.number ?? number, date };
    throw new PluginError('IM_NUMBER_TAKEN', 409, { number, document, ...(date !== null && { date }) });
  }

  /** @throws IM_NUMBER_TAKEN 409 for the host's own unique index; IM_NUMBER_REFUSED 422 where it takes no empty number */
  async function write(trx: Trx, invoice: Invoice, number: string | null): Promise<void> {
    try {
      await host.updateInvoice(trx, invoice.id, { number });
    } catch (error) {
      if (isDuplicateKey(error)) throw new PluginError('IM_NUMBER_TAKEN', 409, { number }, { cause: error });
      if (number === null && isRefusedRow(error))
        throw new PluginError(
          'IM_NUMBER_REFUSED',
          422,
          { number: invoice.number, refusals: [{ code: 'number_required', vars: {} }] },
          { cause: error },
        );
      throw error;
    }
  }

  /** The record of an act, and why the number that it leaves is missing from now on. */
  async function record(trx: Trx, invoice: Invoice, change: NewChange): Promise<NumberChange> {
    const id = await stores.changes.add(trx, change);
    const left = change.from === null ? null : seriesOfNumber(map, 'invoice', change.from);
    if (left && change.from !== null && change.act !== 'undo')
      await stores.gaps.vacate(trx, [
        {
          ...{ series: left.series.key, sequence: left.sequence, number: change.from, documentId: invoice.id },
          cause: change.act === 'free' ? 'freed' : 'renumbered',
          issued: isIssued(invoice),
          ...{ mergeId: null, newNumber: change.to, changeId: id, reason: change.reason || null },
          ...{ actor: change.actor, at: change.at },
        },
      ]);
    const borne = change.to === null ? null : seriesOfNumber(map, 'invoice', change.to);
    if (borne) {
      const { key } = borne.series;
      const sequences = [borne.sequence];
      await stores.series.claim(trx, {
        type: 'invoice',
        series: key,
        sequences,
        documentId: invoice.id,
        at: change.at,
      });
    }
    return { id, ...change, undone: null };
  }

  /** The sequence number of what was typed, as the series writes it on the invoice's day. */
  function readTyped(
    series: Series | null,
    typed: string,
    date: Day,
  ): { sequence: number } | { refusal: NumberRefusal } {
    const read = seriesOfNumber(map, 'invoice', typed);
    if (!read || !series) return { refusal: { code: 'format', vars: { number: typed, pattern: series?.pattern } } };
    if (read.series.key !== series.key)
      return { refusal: { code: 'other_series', vars: { number: typed, series: series.key } } };
    const expected = numberInSeries(series, read.sequence, date);
    if (expected !== typed)
      return { refusal: { code: 'format', vars: { number: typed, pattern: series.pattern, expected } } };
    return { sequence: read.sequence };
  }

  return {
    async give(request: GiveRequest, actor: Actor): Promise<NumberChange> {
      await demand(actor, request.invoiceId);
      const at = deps.clock().toISOString();
      const typed = request.number.trim();
      return runTransaction(knex, async (trx) => {
        const invoice = await locked(trx, request.invoiceId, actor);
        const { rules, lockedUntil } = await offering.rulesAt(trx);
        const series = ownSeries(deps, invoice);
        const read = readTyped(series, typed, invoice.issueDate);
        const refusals = refusalsToGive(invoice, rules, lockedUntil);
        if ('refusal' in read) refusals.push(read.refusal);
        else if (invoice.number === typed) refusals.push({ code: 'same', vars: { number: typed } });
        refuse(typed, refusals);
        if ('refusal' in read || !series) throw new PluginError('IM_NUMBER_REFUSED', 422, { number: typed, refusals });

        const { sequence } = read;
        await demandFree(trx, series, sequence, typed, invoice.id, actor);
        const { first, last } = await aroundSequence(trx, map, series, sequence);
        const { high } = await reading.boundsOf(trx, series, { first, last });
        if (high === null || sequence > high) refuse(typed, [{ code: 'beyond', vars: { number: typed } }]);

        const sides = await offering.besides(trx, series, sequence, invoice.id, actor);
        const { issued } = await reading.causesOf(trx, series, [{ from: sequence, to: sequence }]);
        const about = { ...sides, number: typed, ofIssued: issued.has(sequence) };
        const questions = questionsOf(invoice, about, rules);
        const open = questions.filter(({ code }) => !request.confirm.includes(code));
        if (open.length > 0) throw new PluginError('IM_NUMBER_QUESTIONS', 422, { number: typed, questions });
        const reason = questions.length > 0 ? demandReason(request.reason) : request.reason.trim();

        await write(trx, invoice, typed);
        return record(trx, invoice, {
          ...{
            act: 'give',
            type: 'invoice',
            documentId: invoice.id,
            series: series.key,
            from: invoice.number,
            to: typed,
          },
          ...{ actor, at, reason, confirmed: questions.map(({ code }) => code) },
        });
      });
    },

    async free({ invoiceId, ...request }: { invoiceId: Id; reason: string }, actor: Actor): Promise<NumberChange> {
      await demand(actor, invoiceId);
      const at = deps.clock().toISOString();
      return runTransaction(knex, async (trx) => {
        const invoice = await locked(trx, invoiceId, actor);
        const { rules, lockedUntil } = await offering.rulesAt(trx);
        refuse(invoice.number, refusalsToFree(invoice, rules, lockedUntil));
        const reason = demandReason(request.reason);
        await write(trx, invoice, null);
        const series = ownSeries(deps, invoice)?.key ?? '';
        return record(trx, invoice, {
          ...{ act: 'free', type: 'invoice', documentId: invoice.id, series, from: invoice.number, to: null },
          ...{ actor, at, reason, confirmed: [] },
        });
      });
    },

    async undo({ changeId, ...request }: { changeId: Id; reason: string }, actor: Actor): Promise<NumberChange> {
      const asked = await stores.changes.byId(knex, changeId);
      if (!asked || asked.act === 'undo') throw new PluginError('IM_NOT_FOUND', 404, { why: 'change', changeId });
      await demand(actor, asked.documentId);
      const at = deps.clock().toISOString();
      return runTransaction(knex, async (trx) => {
        const invoice = await locked(trx, asked.documentId, actor);
        const change = (await stores.changes.byId(trx, changeId)) ?? asked;
        if (change.undone)
          throw new PluginError('IM_NUMBER_UNDONE', 409, {
            by: change.undone.by,
            at: change.undone.at,
            number: change.to,
          });
        const { lockedUntil } = await offering.rulesAt(trx);
        refuse(change.to, await this.refusalsToUndo(trx, invoice, change, lockedUntil));
        const reason = demandReason(request.reason);
        await write(trx, invoice, change.from);
        const back = await record(trx, invoice, {
          ...{
            act: 'undo',
            type: 'invoice',
            documentId: invoice.id,
            series: change.series,
            from: change.to,
            to: change.from,
          },
          ...{ actor, at, reason, confirmed: [] },
        });
        await stores.changes.markUndone(trx, changeId, back.id);
        await stores.gaps.takeBackOf(trx, changeId, at);
        return back;
      });
    },

    async refusalsToUndo(
      db: Parameters<Offering['rulesAt']>[0],
      invoice: Invoice,
      change: NumberChange,
      lockedUntil: Day | null,
    ): Promise<NumberRefusal[]> {
      const refusals = refusalsToUndo(invoice, change, lockedUntil);
      const old = change.from === null ? null : seriesOfNumber(map, 'invoice', change.from);
      if (old) {
        const bearers = (await bearersIn(db, map, old.series, old.sequence)).filter((id) => id !== invoice.id);
        if (bearers.length > 0) refusals.push({ code: 'taken', vars: { number: change.from } });
      }
      return refusals;
    },

    async explain(
      request: { series: string; from: number; to: number; reason: string },
      actor: Actor,
    ): Promise<GapExplanation> {
      await demand(actor);
      const { from, to } = request;
      const series = reading.demandSeries(request.series);
      const explanation = { from, to, reason: demandReason(request.reason), by: actor, at: deps.clock().toISOString() };
      return runTransaction(knex, async (trx) => {
        await stores.series.touch(trx, series.type);
        const { first, last } = await aroundSequence(trx, map, series, from);
        const { low, high } = await reading.boundsOf(trx, series, { first, last });
        const number = (sequence: number): string => numberInSeries(series, sequence, null);
        if (low === null || high === null || from > to || from < low || to > high)
          throw new PluginError('IM_NOT_A_GAP', 409, { from: number(from), to: number(to) });
        const borne = await firstBorneIn(trx, map, series, from, to);
        if (borne !== null) {
          const found = await documentsAt(trx, map, series, [borne]);
          const document = (await reading.shown(trx, series, [...found.values()], actor)).get(borne);
          throw new PluginError('IM_NOT_A_GAP', 409, { number: document?.number ?? number(borne), document });
        }
        const [other] = await stores.gaps.explanations(trx, series.key, [{ from, to }]);
        if (other)
          throw new PluginError('IM_GAP_EXPLAINED', 409, {
            number: number(Math.max(other.from, from)),
            by: other.by,
            at: other.at,
          });
        await stores.gaps.explain(trx, series.key, explanation);
        return explanation;
      });
    },

    async withdraw(request: { series: string; from: number; to: number; reason: string }, actor: Actor): Promise<void> {
      await demand(actor);
      const series = reading.demandSeries(request.series);
      const reason = demandReason(request.reason);
      const by = { actor, at: deps.clock().toISOString(), reason };
      await runTransaction(knex, async (trx) => {
        await stores.series.touch(trx, series.type);
        if ((await stores.gaps.withdraw(trx, series.key, request, by)) === 0)
          throw new PluginError('IM_NOT_FOUND', 404, { why: 'explanation', series: series.key });
      });
    },
  };
};

export type Changing = ReturnType<typeof createChanging>;
