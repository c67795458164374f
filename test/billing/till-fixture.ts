/** A till: methods of every kind at direct sale and on invoices, and people who sell, look and correct, over HTTP. */
import { randomUUID } from 'node:crypto';
import type { Action } from '../../plugin/contract';
import type { Id, SaleLine } from '../../plugin/host/contract';
import type { TestDatabase } from '../support/databases';
import type { InvoiceSpec } from '../support/hosts/types';
import { VAT_20 } from '../support/merging-fixture';
import { PEOPLE, type Person } from '../settings/settings-app';
import { openBilling, type BillingFixture, type Method, type Reply } from './billing-fixture';

export interface Transaction {
  id: Id;
  saleId: Id;
  act: string;
  at: string;
  day: string;
  invoiceId: Id | null;
  invoiceNumber: string | null;
  slipNumber: string | null;
  method: { id: Id; name: string; kind: string; externalIdentifier: string | null };
  reference: string | null;
  note: string | null;
  amount: string;
  vat: { rate: string; base: string; tax: string }[];
  reversesId: Id | null;
  reason: string | null;
  state?: string;
  actor: { id: Id; name: string };
}
export interface Payment {
  methodId: Id;
  amount: string;
  reference?: string | null;
  note?: string;
}
interface Totals {
  currency: string;
  total: string;
  count: number;
  cash: string;
  internal: string;
  externalPayments: string;
  externalBilling: string;
}

export interface TillFixture extends BillingFixture {
  cash: Id;
  card: Id;
  /** Plain external billing; its reference is required, three digits. */
  room: Method;
  /** External payment; a reference may be given. */
  voucher: Method;
  /** What the plugin's clock says. */
  setNow(iso: string): void;
  sell(lines: SaleLine[], payments: Payment[], how?: { key?: string; who?: Person; module?: string }): Promise<Reply>;
  take(invoiceId: Id, payments: Payment[], how?: { key?: string; who?: Person; module?: string }): Promise<Reply>;
  openInvoice(spec?: Partial<InvoiceSpec>): Promise<Id>;
  /** A basket that waits for its payment. */
  openSale(lines?: SaleLine[], more?: { returnUrl?: string; customerId?: Id | null }): Promise<Id>;
  sales(
    query?: string,
    who?: Person,
  ): Promise<{ sales: Transaction[]; total: number; totals: Totals[]; handedOver: number }>;
}

export const article = (unitPrice: string, more: Partial<SaleLine> = {}): SaleLine => ({
  ...{ description: 'Drinks', quantity: '1', unitPrice, taxes: [VAT_20] },
  ...more,
});

/** 12.00 with VAT. */
export const DRINKS = [article('10')];

export const codeOf = ({ status, body }: Reply): string => `${status} ${body.error?.code ?? ''}`.trim();
export const taken = ({ status, body }: Reply): Transaction[] => {
  if (status > 201) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body.transactions as Transaction[];
};

const NOT_SALES: Action[] = ['sales.view_all', 'sales.void', 'sales.export', 'billing.manage', 'settings.manage'];

function mayDo({ id }: { id: string }, action: Action): boolean {
  if (id === PEOPLE.stranger.id) return false;
  if (id === PEOPLE.sales.id) return !NOT_SALES.includes(action);
  return id !== PEOPLE.books.id || (action !== 'billing.manage' && action !== 'settings.manage');
}

export async function openTill(
  database: TestDatabase,
  options: Parameters<typeof openBilling>[1] = {},
): Promise<TillFixture> {
  let now = new Date('2026-11-21T10:00:00Z');
  const billing = await openBilling(database, { authorize: mayDo, clock: () => now, ...options });
  const [cash = '', card = ''] = await billing.ids();
  const room = await billing.make('Chambre', {
    ...{ externalIdentifier: 'PMS', requiresReference: true, referenceLabel: 'N° de chambre', referenceMask: '999' },
  });
  const voucher = await billing.make('Bon cadeau', { kind: 'external_payment' });
  for (const module of ['direct_sale', 'invoices'])
    await billing.ask('post', `/order-modules/${module}/payment-methods`, { methodIds: [room.id, voucher.id] });
  const checkout = (module: string, body: object, who: Person = 'sales'): Promise<Reply> =>
    billing.ask('post', `/order-modules/${module}/checkout`, body, who);
  const { merge } = billing.fixture;
  return {
    ...billing,
    ...{ cash, card, room, voucher },
    setNow: (iso) => void (now = new Date(iso)),
    sell: (lines, payments, { key = randomUUID(), who, module = 'direct_sale' } = {}) =>
      checkout(module, { sale: { customerId: null, currency: 'EUR', lines }, payments, key }, who),
    take: (invoiceId, payments, { key = randomUUID(), who, module = 'invoices' } = {}) =>
      checkout(module, { invoiceId, payments, key }, who),
    async openInvoice(spec = {}) {
      return billing.fixture.invoice(await billing.fixture.customer(), spec);
    },
    async openSale(lines = DRINKS, { customerId = null, returnUrl } = {}) {
      const basket = { customerId, currency: 'EUR', lines, actor: PEOPLE.sales, returnUrl };
      return (await merge.transaction((trx) => merge.billing.openSale(trx, basket))).saleId;
    },
    async sales(query = '', who = 'books') {
      const { status, body } = await billing.ask('get', `/sales${query}`, undefined, who);
      if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
      return body as never;
    },
  };
}
