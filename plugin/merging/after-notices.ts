/** What people read once they have merged, and what they tell the customer. */
import type { CustomerMessage } from '../contract';
import { PluginError } from '../errors';
import type { Actor, Day, Db, Id } from '../host/contract';
import { visibleIds } from '../host/own-columns';
import { runTransaction } from '../host/transaction';
import { exact } from '../money/decimal';
import type { Decimal } from '../money/types';
import { customerText, type CustomerFacts } from './after-text';
import type { Lookups } from './after-lookups';
import { balanceOf } from './after-payments';
import { restrictTo, type MergingDeps } from './deps';
import type { NoticeRecord, NoticeStore } from './store-notices';
import type { Locale, Words } from '../i18n';

/** A merge that the person made and has not put away. */
export interface News {
  mergeId: Id;
  count: number;
  /** A credit note was issued: the merge can be corrected, not undone. */
  credited: boolean;
  invoiceId: Id;
  number: string | null;
  issueDate: Day;
  total: Decimal;
  currency: string;
}

/** What there is to tell about an invoice that replaces others. */
export interface Telling {
  /** The newest merge into it: what is told now covers this one and all before. */
  mergeId: Id;
  /** null while the invoice is a draft, which the customer does not have. */
  messages: Record<Locale, CustomerMessage> | null;
  /** What was tried last; null when nothing was. */
  last: NoticeRecord | null;
  /** Invoices were merged since the customer was last told. */
  outdated: boolean;
  /** The host sends messages itself. */
  sends: boolean;
}

/** More of them would hide the page. */
const MOST_NEWS = 3;

type NoticeDeps = Pick<
  MergingDeps,
  'knex' | 'host' | 'store' | 'scope' | 'authorize' | 'hooks' | 'logger' | 'clock'
> & { wordsOf: (locale: Locale) => Words };

export const createNotices = (deps: NoticeDeps, lookups: Pick<Lookups, 'allReplaced'>, notices: NoticeStore) => {
  const { host, store } = deps;

  async function seen(db: Db, ids: Id[], actor: Actor): Promise<Set<Id>> {
    return visibleIds(db, host.map, ids, restrictTo(deps, actor));
  }

  async function telling(db: Db, invoiceId: Id, actor: Actor): Promise<Telling | null> {
    const [merged] = await store.asSources(db, [invoiceId]);
    const parts = merged ? [] : await lookups.allReplaced(db, invoiceId);
    // Nobody outside ever had a draft: there is nothing to tell about it.
    const replaced = parts.filter(({ statusBefore }) => statusBefore !== 'draft');
    const [invoice] = replaced.length > 0 ? await host.loadInvoices(db, [invoiceId]) : [];
    // Cancelled or credited, merged on or corrected: it stands for nothing any more.
    if (!invoice || invoice.status === 'cancelled' || invoice.credited) return null;
    const mergeIds = [...new Set(parts.map(({ mergeId }) => mergeId))];
    const newest = parts.filter(({ targetId }) => targetId === invoiceId).at(-1)?.mergeId ?? '';
    const records = await notices.noticesOf(db, mergeIds);
    const last = records.filter(({ mergeId }) =>
      parts.some((part) => part.mergeId === mergeId && part.targetId === invoiceId),
    );
    const facts: CustomerFacts = {
      invoiceId,
      customerId: invoice.customerId,
      number: invoice.number ?? '',
      issueDate: invoice.issueDate,
      dueDate: invoice.dueDate,
      currency: invoice.currency,
      total: invoice.total,
      balance: balanceOf(invoice),
      replaces: replaced.map(({ number, issueDate, total }) => ({ number, date: issueDate, total })),
      creditNotes: replaced.flatMap(({ creditNote }) => creditNote ?? []),
      actor,
    };
    const done = last.filter(({ state }) => state === 'done').at(-1);
    return {
      mergeId: newest,
      messages:
        invoice.status === 'draft'
          ? null
          : { fr: customerText(deps.wordsOf('fr'), facts), en: customerText(deps.wordsOf('en'), facts) },
      last: last.at(-1) ?? null,
      outdated: done !== undefined && exact(done.mergeId).lt(newest),
      sends: deps.hooks.tellCustomer !== undefined,
    };
  }

  return {
    telling,

    /** What the person merged last into this invoice, or for this customer, until put away. */
    async news(db: Db, about: { targetId: Id } | { customerId: Id }, actor: Actor): Promise<News[]> {
      const found = await notices.undismissed(db, about, actor.id, MOST_NEWS);
      const ids = found.map(({ targetId }) => targetId);
      const visible = await seen(db, ids, actor);
      const gone = new Set((await store.asSources(db, ids)).map(({ sourceId }) => sourceId));
      const invoices = new Map((await host.loadInvoices(db, ids)).map((invoice) => [invoice.id, invoice]));
      return found.flatMap(({ mergeId, targetId, count, credited }) => {
        const invoice = invoices.get(targetId);
        // Merged on or cancelled since: another page says so.
        if (!invoice || !visible.has(targetId) || gone.has(targetId) || invoice.status === 'cancelled') return [];
        const { number, issueDate, total, currency } = invoice;
        return { mergeId, count, credited, invoiceId: targetId, number, issueDate, total, currency };
      });
    },

    /** Puts the message away for this person. @throws IM_NOT_FOUND 404 */
    async dismiss(db: Db, mergeId: Id, actor: Actor): Promise<{ targetId: Id }> {
      const merge = await store.mergeById(db, mergeId);
      if (!merge || !(await seen(db, [merge.targetId], actor)).has(merge.targetId))
        throw new PluginError('IM_NOT_FOUND', 404, { mergeId });
      await notices.dismiss(db, mergeId, actor.id, deps.clock().toISOString());
      return { targetId: merge.targetId };
    },

    /**
     * Has the host send the message (`sent`), or remembers that a person did (`marked`). The same key again does nothing.
     * What is to be sent is written first: after a crash people see that it was begun, and nobody is told twice unknowingly.
     * @throws IM_NOT_FOUND 404 also where there is nothing to tell; IM_FORBIDDEN 403; IM_PAYLOAD_INVALID 400 to send without
     * the hook; IM_TELL_FAILED 502 when the host could not send it
     */
    async tell(
      wanted: { mergeId: Id; key: string; how: 'sent' | 'marked'; locale: Locale },
      actor: Actor,
    ): Promise<{ targetId: Id }> {
      const { mergeId, key, how, locale } = wanted;
      const merge = await store.mergeById(deps.knex, mergeId);
      const visible = merge && (await seen(deps.knex, [merge.targetId], actor)).has(merge.targetId);
      if (!merge || !visible) throw new PluginError('IM_NOT_FOUND', 404, { mergeId });
      const { targetId } = merge;
      if (!(await deps.authorize(actor, 'merge.apply', { invoiceId: targetId, db: deps.knex })))
        throw new PluginError('IM_FORBIDDEN', 403, { action: 'merge.apply' });
      const { tellCustomer } = deps.hooks;
      if (how === 'sent' && !tellCustomer) throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'how' });
      const found = await telling(deps.knex, targetId, actor);
      const message = found?.messages?.[locale];
      if (!found || !message) throw new PluginError('IM_NOT_FOUND', 404, { mergeId });

      const at = deps.clock().toISOString();
      const { subject, body } = message;
      const state = how === 'sent' ? 'sending' : 'done';
      const fresh = await runTransaction(deps.knex, (trx) =>
        notices.claimNotice(trx, { mergeId: found.mergeId, key, how, state, locale, subject, body, actor, at }),
      );
      if (!fresh || how === 'marked') return { targetId };
      try {
        await tellCustomer?.(message);
      } catch (cause) {
        await notices.endNotice(deps.knex, key, 'failed');
        deps.logger.error('tellCustomer hook failed', { mergeId, error: cause });
        throw new PluginError('IM_TELL_FAILED', 502, {}, { cause });
      }
      await notices.endNotice(deps.knex, key, 'done');
      return { targetId };
    },
  };
};

export type Notices = ReturnType<typeof createNotices>;
