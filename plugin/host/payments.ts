/** Stores a payment in the host's own table. */
import { PluginError } from '../errors';
import type { Decimal } from '../money/types';
import type { Day, Id, Row, TableMap, Trx } from './contract';

export async function recordPayment(
  trx: Trx,
  map: TableMap,
  payment: { invoiceId: Id | null; methodId: Id; amount: Decimal; date: Day; note: string; columns: Row },
): Promise<Id> {
  const { payments } = map;
  if (!payments) throw new PluginError('IM_HOST_FAULT', 500, { where: 'payments', mend: 'map the table of payments' });
  const [id] = (await trx(payments.table).insert({
    // What the host adds never changes what the payment is.
    ...payment.columns,
    [payments.invoice]: payment.invoiceId,
    [payments.method]: payment.methodId,
    [payments.amount]: payment.amount,
    [payments.date]: payment.date,
    ...(payments.note && { [payments.note]: payment.note }),
  })) as [number];
  return String(id);
}
