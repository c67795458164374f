/** What is sent, what is read from an answer, and what comes back later: shapes. */
import { z } from 'zod';
import type { ExternalInvoice, HandoverMessage, SaleToHandOver } from './contract';
import { plain as plainText, withoutSecrets } from './rules';

const text = (length: number) => z.string().max(length);
const decimal = z.string().regex(/^-?\d{1,18}(\.\d{1,10})?$/);
const taxShape = { category: text(10), rate: decimal };
const named = z.strictObject({ id: text(64), name: text(190) });

export const REQUESTED = 'external_billing.handover.requested';
export const CANCELLED = 'external_billing.handover.cancelled';
export const TEST = 'external_billing.test';
export const INVOICE_ISSUED = 'external_billing.invoice.issued';

const messageId = z.string().regex(/^msg_[A-Za-z0-9_-]{24}$/);
const instant = z.iso.datetime();

export const requestedMessage = z
  .strictObject({
    type: z.literal(REQUESTED),
    timestamp: instant.describe('When the sale was handed over. The same for every try.'),
    data: z.strictObject({
      handoverId: messageId.describe('The webhook-id of this message, and what a callback names.'),
      saleId: text(64),
      module: named.describe('Where the sale was rung up.'),
      method: z.strictObject({ id: text(64), name: text(190), externalIdentifier: text(190).nullable() }),
      customer: named.nullable(),
      reference: text(255).nullable().describe('What the cashier was asked for: the room, say.'),
      note: text(1000).nullable(),
      currency: text(10),
      lines: z
        .array(
          z.strictObject({
            description: z.string(),
            quantity: decimal,
            unitPrice: decimal,
            taxes: z.array(z.strictObject({ ...taxShape, name: z.string() })),
          }),
        )
        .min(1),
      totals: z.strictObject({
        taxExclusive: decimal,
        tax: decimal,
        taxInclusive: decimal,
        payable: decimal,
        taxes: z.array(z.strictObject({ ...taxShape, name: z.string(), taxable: decimal, tax: decimal })),
      }),
      cashier: named,
    }),
  })
  .describe('A sale handed over: you invoice it, the CRM does not.');

export const cancelledMessage = z
  .strictObject({
    type: z.literal(CANCELLED),
    timestamp: instant,
    data: z.strictObject({
      handoverId: messageId.describe('Of the sale that is taken back; it may never have arrived.'),
      saleId: text(64),
      reason: text(1000),
      cashier: named,
    }),
  })
  .describe('Take the sale back. Answer 2xx also when you never saw it, and refuse it should it still arrive.');

/** Exactly the bytes that are kept and sent. */
export function requestBody(id: string, sale: SaleToHandOver, at: Date): string {
  const { saleId, module, method, customer, reference, note, currency, lines, totals, actor } = sale;
  const only = (one: { id: string; name: string }) => ({ id: one.id, name: one.name });
  const tax = (one: { category: string; name: string; rate: string }) => ({
    category: one.category,
    name: one.name,
    rate: one.rate,
  });
  const message: z.output<typeof requestedMessage> = {
    type: REQUESTED,
    timestamp: at.toISOString(),
    data: {
      handoverId: id,
      saleId,
      module: only(module),
      method: { ...only(method), externalIdentifier: method.externalIdentifier },
      customer: customer && only(customer),
      reference,
      note,
      currency,
      lines: lines.map(({ description, quantity, unitPrice, taxes }) => ({
        ...{ description, quantity, unitPrice },
        taxes: taxes.map(tax),
      })),
      totals: {
        taxExclusive: totals.taxExclusive,
        tax: totals.tax,
        taxInclusive: totals.taxInclusive,
        payable: totals.payable,
        taxes: totals.taxes.map((one) => ({ ...tax(one), taxable: one.taxable, tax: one.tax })),
      },
      cashier: only(actor),
    },
  };
  return JSON.stringify(message);
}

export function cancelBody(
  handoverId: string,
  about: Pick<SaleToHandOver, 'saleId' | 'actor'> & { reason: string },
  at: Date,
): string {
  const message: z.output<typeof cancelledMessage> = {
    type: CANCELLED,
    timestamp: at.toISOString(),
    data: {
      handoverId,
      saleId: about.saleId,
      reason: about.reason,
      cashier: { id: about.actor.id, name: about.actor.name },
    },
  };
  return JSON.stringify(message);
}

/** The kept bytes as a function integration gets them. */
export function messageOf(id: string, body: string): HandoverMessage {
  const { type, timestamp, data } = JSON.parse(body) as Omit<HandoverMessage, 'id'>;
  return { id, type, timestamp, data };
}

const link = z.url({ protocol: /^https?$/ }).max(2000);
const day = z.iso.date();

/** What the callback posts. */
export const callbackMessage = z
  .object({
    type: z.literal(INVOICE_ISSUED),
    timestamp: instant.optional(),
    data: z.object({
      handoverId: messageId,
      invoiceNumber: z.string().trim().min(1).max(190).describe('As printed on your invoice.'),
      invoiceDate: day.nullish(),
      note: text(1000).nullish(),
      invoiceUrl: link.nullish().describe('Where staff can open it.'),
    }),
  })
  .describe('The invoice that you made of a sale, sent once you know its number.');

export function invoiceOf(data: z.output<typeof callbackMessage>['data']): ExternalInvoice | null {
  const number = plainText(data.invoiceNumber, 190);
  if (number === null) return null;
  return { number, date: data.invoiceDate ?? null, note: plainText(data.note, 1000), url: data.invoiceUrl ?? null };
}

export interface ReadReply {
  reference: string | null;
  reason: string | null;
  invoice: ExternalInvoice | null;
}

/**
 * What a reply says beside its status; nothing of it is needed.
 * @param secrets what is told to nobody, should it be echoed
 */
export function readReply(reply: string, secrets: readonly string[] = []): ReadReply {
  const plain = (value: unknown, length: number): string | null =>
    plainText(typeof value === 'string' ? withoutSecrets(value, secrets) : value, length);
  let parsed: unknown;
  try {
    parsed = JSON.parse(reply);
  } catch {
    parsed = null;
  }
  const body = (parsed !== null && typeof parsed === 'object' ? parsed : {}) as Record<string, unknown>;
  const nested = (body.error !== null && typeof body.error === 'object' ? body.error : {}) as Record<string, unknown>;
  const reasons = [body.reason, nested.message, body.message, body.detail, body.error];
  const number = plain(body.invoiceNumber, 190);
  return {
    reference: plain(body.reference, 190),
    reason: reasons.map((one) => plain(one, 500)).find((one) => one !== null) ?? null,
    invoice:
      number === null
        ? null
        : {
            number,
            date: day.safeParse(body.invoiceDate).data ?? null,
            note: plain(body.note, 1000),
            url: link.safeParse(body.invoiceUrl).data ?? null,
          },
  };
}

/** All messages as one JSON Schema (draft 2020-12), for the documentation. */
export function messageSchemas(): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Messages of hand-overs',
    $defs: Object.fromEntries(
      Object.entries({
        [REQUESTED]: requestedMessage,
        [CANCELLED]: cancelledMessage,
        [INVOICE_ISSUED]: callbackMessage,
      })
        .map(([name, schema]): [string, object] => [name, z.toJSONSchema(schema, { io: 'input' })])
        .map(([name, { ...schema }]) => [
          name,
          Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema')),
        ]),
    ),
  };
}
