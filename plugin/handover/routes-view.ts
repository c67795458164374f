/** Hand-overs in words: what the journal's and the connections' pages show. */
import type { Words } from '../i18n';
import type { Integration } from './contract';
import type { TestResult } from './integrations';
import type { Dossier, JournalEntry } from './journal';

/** The shape beside the word: see css/handover.css. */
export interface StateView {
  code: string;
  text: string;
}

export function stateOfConnection(words: Words, one: Pick<Integration, 'enabled' | 'disabledBy'>): StateView {
  const code = one.enabled ? 'on' : one.disabledBy === 'gone' ? 'gone' : 'off';
  return { code, text: words.t(`connections.state_${code}`) };
}

export function explainTest(words: Words, { ok, code, status }: TestResult): string {
  if (ok) return words.t('connections.testOk', { status: status ?? undefined });
  return words.t('connections.testFailed', { what: words.t(`handovers.code_${code}`, { status: status ?? '' }) });
}

const KNOWN_STATES = new Set(['waiting', 'stuck', 'accepted', 'rejected', 'cancelling', 'cancelled']);

/** What the state means and what to do now, in a sentence or two. */
function explainState(words: Words, one: JournalEntry & Partial<Pick<Dossier, 'cancellation'>>): string {
  const system = one.integration.name;
  if (one.state === 'waiting' || one.state === 'cancelling') {
    const { enabled, removed } = one.integration;
    if (removed || !enabled) return words.t(`handovers.is_${one.state}_off`, { system });
    if (one.sending) return words.t('handovers.sending', { system });
    const nextAt = one.state === 'waiting' ? one.nextAt : one.cancellation?.nextAt;
    return words.t(`handovers.is_${one.state}`, { system, next: nextAt ? words.moment(nextAt) : undefined });
  }
  if (one.settled && (one.state === 'accepted' || one.state === 'cancelled')) {
    const { by, at, reason } = one.settled;
    const vars = { system, name: by.name, at: words.instant(at), reason };
    if (one.cancellation?.state === 'rejected')
      return words.t('handovers.keeps', { ...vars, why: one.cancellation.reason ?? undefined });
    return words.t(`handovers.is_${one.state}_by`, vars);
  }
  return words.t(`handovers.is_${one.state}`, {
    system,
    reason: one.reason ?? undefined,
    reference: one.reference ?? undefined,
  });
}

export function toJournalRow(words: Words, one: JournalEntry, url: string) {
  return {
    url,
    at: words.instant(one.createdAt),
    amount: words.money(one.total, one.currency),
    system: one.integration.name,
    method: one.method.name,
    module: one.module.name,
    customer: one.customerName,
    saleReference: one.saleReference,
    by: one.actor.name,
    state: { code: one.state, text: words.t(`handovers.state_${one.state}`) } satisfies StateView,
    reference: one.reference,
    reason: one.state === 'rejected' ? one.reason : null,
    invoice: one.invoice && { number: one.invoice.number, url: one.invoice.url },
    conflict: one.otherInvoice !== null,
  };
}

/** 'waiting' and the like; anything else is no filter. */
export const isState = (state: string): boolean => KNOWN_STATES.has(state);

export function toDossier(words: Words, one: Dossier) {
  const isOpen = one.state === 'waiting' || one.state === 'stuck' || one.state === 'cancelling';
  return {
    ...toJournalRow(words, one, ''),
    /** While something may still happen by itself. */
    isLive: one.sending || ((one.state === 'waiting' || one.state === 'cancelling') && one.integration.enabled),
    explained: explainState(words, one),
    isAlarm: one.state === 'stuck' || (isOpen && !one.integration.enabled),
    messageId: one.messageId,
    saleId: one.saleId,
    cancellation:
      one.state === 'cancelling' && one.settled
        ? words.t('handovers.cancelAsked', {
            name: one.settled.by.name,
            at: words.instant(one.settled.at),
            reason: one.settled.reason,
          })
        : null,
    invoiceAt: one.invoice && words.t('handovers.invoiceTold', { at: words.instant(one.invoice.at) }),
    invoiceDay: one.invoice?.date ? words.day(one.invoice.date) : null,
    invoiceNote: one.invoice?.note ?? null,
    other:
      one.otherInvoice &&
      words.t(one.invoice ? 'handovers.otherNumber' : 'handovers.invoicedAnyway', {
        number: one.otherInvoice.number,
        system: one.integration.name,
        at: words.instant(one.otherInvoice.at),
      }),
    attempts: one.attempts.map((attempt) => ({
      at: words.instant(attempt.startedAt),
      how: words.t(`handovers.how_${attempt.how}`, { name: attempt.actorName ?? undefined }),
      isCancel: attempt.of === 'cancel',
      outcome: attempt.outcome ?? 'sending',
      text:
        attempt.outcome === null || attempt.code === null
          ? words.t('handovers.code_sending')
          : words.t(`handovers.code_${attempt.code}`, { status: attempt.status ?? '' }),
      took:
        attempt.tookMs === null
          ? null
          : words.t('handovers.took', { n: words.number(Math.max(0.1, attempt.tookMs / 1000).toFixed(1)) }),
      reply: attempt.reply,
    })),
    acts: {
      check: isOpen && !one.sending && one.integration.enabled,
      resend: one.state === 'accepted' && one.kept && one.integration.enabled,
      cancel: one.state === 'waiting' || one.state === 'stuck' || one.state === 'accepted',
      settle: isOpen && !one.sending,
    },
  };
}
