/** A host with its people, who do something at random; and what must hold of the books whatever they did. */
import Big from 'big.js';
import type { Knex } from 'knex';
import type { ApplyResult } from '../../plugin/contract';
import { createInvoiceMerge } from '../../plugin/create-plugin';
import { isPluginError } from '../../plugin/errors';
import type { Id, Invoice, Trx } from '../../plugin/host/contract';
import { allRows } from '../support/all-rows';
import { totalsOf } from '../support/hosts/base';
import type { InvoiceSpec, LineSpec, TestHost } from '../support/hosts';
import { totalOf } from '../../plugin/money/totals';
import type { Chance } from './seed';

export interface World {
  /** Does one thing; says what, and how it was answered. */
  step(): Promise<string>;
  /** @throws Error saying what does not hold */
  demandInvariants(): Promise<void>;
}

const ACTOR = { id: '7', name: 'Hugo Lemaire' };
const STANDING = ['draft', 'unpaid', 'overdue', 'partial', 'paid'];
let worlds = 0;
let made = 0;

/** Everything of this world is one customer's: worlds share a database. */
export async function createWorld(knex: Knex, testHost: TestHost, luck: Chance): Promise<World> {
  const { host, map } = testHost;
  const merge = createInvoiceMerge({
    mountPath: '/m',
    knex,
    host,
    actor: () => ACTOR,
    authorize: () => true,
    clock: () => new Date('2026-11-21T10:00:00Z'),
  });
  const prefix = `w${(worlds += 1)}-${process.pid}`;
  const customerId = await testHost.createCustomer(knex, prefix);
  /** What should be owed, and which lines should stand, after what was done so far. */
  let owed = new Big(0);
  const lines = new Set<string>();

  const invoices = async (): Promise<Invoice[]> => {
    const ids = (await knex(map.invoices.table).where({ client_id: customerId }).pluck('id')) as number[];
    const found = ids.length > 0 ? await host.loadInvoices(knex, ids.map(String)) : [];
    // In one order on every engine: the same seed does the same things.
    return found.sort((a, b) => Number(a.id) - Number(b.id));
  };
  const standing = async (): Promise<Invoice[]> =>
    (await invoices()).filter((invoice) => STANDING.includes(invoice.status) && invoice.mergedIntoId === null);

  /** Mostly one that still may change; the others are there to be refused. */
  const target = async (): Promise<Invoice | undefined> =>
    pick(luck.upTo(6) === 0 ? await invoices() : await standing(), 1)[0];

  // ------------------------------------------------------------ what people type

  const price = (): string => `${1 + luck.upTo(300)}.${String(luck.upTo(100)).padStart(2, '0')}`;
  const newLine = (): LineSpec => ({
    description: `${prefix} line ${(made += 1)}`,
    quantity: luck.of(['1', '2', '3', '0.5', '7.25']),
    unitPrice: price(),
    taxes: [{ category: 'S', name: 'TVA', rate: luck.of(['20', '10', '5.5', '2.1']) }],
    allowancesCharges: luck.upTo(4) === 0 ? [{ kind: 'allowance', amount: '0.37', reason: 'geste' }] : [],
  });
  const newSpec = (): InvoiceSpec => ({
    customerId,
    status: luck.of(['draft', 'unpaid', 'unpaid', 'overdue']),
    issueDate: '2026-11-02',
    dueDate: '2026-12-02',
    lines: Array.from({ length: 1 + luck.upTo(3) }, newLine),
    discount: luck.of([
      null,
      null,
      { kind: 'percent', value: luck.of(['10', '3.5']), basis: 'before_tax' },
      { kind: 'percent', value: '2', basis: 'after_tax' },
      { kind: 'amount', value: '0.99', basis: 'before_tax' },
    ]),
    adjustment: luck.of(['0', '0', '-0.05', '0.12']),
  });
  const specOf = (invoice: Invoice): InvoiceSpec => ({
    customerId,
    issueDate: invoice.issueDate,
    dueDate: invoice.dueDate,
    currency: invoice.currency,
    lines: invoice.lines.map(
      ({ id, description, longDescription, quantity, unit, unitPrice, baseQuantity, ...line }) => ({
        ...{ id, description, longDescription, quantity, unit, unitPrice, baseQuantity },
        ...{ taxes: line.taxes, allowancesCharges: line.allowancesCharges },
      }),
    ),
    discount: invoice.discount,
    allowancesCharges: invoice.allowancesCharges,
    adjustment: invoice.adjustment,
    prepaid: invoice.prepaid,
  });
  const ownTotal = (spec: InvoiceSpec): Big => new Big(totalOf(totalsOf(spec)));
  const named = (spec: InvoiceSpec): string[] =>
    spec.lines.map(({ description }) => description).filter((text) => text.startsWith(prefix));

  function pick<T>(list: T[], count: number): T[] {
    const left = [...list];
    return Array.from({ length: Math.min(count, left.length) }, () => left.splice(luck.upTo(left.length), 1)).flat();
  }

  const mergeFields = (sources: Invoice[]): Record<string, unknown> => ({
    invoiceMergeSource: sources.map(({ id, version }) => `${id}~${luck.upTo(12) === 0 ? 'old' : version}`),
    invoiceMergeIssued: luck.of(['cancel', 'delete']),
    invoiceMergeDraft: luck.of(['cancel', 'delete']),
    invoiceMergeKey: `${prefix}-${(made += 1)}`,
  });

  // ------------------------------------------------------------ what people do

  const acts: Record<string, () => Promise<string>> = {
    create: () => save(null, newSpec(), []),
    async 'create from sources'() {
      return save(null, newSpec(), pick(await standing(), 1 + luck.upTo(2)));
    },
    async edit() {
      const invoice = await target();
      return invoice ? save(invoice, edited(invoice), []) : 'nothing to edit';
    },
    async merge() {
      const into = await target();
      const others = (luck.upTo(6) === 0 ? await invoices() : await standing()).filter(({ id }) => id !== into?.id);
      const sources = pick(others, 1 + luck.upTo(3));
      if (!into || sources.length === 0) return 'nothing to merge';
      return save(into, luck.upTo(2) === 0 ? specOf(into) : edited(into), sources);
    },
    async pay() {
      const [invoice] = pick(await invoices(), 1);
      if (!invoice || new Big(invoice.total).lte(0) || luck.upTo(3) > 0) return 'nothing to pay';
      const amount = luck.upTo(2) === 0 ? invoice.total : '0.50';
      const { invoiceId } = await merge.paymentTarget(knex, invoice.id);
      await merge.transaction(async (trx) => {
        await merge.guard(trx, invoiceId, 'pay');
        const [now] = await host.loadInvoices(trx, [invoiceId]);
        if (!now || now.status === 'cancelled')
          throw new Error(`money for ${invoiceId}, which is ${now?.status ?? 'gone'}`);
        await testHost.pay(trx, invoiceId, amount);
      });
      owed = owed.minus(amount);
      return invoiceId === invoice.id ? 'paid' : 'paid to the successor';
    },
    async delete() {
      const [invoice] = pick(
        (await invoices()).filter(({ payments }) => payments.count === 0),
        1,
      );
      if (!invoice || luck.upTo(3) > 0) return 'nothing to delete';
      await merge.transaction(async (trx) => {
        await merge.guard(trx, invoice.id, 'delete');
        await freeLinks(trx, invoice);
        await testHost.deleteInvoice(trx, invoice.id);
      });
      if (invoice.status !== 'cancelled') {
        owed = owed.minus(invoice.total);
        for (const name of named(specOf(invoice))) lines.delete(name);
      }
      return 'deleted';
    },
    async link() {
      const [invoice] = pick(await standing(), 1);
      if (!invoice) return 'nothing to link';
      const link = luck.of(['expenses', 'estimates', 'tags', 'attachments', 'lineExpenses']);
      // A host that rewrites its lines cannot keep what points at them: that is not the plugin's to mend.
      if (link === 'lineExpenses' && testHost.name === 'rewriting') return 'nothing to link';
      const id = link === 'lineExpenses' ? invoice.lines[0]?.id : invoice.id;
      if (id === undefined) return 'nothing to link';
      await testHost.addLink(knex, link, id, link === 'tags' ? `tag ${luck.upTo(3)}-${(made += 1)}` : undefined);
      return 'linked';
    },
  };

  function edited(invoice: Invoice): InvoiceSpec {
    const spec = specOf(invoice);
    const change = luck.upTo(4);
    const [line] = pick(invoice.lines, 1);
    if (change === 0) spec.lines.push(newLine());
    if (change === 1)
      spec.lines = spec.lines.map((one) => (one.id === line?.id ? { ...one, unitPrice: price() } : one));
    if (change === 2 && spec.lines.length > 1) spec.lines = spec.lines.filter((one) => one.id !== line?.id);
    return spec;
  }

  /** As a host that knows what points at its rows. */
  async function freeLinks(trx: Trx, invoice: Invoice): Promise<void> {
    for (const { table, column, to } of map.links)
      if (to === 'invoice') await trx(table).where(column, invoice.id).delete();
    await freeLines(
      trx,
      invoice.lines.map(({ id }) => id),
    );
  }
  const freeLines = (trx: Trx, ids: Id[]) =>
    trx('app_frais_lignes').whereIn('ligne_id', ids).update({ ligne_id: null });

  /** Saves as a host does, once or (a double click) twice, and keeps count of what should now be. */
  async function save(before: Invoice | null, spec: InvoiceSpec, sources: Invoice[]): Promise<string> {
    const acknowledged = luck.upTo(3) === 0 ? [] : ['total_changed', 'carried_lines_changed', 'draft_target'];
    const form = {
      spec: JSON.stringify(spec),
      ...mergeFields(sources),
      invoiceMergeAcknowledged: acknowledged,
      invoiceMergeTarget: before === null ? '' : luck.upTo(12) === 0 ? 'old' : before.version,
    };
    const page = before === null ? 'create' : 'edit';
    const post = (): Promise<ApplyResult> =>
      merge.transaction((trx) =>
        merge.applyMerge(trx, { page, invoiceId: before?.id, form, actor: ACTOR }, async () => {
          const [number] =
            before || spec.status === 'draft' ? [] : await merge.numbers.allocate(trx, 'invoice', 1, '2026-11-21');
          if (before) {
            const kept = new Set(spec.lines.map(({ id }) => id));
            await freeLines(
              trx,
              before.lines.map(({ id }) => id).filter((id) => !kept.has(id)),
            );
          }
          return testHost.saveInvoice(trx, before?.id ?? null, { ...spec, number });
        }),
      );
    const result = await post();
    if (before && before.status === 'cancelled') throw new Error(`a cancelled invoice was saved: ${before.id}`);
    if (before) for (const name of named(specOf(before))) lines.delete(name);
    for (const name of named(spec)) lines.add(name);
    const difference = new Big(result.merge?.difference ?? 0);
    owed = owed
      .minus(before?.total ?? 0)
      .plus(ownTotal(spec))
      .plus(difference);
    const rounding = result.merge?.causes.every(({ code }) => code === 'rounding') ?? true;
    if (!rounding && acknowledged.length === 0) throw new Error('a difference nobody confirmed');
    if (luck.upTo(6) === 0) {
      const rows = await allRows(knex);
      const again = await post();
      if (!again.replayed || again.invoiceId !== result.invoiceId) throw new Error('a replay saved something else');
      demandSame(rows, await allRows(knex), 'a replay');
    }
    return `${page}${sources.length > 0 ? ' with a merge' : ''}: saved`;
  }

  // ------------------------------------------------------------ what must hold

  function demandSame(before: Record<string, string[]>, after: Record<string, string[]>, what: string): void {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)]))
      if (before[name]?.join('\n') !== after[name]?.join('\n')) throw new Error(`${what} changed ${name}`);
  }

  function demand(holds: boolean, what: string, facts: unknown): void {
    if (!holds) throw new Error(`${what}: ${JSON.stringify(facts)}`);
  }

  return {
    async step() {
      const act = luck.of([
        'create',
        'create',
        'create from sources',
        'edit',
        'edit',
        'merge',
        'merge',
        'pay',
        'delete',
        'link',
      ]);
      const before = await allRows(knex);
      try {
        return `${act}: ${(await acts[act]?.()) ?? ''}`;
      } catch (error) {
        if (!isPluginError(error) || ![404, 409, 422].includes(error.status)) throw error;
        demandSame(before, await allRows(knex), `a refusal with ${error.code}`);
        return `${act}: ${error.code}`;
      }
    },

    async demandInvariants() {
      const all = await invoices();
      const stand = all.filter(({ status }) => status !== 'cancelled');
      const sum = stand.reduce((left, { total, payments }) => left.plus(total).minus(payments.sum), new Big(0));
      demand(sum.eq(owed), 'what the customer owes', { is: sum.toFixed(), should: owed.toFixed() });

      const found = stand.flatMap((invoice) => named(specOf(invoice)));
      demand(new Set(found).size === found.length, 'a line stands twice', found);
      demand([...lines].sort().join() === [...found].sort().join(), 'lines', {
        lost: [...lines].filter((one) => !found.includes(one)),
        stray: found.filter((one) => !lines.has(one)),
      });

      const numbers = ((await knex(map.invoices.table).whereNotNull('numero').pluck('numero')) as string[]).map(String);
      demand(new Set(numbers).size === numbers.length, 'a number is borne twice', numbers);

      const standingIds = new Set(stand.map(({ id }) => id));
      const known = new Set(all.map(({ id }) => id));
      const sources = (await knex('im_merge_sources as s')
        .join('im_merges as m', 'm.id', 's.merge_id')
        .where('m.customer_id', customerId)
        .pluck('s.source_id')) as number[];
      for (const id of sources.map(String)) {
        const successor = await merge.successorOf(knex, id);
        demand(successor !== null && standingIds.has(successor), 'a source leads nowhere', { id, successor });
        demand(!standingIds.has(id), 'a source stands', id);
      }

      for (const { table, column, to, policy, name } of map.links) {
        const pointed = ((await knex(table).whereNotNull(column).pluck(column)) as number[]).map(String);
        const rows = to === 'invoice' ? map.invoices : map.lines;
        const existing = new Set(((await knex(rows.table).pluck(rows.id)) as number[]).map(String));
        const lost = pointed.filter((id) => !existing.has(id));
        demand(lost.length === 0, `links of ${name} point nowhere`, lost);
        if (policy === 'move' && to === 'invoice') {
          const left = pointed.filter((id) => known.has(id) && !standingIds.has(id));
          demand(left.length === 0, `links of ${name} stayed with a source`, left);
        }
      }
    },
  };
}
