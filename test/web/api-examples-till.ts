/** Requests about the checkout and the history of sales, for api-examples.ts. */
import { randomUUID } from 'node:crypto';
import type { MergingFixture } from '../support/merging-fixture';
import type { Example, World } from './api-examples';

export interface TillWorld {
  /** Payments of an invoice, each for one act. */
  voidedId: string;
  refundedId: string;
  movedId: string;
  cash: string;
  /** Another method of the same module. */
  other: string;
}

const WHY = { reason: 'other', reasonText: 'Wrong table' };
const FILTER = (cash: string) => ({
  ...{ from: '2026-01-01', to: '2036-12-31', moduleId: '1', methodId: cash, actorId: '8', act: 'sales' },
  ...{ reference: '2*', text: 'Terrace' },
});

export const TILL_EXAMPLES: Record<string, (world: World) => Example> = {
  'POST /order-modules/{id}/checkout': ({ till }) => ({
    params: { id: 'direct_sale' },
    body: {
      sale: {
        ...{ customerId: null, currency: 'EUR' },
        lines: [
          {
            ...{ description: 'Lunch', quantity: '1', unitPrice: '10.00' },
            taxes: [{ category: 'S', name: 'TVA', rate: '20' }],
          },
        ],
      },
      payments: [{ methodId: till.cash, amount: '12.00', reference: 'A1', note: 'Terrace' }],
      key: randomUUID(),
    },
    status: 201,
    apart: true,
  }),
  'GET /sales': ({ till }) => ({ query: { ...FILTER(till.cash), page: '1' }, status: 200, forAll: true }),
  'GET /sales/export.csv': ({ till }) => ({ query: FILTER(till.cash), status: 200, forAll: true, logged: true }),
  'GET /sales/export.xlsx': ({ till }) => ({ query: FILTER(till.cash), status: 200, forAll: true, logged: true }),
  'POST /sales/{id}/void': ({ till }) => ({ params: { id: till.voidedId }, body: WHY, status: 201 }),
  'POST /sales/{id}/refund': ({ till }) => ({
    params: { id: till.refundedId },
    body: { ...WHY, amount: '1.00', methodId: till.cash, key: randomUUID() },
    status: 201,
  }),
  'POST /sales/{id}/method': ({ till }) => ({
    params: { id: till.movedId },
    body: { ...WHY, methodId: till.other, reference: 'B2' },
    status: 201,
  }),
};

export async function openTillWorld(fixture: MergingFixture, invoiceId: string): Promise<TillWorld> {
  const { body } = await fixture.http('/api/order-modules/invoices/payment-methods');
  const [cash = '', other = ''] = (body.paymentMethods as { id: string }[]).map(({ id }) => id);
  const take = async (reference: string): Promise<string> => {
    const reply = await fixture.http('/api/order-modules/invoices/checkout', {
      body: { invoiceId, payments: [{ methodId: cash, amount: '2.00', reference }], key: randomUUID() },
    });
    if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
    return (reply.body.transactions as { id: string }[])[0]!.id;
  };
  return {
    ...{ cash, other, voidedId: await take('SECRET-1'), refundedId: await take('SECRET-2') },
    movedId: await take('SECRET-3'),
  };
}
