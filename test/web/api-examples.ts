/** One request per documented operation that succeeds: what every test of the API's borders starts from. A new endpoint gets one here. */
import { randomUUID } from 'node:crypto';
import type { Id } from '../../plugin/host/contract';
import { numberOf } from '../../plugin/host/patterns';
import { seriesOfNumber } from '../../plugin/host/series';
import { line, type MergingFixture } from '../support/merging-fixture';
import { BILLING_EXAMPLES, openBillingWorld, type BillingWorld } from './api-examples-billing';
import { HANDOVER_EXAMPLES, openHandoverWorld, type HandoverWorld } from './api-examples-handover';
import { openTillWorld, TILL_EXAMPLES, type TillWorld } from './api-examples-till';

/** Above it nothing else is numbered. */
const FIRST = 90_000;

export interface World {
  customer: Id;
  /** Receives; one merge went into it already. */
  target: Id;
  /** Open, with discounts. */
  sources: { id: Id; version: string }[];
  mergeId: Id;
  /** Into an invoice that the customer has: it can be corrected. */
  sentMergeId: Id;
  /** Money that waits, and an open invoice for it. */
  waiting: { id: Id; invoiceId: Id };
  /** More money that waits. */
  refundedId: Id;
  billing: BillingWorld;
  handover: HandoverWorld;
  /** In a series: an invoice beside missing numbers, a cancelled one, and a change that can be taken back. */
  numbered: { series: string; third: string; id: Id; cancelledId: Id; changeId: Id };
  till: TillWorld;
}

export interface Example {
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: Record<string, unknown>;
  /** Of the reply. */
  status: number;
  /** The operation names no invoice: whoever may do it at all gets an answer, with nothing of what is out of sight. */
  forAll?: true;
  /** It leaves a line in the log of activity. */
  logged?: true;
  /** It is about no invoice and no customer at all: the same for everybody who may do it. */
  apart?: true;
}

export const EXAMPLES: Record<string, (world: World) => Example> = {
  'GET /openapi.json': () => ({ status: 200, forAll: true }),
  'GET /candidates': ({ customer, target }) => ({
    query: { customerId: customer, invoiceId: target, currency: 'EUR', q: '', page: '1' },
    status: 200,
  }),
  'GET /invoices/{id}/lines': ({ sources, target }) => ({
    params: { id: sources[0]!.id },
    query: { targetId: target },
    status: 200,
  }),
  'POST /invoices/lines': ({ sources, target }) => ({
    body: { sourceIds: sources.map(({ id }) => id), targetId: target },
    status: 200,
  }),
  'POST /merges/preview': ({ customer, target, sources }) => ({
    body: {
      targetId: target,
      customerId: customer,
      sourceIds: sources.map(({ id }) => id),
      settlement: { issued: 'cancel', draft: 'cancel' },
    },
    status: 200,
  }),
  'POST /merges': ({ target, sources }) => ({
    body: {
      targetId: target,
      sources,
      settlement: { issued: 'cancel', draft: 'cancel' },
      key: randomUUID(),
      acknowledged: ['total_changed'],
    },
    status: 201,
  }),
  'GET /merges': ({ customer, target }) => ({
    query: {
      ...{ invoiceId: target, customerId: customer, actorId: '8', from: '2026-01-01', to: '2026-12-31' },
      ...{ settlement: 'cancel', customer: 'Customer', undone: 'false', uncredited: 'true', page: '1' },
    },
    status: 200,
    forAll: true,
  }),
  'GET /payments-to-allocate': () => ({ query: { page: '1', state: 'waiting' }, status: 200, forAll: true }),
  'POST /payments-to-allocate/{id}': ({ waiting: { id, invoiceId } }) => ({
    params: { id },
    body: { invoiceId },
    status: 200,
  }),
  'POST /payments-to-allocate/{id}/close': ({ refundedId }) => ({
    params: { id: refundedId },
    body: { reason: 'Refunded' },
    status: 200,
  }),
  'POST /payments-to-allocate/{id}/reopen': ({ refundedId }) => ({ params: { id: refundedId }, status: 200 }),
  'GET /merges/export.csv': ({ customer }) => ({
    query: {
      ...{ invoiceId: '1', customerId: customer, customer: 'Customer', actorId: '8', from: '2026-01-01' },
      ...{ to: '2026-12-31', settlement: 'cancel', undone: 'false', uncredited: 'true' },
    },
    status: 200,
    forAll: true,
  }),
  'GET /merges/{id}': ({ mergeId }) => ({ params: { id: mergeId }, status: 200 }),
  'POST /merges/{id}/dismiss': ({ mergeId }) => ({ params: { id: mergeId }, status: 200 }),
  'POST /merges/{id}/tell': ({ mergeId }) => ({
    params: { id: mergeId },
    body: { key: randomUUID(), how: 'marked', locale: 'fr' },
    status: 200,
  }),
  'POST /merges/{id}/undo': ({ mergeId }) => ({
    params: { id: mergeId },
    body: { reason: 'Wrong customer', confirmSent: true },
    status: 200,
  }),
  'POST /merges/{id}/correct': ({ sentMergeId }) => ({
    params: { id: sentMergeId },
    body: { reason: 'Two sites, two orders' },
    status: 200,
  }),
  ...BILLING_EXAMPLES,
  ...HANDOVER_EXAMPLES,
  'GET /series': () => ({ status: 200, forAll: true }),
  'GET /series/{series}/gaps': ({ numbered: { series } }) => ({
    params: { series },
    query: { page: '1' },
    status: 200,
    forAll: true,
  }),
  'GET /series/{series}/strip': ({ numbered: { series } }) => ({
    params: { series },
    query: { page: '1' },
    status: 200,
    forAll: true,
  }),
  'GET /series/{series}/cancelled': ({ numbered: { series } }) => ({
    params: { series },
    query: { page: '1' },
    status: 200,
    forAll: true,
  }),
  'GET /series/{series}/unmatched': ({ numbered: { series } }) => ({
    params: { series },
    query: { page: '1' },
    status: 200,
    forAll: true,
  }),
  'GET /series/{series}/gaps/export.csv': ({ numbered: { series } }) => ({
    params: { series },
    status: 200,
    forAll: true,
  }),
  'POST /series/{series}/gaps/explain': ({ numbered: { series } }) => ({
    params: { series },
    body: { from: FIRST + 5, to: FIRST + 6, reason: 'Lost in the move' },
    status: 201,
    apart: true,
  }),
  'DELETE /series/{series}/gaps/explain': ({ numbered: { series } }) => ({
    params: { series },
    body: { from: FIRST + 9, to: FIRST + 9, reason: 'Found again' },
    status: 200,
    apart: true,
  }),
  'GET /series/{series}/takers': ({ numbered: { series } }) => ({
    params: { series },
    query: { sequence: String(FIRST + 3), q: 'F' },
    status: 200,
    forAll: true,
  }),
  'GET /invoices/{id}/free-numbers': ({ numbered: { id } }) => ({ params: { id }, status: 200 }),
  'PUT /invoices/{id}/number': ({ numbered: { id, third } }) => ({
    params: { id },
    body: { number: third, reason: 'Fills the hole', confirm: ['issued', 'date_order'] },
    status: 200,
  }),
  'POST /numbers/free': ({ numbered: { cancelledId } }) => ({
    body: { invoiceId: cancelledId, reason: 'Never sent' },
    status: 200,
  }),
  'GET /invoices/{id}/number-changes': ({ numbered: { id } }) => ({ params: { id }, status: 200 }),
  'POST /number-changes/{id}/undo': ({ numbered: { changeId } }) => ({
    params: { id: changeId },
    body: { reason: 'A mistake' },
    status: 200,
  }),
  ...TILL_EXAMPLES,
  'GET /settings': () => ({ status: 200, forAll: true }),
  'PUT /settings': () => ({
    body: {
      enabled: true,
      preset: null,
      lockedUntil: null,
      directSaleInvoice: false,
      issued: { offered: ['cancel', 'delete'], default: 'cancel' },
      draft: { offered: ['cancel', 'delete'], default: 'cancel' },
      numbers: { fillGaps: true, freeCancelled: true },
      version: 0,
    },
    status: 200,
    forAll: true,
  }),
};

/** Numbers of these begin with SECRET, which is how a leak is seen. */
export async function openWorld(fixture: MergingFixture): Promise<World> {
  const customer = await fixture.customer();
  const tag = customer.padStart(4, '0');
  const invoice = (name: string, more: Partial<Parameters<MergingFixture['invoice']>[1]> = {}): Promise<Id> =>
    fixture.invoice(customer, { number: `SECRET-${tag}-${name}`, ...more });
  const target = await invoice('1');
  const first = await invoice('2');
  const { merge } = await fixture.save({ target, sources: [first], issued: 'cancel', draft: 'cancel' });
  const discounted = await invoice('3', {
    discount: { kind: 'percent', value: '10', basis: 'before_tax' },
    lines: [line('Work', '33.33', { quantity: '3' }), line('Travel', '12.50', { longDescription: 'There and back' })],
  });
  const draft = await fixture.invoice(customer, { status: 'draft', number: null });
  const paid = await invoice('4');
  await fixture.crm.pay(fixture.knex, paid, '10');
  const settled = await invoice('5');
  await fixture.crm.pay(fixture.knex, settled, '120');
  const receive = (reference: string) =>
    fixture.merge.transaction((trx) =>
      fixture.merge.receivePayment(
        trx,
        {
          ...{ key: `${reference} ${customer}`, invoiceId: settled, amount: '20', currency: 'EUR' },
          ...{ date: '2026-11-20', methodId: '1', reference },
        },
        () => Promise.resolve(),
      ),
    );
  const [received, refunded] = [await receive('SECRET'), await receive('SECRET too')];
  const sources = [];
  for (const id of [discounted, draft]) sources.push({ id, version: (await fixture.load(id)).version });
  const told = await invoice('7');
  const gone = await fixture.save({ target: told, sources: [await invoice('8')], issued: 'cancel' });
  const { table, id: key, sent = '' } = fixture.crm.map.invoices;
  await fixture
    .knex(table)
    .where({ [key]: told })
    .update({ [sent]: sent === 'sent' ? 1 : '2026-11-20 10:00:00' });
  const pattern = fixture.crm.map.series?.invoice?.patterns.at(-1) ?? '';
  const number = (n: number): string => numberOf(pattern, FIRST + n, '2026-03-02');
  const series = seriesOfNumber(fixture.crm.map, 'invoice', number(1))?.series.key ?? '';
  const numbers = [];
  for (const n of [1, 2, 4, 7, 12])
    numbers.push(await fixture.invoice(customer, { number: number(n), issueDate: '2026-03-02' }));
  const [numbered = '', , changed = '', cancelledId = ''] = numbers;
  const { table: invoices, status } = fixture.crm.map.invoices;
  if ('column' in status)
    await fixture
      .knex(invoices)
      .where({ [key]: cancelledId })
      .update({ [status.column]: [status.values.cancelled].flat()[0] });
  const ask = (path: string, body: unknown, method: 'POST' | 'PUT' = 'POST') =>
    fixture.http(`/api${path}`, { body, method });
  await ask(`/series/${encodeURIComponent(series)}/gaps/explain`, { from: FIRST + 9, to: FIRST + 9, reason: 'Lost' });
  const give = { number: number(8), reason: 'Order', confirm: ['issued'] };
  const given = await ask(`/invoices/${changed}/number`, give, 'PUT');
  return {
    customer,
    target,
    numbered: {
      ...{ series, third: number(3), id: numbered, cancelledId },
      changeId: (given.body.change as { id?: Id } | undefined)?.id ?? '',
    },
    sources,
    mergeId: merge?.id ?? '',
    sentMergeId: gone.merge?.id ?? '',
    waiting: { id: received.waiting?.id ?? '', invoiceId: await invoice('6') },
    refundedId: refunded.waiting?.id ?? '',
    billing: await openBillingWorld(fixture, tag),
    handover: await openHandoverWorld(fixture, tag),
    till: await openTillWorld(fixture, await invoice('9')),
  };
}
