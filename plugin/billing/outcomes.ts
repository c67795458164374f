/** What became of a basket that was handed over: told in the transaction that records the answer. */
import type { OnOutcome } from '../handover/contract';
import { lockedSale, nowIn, type TillDeps } from './till-deps';

/**
 * open -> waiting -> handed_over, or back to open with the basket as it was; handed_over -> void once the other system has
 * taken it back. The same answer again changes nothing, nor does one about an earlier hand-over of the sale.
 */
export const createOutcomes =
  (deps: TillDeps): OnOutcome =>
  async (trx, { saleId, outcome, handoverId, reference, reason }) => {
    const sale = await lockedSale(deps, trx, saleId);
    const { handover, currency, state } = sale;
    if (!handover || handover.handoverId !== handoverId) return;
    if (outcome === 'accepted') {
      if (state !== 'waiting') return;
      const accepted = { ...handover, refused: null, externalReference: reference };
      const closed = { ...nowIn(deps), by: handover.actor.id };
      await deps.store.change(trx, saleId, { state: 'handed_over', handover: accepted, closed }, currency);
      return;
    }
    const refused = { ...handover, refused: { outcome, reason } };
    if (state === 'waiting')
      // Without its key: the person pays the same basket with another press of a button.
      await deps.store.change(
        trx,
        saleId,
        { state: 'open', handover: refused, requestKey: null, requestHash: null },
        currency,
      );
    else if (state === 'handed_over' && outcome === 'cancelled')
      await deps.store.change(trx, saleId, { state: 'void', handover: refused }, currency);
  };
