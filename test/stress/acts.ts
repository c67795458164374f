/** What one person does to a customer's invoices, over a connection of their own; each act tells the books what it meant. */
import Big from 'big.js';
import type { Knex } from 'knex';
import type { ApplyResult } from '../../plugin/contract';
import type { Actor, Day, Id, Invoice, Trx } from '../../plugin/host/contract';
import { allRows } from '../support/all-rows';
import type { InvoiceSpec, TestHost } from '../support/hosts';
import { demandSame, stands, type Books } from './books';
import type { Plugin, UndoAnswer } from './mounted';
import type { Chance } from './seed';
import { minor, pick, serial, specOf, totalOfSpec, type Typing } from './typing';
import { totalsOf } from '../support/hosts/base';

export const ACTOR: Actor = { id: '7', name: 'Hugo Lemaire' };
export const TODAY: Day = '2026-11-21';

/** What a merge took, as the target was just before: what an undo has to give back. */
export interface TakenBy {
  own: InvoiceSpec;
  sources: Invoice[];
}

export interface Person {
  knex: Knex;
  merge: Plugin;
  luck: Chance;
  typing: Typing;
  /** `newNumbers`: whose number was taken meanwhile gets the next one. */
  undo(mergeId: Id, newNumbers: boolean): Promise<UndoAnswer>;
  /** The target of the undo that is under way, as it stood before. */
  undoing(mergeId: Id): Invoice | undefined;
}

export interface World {
  testHost: TestHost;
  books: Books;
  /** Begins the name of each line that is typed here. */
  prefix: string;
  /** The lines that people typed: discounts that a merge made lines are not among them. */
  named(lines: readonly { description: string }[]): string[];
  /** By merge. */
  taken: Map<Id, TakenBy>;
  /** Under France invoices that bear a number are neither edited nor deleted nor renumbered by anybody. */
  lawful: boolean;
  /** Of new documents. */
  days: readonly Day[];
  settlements: readonly string[];
}

/** Refused by the world's own host. */
export class HostRefusal extends Error {
  override readonly name = 'HostRefusal';
}

type Act = (alone: boolean) => Promise<string>;

export function actsOf(world: World, person: Person): Record<string, Act> {
  const { testHost, books, prefix, named, taken, lawful } = world;
  const { host, map } = testHost;
  const { knex, merge, luck, typing } = person;

  const standing = async (): Promise<Invoice[]> => (await books.invoices()).filter(stands);
  const mayChange = ({ status }: Invoice): boolean => !lawful || status === 'draft';

  /** Mostly one that still may change; the others are there to be refused. */
  const target = async (): Promise<Invoice | undefined> =>
    pick(luck, luck.upTo(6) === 0 ? await books.invoices() : (await standing()).filter(mayChange), 1)[0];

  const mergeFields = (sources: Invoice[]): Record<string, unknown> => ({
    invoiceMergeSource: sources.map(({ id, version }) => `${id}~${luck.upTo(12) === 0 ? 'old' : version}`),
    invoiceMergeIssued: luck.of(world.settlements),
    invoiceMergeDraft: luck.of(['cancel', 'delete']),
    invoiceMergeKey: `${prefix}-${serial()}`,
  });

  /** As a host that knows what points at its rows. */
  async function freeLines(trx: Trx, ids: Id[]): Promise<void> {
    for (const { table, column, to } of map.links)
      if (to === 'line') {
        const rows = trx(table).whereIn(column, ids);
        // What must point at a line goes with it.
        const { nullable } = await trx(table).columnInfo(column);
        await (nullable ? rows.update({ [column]: null }) : rows.delete());
      }
  }
  async function freeLinks(trx: Trx, invoice: Invoice): Promise<void> {
    for (const { table, column, fixed, to } of map.links)
      if (to === 'invoice')
        await trx(table)
          .where({ [column]: invoice.id, ...fixed })
          .delete();
    await freeLines(
      trx,
      invoice.lines.map(({ id }) => id),
    );
  }

  async function load(trx: Trx, id: Id): Promise<Invoice> {
    const [invoice] = await host.loadInvoices(trx, [id]);
    if (!invoice) throw new HostRefusal('it is gone');
    return invoice;
  }

  /** Saves as a host does, once or (a double click) twice, and keeps count of what should now be. */
  async function save(of: Invoice | null, typed: InvoiceSpec, sources: Invoice[], alone: boolean): Promise<string> {
    const acknowledged =
      luck.upTo(3) === 0 ? [] : ['total_changed', 'carried_lines_changed', 'draft_target', 'fields_differ'];
    // "Issue and merge": a draft that is saved with a number.
    const issues = of?.status === 'draft' && sources.length > 0 && luck.upTo(2) === 0;
    const spec: InvoiceSpec = issues ? { ...typed, status: 'unpaid', issueDate: TODAY } : typed;
    const form = {
      spec: JSON.stringify(spec),
      ...mergeFields(sources),
      invoiceMergeAcknowledged: acknowledged,
      invoiceMergeTarget: of === null ? '' : luck.upTo(12) === 0 ? 'old' : of.version,
    };
    const page = of === null ? 'create' : 'edit';
    let before: Invoice | null = null;
    let takes: Invoice[] = [];
    const post = (): Promise<ApplyResult> =>
      merge.transaction((trx) =>
        merge.applyMerge(trx, { page, invoiceId: of?.id, form, actor: ACTOR }, async () => {
          before = of && (await load(trx, of.id));
          takes = await host.loadInvoices(
            trx,
            sources.map(({ id }) => id),
          );
          const bears = of === null ? spec.status !== 'draft' : issues;
          const [number] = bears ? await merge.numbers.allocate(trx, 'invoice', 1, TODAY) : [];
          if (before) {
            const kept = new Set(spec.lines.map(({ id }) => id));
            await freeLines(
              trx,
              before.lines.map(({ id }) => id).filter((id) => !kept.has(id)),
            );
          }
          return testHost.saveInvoice(trx, of?.id ?? null, { ...spec, number });
        }),
      );
    const result = await post();
    const was = before as Invoice | null;
    if (was?.status === 'cancelled') throw new Error(`a cancelled invoice was saved: ${was.id}`);
    books.lines({ gone: was ? named(was.lines) : [], come: named(spec.lines) });
    const own = new Big(totalOfSpec(spec)).minus(was?.total ?? 0);
    books.owe(spec.currency ?? 'EUR', own.plus(result.merge?.difference ?? 0));
    if (of === null && spec.status !== 'draft')
      books.invoiced({
        issueDate: spec.issueDate ?? TODAY,
        currency: spec.currency ?? 'EUR',
        totals: totalsOf(spec),
      });
    if (result.merge) taken.set(result.merge.id, { own: spec, sources: takes });
    const rounding = result.merge?.causes.every(({ code }) => code === 'rounding') ?? true;
    if (!rounding && acknowledged.length === 0) throw new Error('a difference nobody confirmed');
    if (alone && luck.upTo(6) === 0) {
      const rows = await allRows(knex);
      const again = await post();
      if (!again.replayed || again.invoiceId !== result.invoiceId) throw new Error('a replay saved something else');
      demandSame(rows, await allRows(knex), 'a replay');
    }
    const how = [...new Set(result.merge?.sources.map(({ settlement }) => settlement))].sort().join(' and ');
    return `saved${result.merge ? `, ${how}` : ''}${issues ? ', issued' : ''}`;
  }

  async function sourcesFor(of: Pick<Invoice, 'id' | 'currency'> | InvoiceSpec): Promise<Invoice[]> {
    const { id = null, currency } = of as Partial<Invoice>;
    const all = (luck.upTo(6) === 0 ? await books.invoices() : await standing()).filter((one) => one.id !== id);
    const matching = luck.upTo(8) === 0 ? all : all.filter((one) => one.currency === currency);
    return pick(luck, matching, 1 + luck.upTo(3));
  }

  return {
    create: (alone) => save(null, typing.newSpec(world.days), [], alone),

    async 'create from sources'(alone) {
      const spec: InvoiceSpec = { ...typing.newSpec([TODAY]), status: luck.of(['draft', 'unpaid', 'unpaid']) };
      const sources = await sourcesFor(spec);
      return sources.length > 0 ? save(null, spec, sources, alone) : 'nothing to merge';
    },

    async edit(alone) {
      const invoice = await target();
      // Whoever edits what was issued changes a past month themselves: under the law nobody does.
      return invoice && mayChange(invoice) ? save(invoice, typing.edited(invoice), [], alone) : 'nothing to edit';
    },

    async merge(alone) {
      const into = await target();
      const sources = into ? await sourcesFor(into) : [];
      if (!into || sources.length === 0) return 'nothing to merge';
      return save(into, luck.upTo(2) === 0 || !mayChange(into) ? specOf(into) : typing.edited(into), sources, alone);
    },

    async undo(alone) {
      const all = await books.invoices();
      const numberTaken = ({ sources }: TakenBy): boolean =>
        sources.some(({ id, number }) => number !== null && all.some((one) => one.number === number && one.id !== id));
      const recent = [...taken].slice(-8);
      const clashing = recent.filter(([, of]) => numberTaken(of));
      // Few are: every other time one of them, where there is one.
      const [found] = pick(luck, clashing.length > 0 && luck.upTo(2) === 0 ? clashing : recent, 1);
      if (!found) return 'nothing to undo';
      const [mergeId, of] = found;
      const isTaken = numberTaken(of);
      const newNumbers = luck.upTo(2) === 0;
      const { status, code } = await person.undo(mergeId, newNumbers);
      if (alone && (isTaken ? status === 200 && !newNumbers : code.includes('number_taken')))
        throw new Error(`undone or refused in spite of its numbers: ${status} ${code}`);
      if (status !== 200) return code;
      // Some are asked for again, to be refused.
      if (luck.upTo(4) > 0) taken.delete(mergeId);
      const now = person.undoing(mergeId);
      if (!now) throw new Error('the hook was not asked');
      const came = new Set(of.sources.flatMap(({ lines }) => named(lines)));
      const typedBefore = new Set(of.own.lines.map(({ id }) => id));
      // Its own lines as they stand now, with the discount and what stands below that it had before.
      const { discount, allowancesCharges, adjustment } = of.own;
      const restored = totalOfSpec({
        ...specOf({
          ...now,
          // What nobody typed are discounts that merges made lines: those of earlier merges stay.
          lines: now.lines.filter((line) =>
            named([line]).length > 0 ? !came.has(line.description) : typedBefore.has(line.id),
          ),
        }),
        ...{ discount, allowancesCharges, adjustment },
      });
      books.owe(
        now.currency,
        of.sources.reduce((sum, { total }) => sum.plus(total), new Big(restored).minus(now.total)),
      );
      return isTaken ? 'undone, with new numbers' : 'undone';
    },

    async pay() {
      const [invoice] = pick(luck, await books.invoices(), 1);
      if (!invoice || new Big(invoice.total).lte(0) || luck.upTo(3) > 0) return 'nothing to pay';
      // Money would make an invoice of the past of a draft that waited since.
      if (lawful && invoice.status === 'draft') return 'nothing to pay';
      const amount = luck.upTo(2) === 0 ? invoice.total : minor(invoice.currency, 50);
      const { invoiceId } = await merge.paymentTarget(knex, invoice.id);
      await merge.transaction(async (trx) => {
        await merge.guard(trx, invoiceId, 'pay');
        const now = await load(trx, invoiceId);
        if (now.status === 'cancelled') throw new Error(`money for ${invoiceId}, which is cancelled`);
        await testHost.pay(trx, invoiceId, amount);
      });
      books.owe(invoice.currency, new Big(amount).times(-1));
      return invoiceId === invoice.id ? 'paid' : 'paid to the successor';
    },

    /** The host's own credit note over a part of an invoice. */
    async credit() {
      const [invoice] = pick(
        luck,
        (await standing()).filter(({ status }) => status !== 'draft'),
        1,
      );
      const { creditNotes } = map;
      if (!invoice || !creditNotes || typeof creditNotes.number !== 'string' || luck.upTo(2) > 0)
        return 'nothing to credit';
      const { number, customer, date, currency, total, appliedTo } = creditNotes;
      const amount = minor(invoice.currency, 100);
      await merge.transaction(async (trx) => {
        await merge.guard(trx, invoice.id, 'credit');
        // Deleted at the same moment, it owes nothing that could be credited.
        await load(trx, invoice.id);
        const [given] = await merge.numbers.allocate(trx, 'credit_note', 1, TODAY);
        const [id] = await trx(creditNotes.table).insert({
          ...{ [customer]: invoice.customerId, [number]: given, [date]: TODAY, [total]: amount },
          ...(currency && { [currency]: invoice.currency }),
        });
        await trx(appliedTo.table).insert({
          ...{ [appliedTo.note]: id, [appliedTo.invoice]: invoice.id, [appliedTo.amount]: amount },
        });
      });
      books.owe(invoice.currency, new Big(amount).times(-1));
      return 'credited in part';
    },

    async delete() {
      const [invoice] = pick(
        luck,
        (await books.invoices()).filter((one) => one.payments.count === 0 && one.credits.count === 0 && mayChange(one)),
        1,
      );
      if (!invoice || luck.upTo(3) > 0) return 'nothing to delete';
      let before: Invoice | undefined;
      await merge.transaction(async (trx) => {
        await merge.guard(trx, invoice.id, 'delete');
        before = await load(trx, invoice.id);
        if (before.payments.count + before.credits.count > 0) throw new HostRefusal('it was paid meanwhile');
        if (!mayChange(before)) throw new HostRefusal('it was issued meanwhile');
        await freeLinks(trx, before);
        await testHost.deleteInvoice(trx, invoice.id);
      });
      if (before && before.status !== 'cancelled') {
        books.owe(before.currency, new Big(before.total).times(-1));
        books.lines({ gone: named(before.lines), come: [] });
      }
      return 'deleted';
    },

    async renumber() {
      const [invoice] = pick(
        luck,
        (await standing()).filter(({ status }) => status !== 'draft'),
        1,
      );
      if (!invoice || lawful) return 'nothing to renumber';
      await merge.transaction(async (trx) => {
        await merge.guard(trx, invoice.id, 'edit');
        const [number] = await merge.numbers.allocate(trx, 'invoice', 1, TODAY);
        await load(trx, invoice.id);
        await host.updateInvoice(trx, invoice.id, { number });
      });
      return 'renumbered';
    },

    /** Gives an invoice a number that nobody bears: what undoing a merge with deletes must look out for. */
    async 'fill a gap'(alone) {
      const free = [...taken.values()]
        .flatMap(({ sources }) => sources)
        .flatMap(({ number }) => number ?? [])
        .filter(Boolean);
      const borne = new Set((await books.invoices()).map(({ number }) => number));
      const [number] = pick(
        luck,
        [...new Set(free)].filter((one) => !borne.has(one)),
        1,
      );
      const [invoice] = pick(
        luck,
        (await standing()).filter(({ status }) => status !== 'draft'),
        1,
      );
      if (!number || !invoice || lawful || !alone) return 'no gap to fill';
      await merge.transaction(async (trx) => {
        await merge.guard(trx, invoice.id, 'edit');
        await host.updateInvoice(trx, invoice.id, { number });
      });
      return 'filled';
    },

    async link() {
      const [invoice] = pick(luck, await standing(), 1);
      if (!invoice) return 'nothing to link';
      // The row that this one makes points at no line: whoever looks at `billed` would find it astray.
      const links = map.links.filter(({ name: one }) => one !== 'billedInvoices');
      const { name, to } = luck.of(links.filter(({ policy }) => policy === 'move' || policy === 'copy'));
      // A host that rewrites its lines cannot keep what points at them: that is not the plugin's to mend.
      if (to === 'line' && testHost.name === 'rewriting') return 'nothing to link';
      await merge.transaction(async (trx) => {
        await merge.guard(trx, invoice.id, 'edit');
        const now = await load(trx, invoice.id);
        const id = to === 'line' ? now.lines[0]?.id : now.id;
        if (id !== undefined) await testHost.addLink(trx, name, id, String(serial()));
      });
      return 'linked';
    },
  };
}
