/** Money that no invoice will receive: given back to the payer, say, or booked by hand. Kept with its reason, and undoable. */
import type { Knex } from 'knex';
import { PluginError } from '../errors';
import type { Actor, Db, Id, Trx } from '../host/contract';
import { runTransaction } from '../host/transaction';
import { exact, ZERO } from '../money/decimal';
import type { WaitingPayment } from './after-payments';
import type { PaymentRecord, PaymentStore } from './store-payments';

interface ClosingDeps {
  knex: Knex;
  payments: PaymentStore;
  clock: () => Date;
  /** @throws IM_NOT_FOUND 404 */
  one(db: Db, id: Id, actor: Actor): Promise<{ record: PaymentRecord; shown: WaitingPayment }>;
  visible(db: Db, actor: Actor, records: PaymentRecord[]): Promise<WaitingPayment[]>;
  nothingWaits(db: Db, record: PaymentRecord, actor: Actor): Promise<PluginError>;
}

export const createClosing = ({ knex, payments, clock, one, visible, nothingWaits }: ClosingDeps) => {
  /** Of two people at once one acts, the other reads what the first did. */
  const changing = (
    id: Id,
    actor: Actor,
    change: (trx: Trx, record: PaymentRecord) => Promise<void>,
  ): Promise<WaitingPayment> =>
    runTransaction(knex, async (trx) => {
      await payments.lockPayment(trx, id);
      await change(trx, (await one(trx, id, actor)).record);
      return (await one(trx, id, actor)).shown;
    });

  return {
    /** All that was closed and that the person may see, the last first. */
    closed: async (db: Db, actor: Actor): Promise<WaitingPayment[]> =>
      visible(db, actor, await payments.closedPayments(db)),

    /**
     * What still waits of a payment waits no more. A transaction of its own, run again as a whole.
     * @throws IM_NOT_FOUND 404, IM_PAYMENT_ALLOCATED 409, IM_PAYMENT_CLOSED 409
     */
    close: (id: Id, reason: string, actor: Actor): Promise<WaitingPayment> =>
      changing(id, actor, async (trx, record) => {
        if (!exact(record.waiting).gt(ZERO)) throw await nothingWaits(trx, record, actor);
        await payments.closePayment(trx, record, { at: clock().toISOString(), by: actor, reason });
      }),

    /**
     * It waits again. One that waits already stays as it is.
     * @throws IM_NOT_FOUND 404, IM_PAYMENT_ALLOCATED 409
     */
    reopen: (id: Id, actor: Actor): Promise<WaitingPayment> =>
      changing(id, actor, async (trx, record) => {
        if (record.closed) await payments.reopenPayment(trx, record, { at: clock().toISOString(), by: actor });
        else if (!exact(record.waiting).gt(ZERO)) throw await nothingWaits(trx, record, actor);
      }),
  };
};
