/** What the plugin writes into its own columns of the host's payments, and what of them is the host's money. */
import type { Db, Id, Query, Row, TableMap } from './contract';
import { own } from './table-map';

export interface PaymentFacts {
  reference: string | null;
  /** The method as it was: renaming it later changes nothing here. */
  method: { name: string; kind: string; externalIdentifier: string | null; imageId: string | null };
  moduleId: Id;
  requestKey: string | null;
  /** The host's payment that this one reverses. */
  reversesId: Id | null;
  /** In the words of documents. */
  reason: string | null;
  actor: string;
}

const cut = (text: string | null, most: number): string | null =>
  text === null ? null : Array.from(text).slice(0, most).join('');

/** For `recordPayment`: what its row bears besides amount, method and day. */
export function paymentFacts(map: TableMap, facts: PaymentFacts): Row {
  const { name, kind, externalIdentifier, imageId } = facts.method;
  return {
    [own(map, 'external_reference')]: facts.reference,
    [own(map, 'method_snapshot')]: JSON.stringify({ name: cut(name, 190), kind, externalIdentifier, imageId }),
    [own(map, 'order_module_id')]: facts.moduleId,
    [own(map, 'request_key')]: facts.requestKey,
    [own(map, 'reverses_payment_id')]: facts.reversesId,
    [own(map, 'reason')]: cut(facts.reason, 500),
    [own(map, 'actor')]: cut(facts.actor, 255),
  };
}

/** Leaves out rows of external billing: another system has that money. A payment without a method stays. */
export function received(db: Db, query: Query, map: TableMap, alias: string): void {
  const { payments, paymentMethods } = map;
  if (!payments || !paymentMethods) return;
  const elsewhere = db({ elsewhere: paymentMethods.table })
    .where(`elsewhere.${own(map, 'kind')}`, 'external_billing')
    .select(`elsewhere.${paymentMethods.id}`);
  const method = `${alias}.${payments.method}`;
  query.where((ours) => void ours.whereNull(method).orWhereNotIn(method, elsewhere as Query));
}
