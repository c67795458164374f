/** The other system tells the number of the invoice that it made of a sale, signed with the connection's secret. */
import { PluginError } from '../errors';
import type { Id, Trx } from '../host/contract';
import { isDuplicateKey, runTransaction } from '../host/transaction';
import type { HandoverDeps } from './deps';
import type { Integrations } from './integrations';
import { callbackMessage, invoiceOf } from './rules-payload';
import { isSigned, type SignedRequest } from './rules-signing';
import type { Settling } from './settling';
import type { CallbackResult } from './store-attempts';
import type { DatedInvoice, StoredHandover } from './store-handovers';

export interface CallbackAnswer {
  result: CallbackResult;
  /** The same message came before: nothing was done now. */
  replayed: boolean;
}

export function createCallbacks(
  deps: HandoverDeps,
  { integrations, settling }: { integrations: Integrations; settling: Settling },
) {
  const { knex, handovers, callbacks, clock } = deps;

  async function compare(trx: Trx, one: StoredHandover, invoice: DatedInvoice): Promise<CallbackResult> {
    const isGone = one.state === 'rejected' || one.state === 'cancelled';
    // The first number stands: of two that come at once, this one statement lets one in.
    if (!isGone && (await handovers.recordInvoice(trx, one, invoice))) return 'recorded';
    const known = (await handovers.find(trx, one.id))?.invoice;
    if (known?.number === invoice.number) return 'same';
    await handovers.update(trx, one, { otherInvoice: invoice });
    return 'conflict';
  }

  async function record(trx: Trx, integrationId: Id, messageId: string, body: Buffer): Promise<CallbackResult> {
    const parsed = callbackMessage.safeParse(parseJson(body));
    const field = parsed.error?.issues[0]?.path.join('.') ?? '';
    const invoice = parsed.data ? invoiceOf(parsed.data.data) : null;
    if (!parsed.data || !invoice) throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: field || 'body' });
    const one = await handovers.findByMessage(trx, parsed.data.data.handoverId);
    // Another connection's sale does not exist for this one.
    if (one?.integrationId !== integrationId) throw new PluginError('IM_NOT_FOUND', 404);
    const at = clock().toISOString();
    const result = await compare(trx, one, { ...invoice, at });
    await callbacks.insert(trx, { integrationId, messageId, handoverId: one.id, result, at });
    // Whoever invoices a sale has it, whatever became of the answer to our message.
    if (result === 'recorded' && (one.state === 'waiting' || one.state === 'stuck'))
      await settling.accepted(trx, one, null);
    return result;
  }

  return {
    /**
     * @param body exactly the bytes that were signed
     * @throws IM_NOT_FOUND 404 for another connection's sale, one that nobody knows, a connection without a secret;
     *   IM_SIGNATURE_INVALID 401; IM_PAYLOAD_INVALID 400; IM_INVOICE_CONFLICT 409 for a second, different number, and for a sale
     *   that is not there any more: it is kept, for somebody to look at
     */
    async receive(integrationId: Id, signed: SignedRequest, body: Buffer): Promise<CallbackAnswer> {
      const stored = await integrations.demand(knex, integrationId);
      const { secrets } = integrations.open(stored);
      if (secrets.length === 0) throw new PluginError('IM_NOT_FOUND', 404);
      if (!isSigned(secrets, signed, body, clock())) throw new PluginError('IM_SIGNATURE_INVALID', 401);
      const messageId = (signed.id ?? '').slice(0, 190);
      const replay = async (): Promise<CallbackAnswer | null> => {
        const result = await callbacks.find(knex, integrationId, messageId);
        return result && { result, replayed: true };
      };
      let answer = await replay();
      if (!answer) {
        try {
          const result = await runTransaction(knex, (trx) => record(trx, integrationId, messageId, body));
          answer = { result, replayed: false };
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
          answer = (await replay()) ?? { result: 'same', replayed: true };
        }
      }
      if (answer.result === 'conflict') throw new PluginError('IM_INVOICE_CONFLICT', 409);
      return answer;
    },
  };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}

export type Callbacks = ReturnType<typeof createCallbacks>;
