/** The letter to a customer whose invoices became one, in one language. Pure. */
import type { CustomerMessage } from '../contract';
import type { Actor, Day, Id } from '../host/contract';
import type { Words } from '../i18n';
import { exact } from '../money/decimal';
import type { Decimal } from '../money/types';

export interface CustomerFacts {
  invoiceId: Id;
  customerId: Id;
  number: string;
  issueDate: Day;
  dueDate: Day | null;
  currency: string;
  total: Decimal;
  balance: Decimal;
  replaces: { number: string | null; date: Day; total: Decimal }[];
  creditNotes: { id: Id; number: string }[];
  actor: Actor;
}

/** Which numbers are replaced, by which, what is due when, and what becomes of payments under way. */
export function customerText(words: Words, facts: CustomerFacts): CustomerMessage {
  const { number, currency, replaces, creditNotes, actor } = facts;
  const { t, money, day } = words;
  const count = replaces.length;
  const numbers = words.list(replaces.flatMap((one) => one.number ?? []));
  const paidInPart = !exact(facts.balance).eq(facts.total);
  const body = [
    t('tell.hello'),
    t('tell.intro', { count }),
    replaces
      .map((one) =>
        t('tell.line', {
          number: one.number ?? t('invoice.unnumbered'),
          date: day(one.date),
          amount: money(one.total, currency),
        }),
      )
      .join('\n'),
    t('tell.after', {
      count,
      number,
      date: day(facts.issueDate),
      amount: money(facts.total, currency),
      ...(paidInPart && { balance: money(facts.balance, currency) }),
      ...(facts.dueDate && { due: day(facts.dueDate) }),
    }),
    ...(creditNotes.length > 0
      ? [t('tell.credits', { count: creditNotes.length, numbers: words.list(creditNotes.map((one) => one.number)) })]
      : []),
    t('tell.underway', { count, number }),
    `${t('tell.bye')}\n${actor.name}`,
  ].join('\n\n');
  const { invoiceId, customerId, total } = facts;
  return {
    ...{ invoiceId, customerId, number, currency, total, replaces, creditNotes, actor },
    dueDate: facts.dueDate,
    locale: words.locale,
    subject: t('tell.subject', { count, numbers, number }),
    body,
  };
}
