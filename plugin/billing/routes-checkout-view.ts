/** What the checkout shows, step by step: pure. */
import type { Words } from '../i18n';
import { exact, toAmount, ZERO } from '../money/decimal';
import { minorUnit } from '../money/currency';
import type { Decimal } from '../money/types';
import type { CheckoutNow } from './checkout';
import type { PaymentMethod } from './contract';
import { exampleOf, keyboardOf } from './rules';
import { barred } from './rules-checkout';
import type { TillPageDeps } from './routes-till-deps';
import type { SalePayment, WantedPayment } from './types';

/** Where a person is in a checkout; it travels with the form, so that nothing is kept and Back is harmless. */
export interface CheckoutState {
  key: string;
  /** The lines so far. */
  paid: WantedPayment[];
  /** The method that was pressed, and what was typed for it. */
  picked: { methodId: string; amount: string; reference: string; note: string } | null;
  fault: { message: string; field: 'amount' | 'reference' | null } | null;
  /** The same reference was used minutes ago. */
  recent: SalePayment | null;
}

/** '1 234,50 €' and '1234.5' are what people type for 1234.50; anything else stays as it is, to be refused by its name. */
export function readAmount(typed: string): Decimal {
  const plain = typed.replace(/[\s\p{Sc}]/gu, '');
  if (/^\d+([.,]\d+)?$/.test(plain)) return plain.replace(',', '.');
  // Thousands as the languages of the pages write them.
  const grouped = /^\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain) ? plain.replaceAll(',', '') : plain;
  return /^\d+(\.\d+)?$/.test(grouped) ? grouped : plain;
}

/** An amount as a field holds it: '12,50' in French. */
export const typedAmount = (words: Words, amount: Decimal): string =>
  words.locale === 'fr' ? amount.replace('.', ',') : amount;

export const leftNow = (now: Pick<CheckoutNow, 'due' | 'currency'>, paid: WantedPayment[]): Decimal => {
  const left = paid.reduce((rest, { amount }) => rest.minus(exact(amount)), exact(now.due));
  return toAmount(left.lt(ZERO) ? ZERO : left, minorUnit(now.currency));
};

/** The name that a reference has for people: "N° de chambre". */
export const labelOf = (words: Words, method: Pick<PaymentMethod, 'referenceLabel'>): string =>
  method.referenceLabel ?? words.t('checkout.reference');

type ViewDeps = Pick<TillPageDeps, 'pictureOf' | 'invoiceUrl'>;

export function toCheckout(words: Words, now: CheckoutNow, state: CheckoutState, { pictureOf, invoiceUrl }: ViewDeps) {
  const { currency } = now;
  const money = (amount: Decimal): string => words.money(amount, currency);
  const byId = new Map(now.methods.map((one) => [one.id, one]));
  const chosen = state.paid.flatMap(({ methodId }) => byId.get(methodId) ?? []);
  const left = leftNow(now, state.paid);
  const refused = now.sale?.handover?.refused ?? null;
  const lines = now.sale?.lines ?? [];
  return {
    isInvoice: now.kind === 'invoice',
    document: now.invoice && {
      url: invoiceUrl(now.invoice.id, 'preview'),
      label: now.invoice.number ?? words.t('invoice.draftOf', { date: words.day(now.invoice.issueDate) }),
    },
    customer: now.customer?.name ?? words.t('checkout.noCustomer'),
    lines: lines.map((line) => ({
      description: line.description,
      quantity: words.number(line.quantity),
      price: money(line.unitPrice),
    })),
    total: money(now.total),
    due: money(now.due),
    left: money(left),
    leftField: typedAmount(words, left),
    isSplit: state.paid.length > 0,
    key: state.key,
    paid: state.paid.map((line, index) => ({
      ...{ index, json: JSON.stringify(line), amount: money(line.amount) },
      name: byId.get(line.methodId)?.name ?? words.t('checkout.gone'),
      reference: line.reference ?? null,
      remove: words.t('checkout.remove', { name: byId.get(line.methodId)?.name ?? '', amount: money(line.amount) }),
    })),
    handedBack:
      refused && now.sale?.handover
        ? words.t(`checkout.${refused.outcome}`, {
            method: now.sale.handover.method.name,
            reason: refused.reason ?? undefined,
          })
        : null,
    tiles: now.methods.map((method) => {
      const why = barred(method, now, chosen);
      return {
        ...{ id: method.id, name: method.name, image: pictureOf(method) },
        kind:
          method.kind === 'internal'
            ? null
            : words.t(`checkout.kind_${method.integrationId === null ? method.kind : 'extended'}`),
        reason: why === null ? null : words.t(`checkout.barred_${why}`),
      };
    }),
    fault: state.fault,
  };
}

/** What pressing the button does: nothing is taken here where another system collects. */
function doing({ integrationId, kind }: PaymentMethod): 'handOver' | 'record' | 'take' {
  if (integrationId !== null) return 'handOver';
  return kind === 'external_billing' ? 'record' : 'take';
}

/** The step of one method: amount, reference, note; amount due and customer stay in sight. */
export function toStep(words: Words, now: CheckoutNow, state: CheckoutState, { pictureOf }: ViewDeps) {
  const { picked, recent, fault } = state;
  const method = now.methods.find(({ id }) => id === picked?.methodId);
  if (!picked || !method) return null;
  const label = labelOf(words, method);
  const example = exampleOf(method.referenceMask);
  const asks = method.requiresReference || method.referenceLabel !== null || method.referenceMask !== null;
  const due = leftNow(now, state.paid);
  return {
    ...{ methodId: method.id, name: method.name, image: pictureOf(method), kind: method.kind },
    about: words.t(`checkout.about_${method.integrationId === null ? method.kind : 'extended'}`, { name: method.name }),
    // What is handed over is handed over whole.
    whole: method.integrationId !== null,
    amount: picked.amount,
    currency: now.currency,
    reference:
      asks || method.kind !== 'internal'
        ? {
            label: method.requiresReference ? label : words.t('checkout.optional', { label }),
            ...{
              value: picked.reference,
              required: method.requiresReference,
              keyboard: keyboardOf(method.referenceMask),
            },
            prompt: words.t(example === null ? 'checkout.enter' : 'checkout.enterLike', { label, example }),
          }
        : null,
    note: picked.note,
    recent: recent && {
      reference: recent.reference ?? '',
      text: words.t('checkout.recent', {
        label,
        reference: recent.reference,
        when: words.moment(recent.at),
        amount: words.money(recent.amount, recent.currency),
        name: recent.actor.name,
      }),
    },
    submit: words.t(`checkout.${doing(method)}`, { name: method.name }),
    canShare: method.integrationId === null && !exact(due).eq(ZERO),
    // A basket is paid whole: what is missing is asked for next, without a button for it.
    shareIsAsked: now.kind === 'invoice',
    faultAt: fault?.field ?? null,
  };
}
