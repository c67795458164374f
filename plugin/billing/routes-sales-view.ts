/** What the pages of the history show, made from its answers: pure. */
import type { Words } from '../i18n';
import { exact, ZERO } from '../money/decimal';
import type { Decimal } from '../money/types';
import type { MethodKind } from './contract';
import { ACT_GROUPS } from './rules-acts';
import type { TillPageDeps } from './routes-till-deps';
import { drawSales, spanOf, type DrawColumn } from './sales-drawing';
import type { SalesFilter, SalesPage, SalesRow, SalesTotal } from './sales-history';

const KINDS: MethodKind[] = ['internal', 'external_payment', 'external_billing'];

type ViewDeps = Pick<TillPageDeps, 'pictureOf' | 'invoiceUrl'> & { pages: { base: string } };

export function toSalesRow(words: Words, row: SalesRow, { pictureOf, invoiceUrl, pages }: ViewDeps) {
  const reason = row.reason === null ? null : words.t(`sales.reason_${row.reason}`);
  const isBelow = exact(row.amount).lt(ZERO);
  return {
    id: row.id,
    at: words.instant(row.at),
    by: words.t('sales.by', { name: row.actor.name, module: row.module.name }),
    url: `${pages.base}/sales/${encodeURIComponent(row.id)}`,
    open: words.t(`sales.act_${row.act}`),
    openLabel: words.t('sales.openThis', { act: words.t(`sales.act_${row.act}`), id: row.id }),
    document:
      row.invoiceId !== null
        ? { url: invoiceUrl(row.invoiceId, 'preview'), label: row.invoiceNumber ?? words.t('invoice.draft') }
        : row.slipNumber !== null
          ? {
              url: `${pages.base}/slips/${encodeURIComponent(row.saleId)}`,
              label: words.t('sales.slip', { number: row.slipNumber }),
            }
          : null,
    customer: row.customer?.name ?? null,
    method: row.method.name,
    image: pictureOf(row.method),
    kind: words.t(`sales.kind_${row.method.kind}`),
    identifier: row.method.externalIdentifier,
    reference: row.reference,
    note: row.note,
    amount: words.money(row.amount, row.currency),
    isBelow,
    state: row.state,
    stateText: row.state === 'recorded' || isBelow ? null : words.t(`sales.state_${row.state}`),
    isOver: row.state === 'voided' || row.state === 'moved' || row.state === 'refunded',
    reason: row.reasonText === null ? reason : words.t('sales.reasonWith', { reason, text: row.reasonText }),
  };
}

export function toTotals(words: Words, total: SalesTotal) {
  const money = (amount: Decimal): string => words.money(amount, total.currency);
  return {
    currency: total.currency,
    label: words.t('sales.total', { count: total.count }),
    total: money(total.total),
    kinds: KINDS.map((kind) => ({
      ...{ kind, label: words.t(`sales.own_${kind}`), hint: words.t(`sales.own_${kind}_hint`) },
      amount: money(total.kinds[kind]),
      methods: total.methods
        .filter(({ method }) => method.kind === kind)
        .map(({ method, amount, count }) => ({
          name: method.name,
          amount: money(amount),
          count: words.t('sales.rows', { count }),
        })),
    })),
    vat: total.vat.map(({ rate, base, tax }) => ({ rate: words.percent(rate), base: money(base), tax: money(tax) })),
    // The VAT of a direct sale that another system invoices is declared there.
    vatHint: total.methods.some(({ method }) => method.kind === 'external_billing') ? words.t('sales.vatHint') : null,
  };
}

/** Drawn per currency; nothing for a single day, which the totals say already. */
export function toCharts(words: Words, { buckets, totals }: SalesPage) {
  if (!buckets) return [];
  const { by, first, last, list } = buckets;
  const whens = spanOf(first, last, by);
  if (whens.length < 2) return [];
  const nameOf = (when: string): string =>
    by === 'day' ? words.day(when) : words.day(`${when}-01`).replace(/^\D*\d+\D/, '');
  return totals.map(({ currency }) => {
    const columns = whens.map((when): DrawColumn => ({
      when,
      label: by === 'day' ? nameOf(when).replace(/\D?\d{4}$/, '') : nameOf(when),
      parts: list
        .filter((one) => one.currency === currency && one.when === when)
        .map(({ kind, amount }) => ({
          ...{ kind, amount },
          title: `${nameOf(when)} · ${words.t(`sales.own_${kind}`)} · ${words.money(amount, currency)}`,
        })),
    }));
    return {
      currency,
      label: words.t(`sales.chart_${by}`, { from: nameOf(whens[0] ?? ''), to: nameOf(whens.at(-1) ?? '') }),
      legend: KINDS.filter((kind) => list.some((one) => one.kind === kind && one.currency === currency)).map(
        (kind) => ({
          kind,
          label: words.t(`sales.own_${kind}`),
        }),
      ),
      drawings: (['wide', 'narrow'] as const).map((kind) => ({ kind, ...drawSales(columns, kind) })),
    };
  });
}

export function toSalesForm(words: Words, filter: SalesFilter, { choices, own }: SalesPage) {
  const option = (value: string, label: string, chosen: string | undefined) => ({
    value,
    label,
    chosen: value === (chosen ?? ''),
  });
  const list = (all: string, named: { id: string; name: string }[], chosen: string | undefined) => [
    option('', words.t(all), chosen),
    ...named.map(({ id, name }) => option(id, name, chosen)),
  ];
  return {
    ...{ from: filter.from ?? '', to: filter.to ?? '', reference: filter.reference ?? '', text: filter.text ?? '' },
    modules: list('sales.anyModule', choices.modules, filter.moduleId),
    methods: list('sales.anyMethod', choices.methods, filter.methodId),
    // Who sees only their own has nobody to choose.
    people: own ? null : list('sales.anybody', choices.people, filter.actorId),
    acts: [
      option('', words.t('sales.acts_any'), filter.act),
      ...Object.keys(ACT_GROUPS).map((one) => option(one, words.t(`sales.acts_${one}`), filter.act)),
    ],
  };
}

const DAY_MS = 86_400_000;
const shifted = (day: string, by: number): string => new Date(Date.parse(day) + by * DAY_MS).toISOString().slice(0, 10);

/** Periods that are asked for every day, from today's day in the business. */
export function periodsOf(words: Words, today: string): { label: string; from: string; to: string }[] {
  const weekday = (new Date(`${today}T00:00:00Z`).getUTCDay() + 6) % 7;
  const month = `${today.slice(0, 7)}-01`;
  const lastOfBefore = shifted(month, -1);
  return [
    { label: words.t('sales.today'), from: today, to: today },
    { label: words.t('sales.yesterday'), from: shifted(today, -1), to: shifted(today, -1) },
    { label: words.t('sales.thisWeek'), from: shifted(today, -weekday), to: today },
    { label: words.t('sales.thisMonth'), from: month, to: today },
    { label: words.t('sales.lastMonth'), from: `${lastOfBefore.slice(0, 7)}-01`, to: lastOfBefore },
  ];
}
