/** Connections and the journal of hand-overs over the JSON API. */
import { z } from 'zod';
import type { Db } from '../host/contract';
import { endpoint, type Endpoint } from '../web/endpoints';
import { actor, component, count, currency, day, decimal, id, instant, paged, pageNumber } from '../web/shapes';
import type { Integration } from './contract';
import type { Dossier, JournalEntry } from './journal';
import type { Outbox } from './outbox';
import { handoverReason, STATES } from './routes-journal';

const name = z.string().trim().min(1).max(190);
const url = z.string().min(1).max(2000);
const header = z.strictObject({ name: z.string().max(100), value: z.string().max(1000).optional() });
const headers = z.array(header).max(20);

const integration = component(
  'Integration',
  z.strictObject({
    id,
    name: z.string(),
    kind: z.enum(['webhook', 'function']),
    url: z.string().nullable(),
    functionName: z.string().nullable(),
    headers: z.array(z.string()).describe('Names only: values never come back.'),
    quotedKey: z.boolean(),
    enabled: z.boolean(),
    disabledBy: z.enum(['person', 'gone']).nullable(),
    oldSecretUntil: instant.nullable(),
    version: count,
  }),
);
const secret = z.string().describe('Shown this once.');
const withSecret = z.strictObject({ integration, secret: secret.nullable() });

const invoice = component(
  'ExternalInvoice',
  z.strictObject({ number: z.string(), date: day.nullable(), note: z.string().nullable(), url: z.string().nullable() }),
);
const entryShape = {
  id,
  messageId: z.string(),
  saleId: z.string(),
  state: z.enum(STATES),
  integration: z.strictObject({ id, name: z.string() }),
  module: z.strictObject({ id: z.string(), name: z.string() }),
  method: z.strictObject({ id: z.string(), name: z.string() }),
  customer: z.string().nullable(),
  saleReference: z.string().nullable(),
  currency,
  total: decimal,
  reference: z.string().nullable(),
  reason: z.string().nullable(),
  nextAt: instant.nullable(),
  sending: z.boolean(),
  actor,
  createdAt: instant,
  invoice: invoice.nullable(),
  otherInvoice: invoice.nullable(),
};
const entry = component('Handover', z.strictObject(entryShape));
const dossier = component(
  'HandoverDossier',
  z.strictObject({
    ...entryShape,
    attempts: z.array(
      z.strictObject({
        of: z.enum(['request', 'cancel']),
        how: z.enum(['first', 'worker', 'person']),
        by: z.string().nullable(),
        startedAt: instant,
        tookMs: count.nullable(),
        outcome: z.enum(['accepted', 'rejected', 'unknown', 'unreached']).nullable(),
        code: z.string().nullable(),
        status: z.int().nullable(),
        reply: z.string().nullable(),
      }),
    ),
  }),
);

const shown = ({ removed: _removed, ...one }: Integration) => one;

const invoiceOf = (one: JournalEntry['invoice']) =>
  one && { number: one.number, date: one.date, note: one.note, url: one.url };

function toEntry(one: JournalEntry) {
  const { messageId, saleId, state, module, method, customerName, saleReference, currency: code, total } = one;
  const { reference, reason, nextAt, sending, createdAt } = one;
  return {
    ...{ id: one.id, messageId, saleId, state, module, method, customer: customerName, saleReference, currency: code },
    ...{ total, reference, reason, nextAt, sending, createdAt, actor: one.actor },
    integration: { id: one.integration.id, name: one.integration.name },
    invoice: invoiceOf(one.invoice),
    otherInvoice: invoiceOf(one.otherInvoice),
  };
}

const toDossier = (one: Dossier) => ({
  ...toEntry(one),
  attempts: one.attempts.map(({ of, how, actorName, startedAt, tookMs, outcome, code, status, reply }) => ({
    ...{ of, how, by: actorName, startedAt, tookMs, outcome, code, status, reply },
  })),
});

const params = z.strictObject({ id });

function integrationEndpoints(db: Db, { integrations }: Outbox): Endpoint[] {
  const action = 'billing.manage' as const;
  return [
    endpoint({
      method: 'get',
      path: '/integrations',
      summary: 'Connections that sales are handed over to',
      action,
      replies: { 200: z.strictObject({ integrations: z.array(integration), ...paged }) },
      async handler() {
        const all = (await integrations.list(db)).map(shown);
        return { status: 200, body: { integrations: all, page: 1, pages: 1, total: all.length } };
      },
    }),

    endpoint({
      method: 'post',
      path: '/integrations',
      summary: 'Adds a connection; the secret is in this answer only',
      action,
      body: z.strictObject({
        name,
        kind: z.enum(['webhook', 'function']),
        url: url.optional(),
        functionName: z.string().max(190).optional(),
        headers: headers.optional(),
        quotedKey: z.boolean().optional(),
      }),
      replies: { 201: withSecret },
      refusals: [422],
      async handler({ body }) {
        const made = await integrations.create(body);
        return { status: 201, body: { integration: shown(made.integration), secret: made.secret } };
      },
    }),

    endpoint({
      method: 'patch',
      path: '/integrations/:id',
      summary: 'Changes a connection; a header without value keeps the one it has. `enabled` false sends nothing there',
      action,
      params,
      body: z.strictObject({
        name: name.optional(),
        url: url.optional(),
        functionName: z.string().max(190).optional(),
        headers: headers.optional(),
        quotedKey: z.boolean().optional(),
        enabled: z.boolean().optional(),
        version: count.optional(),
      }),
      replies: { 200: integration },
      refusals: [404, 409, 422],
      async handler({ params: { id: one }, body: { enabled, version, ...change } }) {
        if (Object.keys(change).length > 0 || enabled === undefined) await integrations.update(one, change, version);
        if (enabled !== undefined) await integrations.setEnabled(one, enabled);
        return { status: 200, body: shown(await integrations.get(db, one)) };
      },
    }),

    endpoint({
      method: 'delete',
      path: '/integrations/:id',
      summary: 'Removes a connection on which no sale waits; its secret is erased',
      action,
      params,
      replies: { 200: z.strictObject({ removed: z.boolean() }) },
      refusals: [404, 409],
      async handler({ params: { id: one } }) {
        await integrations.remove(one);
        return { status: 200, body: { removed: true } };
      },
    }),

    endpoint({
      method: 'post',
      path: '/integrations/:id/test',
      summary: 'Sends a signed message of type external_billing.test; once in ten seconds',
      action,
      params,
      replies: { 200: z.strictObject({ ok: z.boolean(), code: z.string(), status: z.int().nullable() }) },
      refusals: [404, 429],
      handler: async ({ params: { id: one } }) => ({ status: 200, body: await integrations.test(one) }),
    }),

    endpoint({
      method: 'post',
      path: '/integrations/:id/rotate-secret',
      summary: 'Makes a new secret, in this answer only; for a day both sign',
      action,
      params,
      replies: { 200: withSecret },
      refusals: [404, 422],
      async handler({ params: { id: one } }) {
        const made = await integrations.rotate(one);
        return { status: 200, body: { integration: shown(made.integration), secret: made.secret } };
      },
    }),
  ];
}

function journalEndpoints(db: Db, { journal, handovers }: Outbox): Endpoint[] {
  const after = async (one: string) => ({ status: 200 as const, body: toDossier(await journal.dossier(db, one)) });
  const act = { method: 'post' as const, action: 'handover.resend' as const, params, replies: { 200: dossier } };
  return [
    endpoint({
      method: 'get',
      path: '/handovers',
      summary: 'Sales handed over, the latest first; `search` is a reference, a sale’s id or a later invoice number',
      action: 'handover.view',
      query: z.strictObject({
        state: z.enum(STATES).optional(),
        search: z.string().max(190).optional(),
        page: pageNumber,
      }),
      replies: { 200: z.strictObject({ handovers: z.array(entry), ...paged }) },
      async handler({ query: { page, ...filter } }) {
        const found = await journal.page(db, filter, page);
        return {
          status: 200,
          body: { handovers: found.entries.map(toEntry), page: found.page, pages: found.pages, total: found.total },
        };
      },
    }),

    endpoint({
      method: 'get',
      path: '/handovers/:id',
      summary: 'A hand-over with each try',
      action: 'handover.view',
      params,
      replies: { 200: dossier },
      refusals: [404],
      handler: ({ params: { id: one } }) => after(one),
    }),

    endpoint({
      ...act,
      path: '/handovers/:id/check',
      summary: 'Asks the other system now, where the sale waits; the message is the same',
      refusals: [404],
      async handler({ actor: by, params: { id: one } }) {
        await handovers.checkBy(one, by);
        return after(one);
      },
    }),

    endpoint({
      ...act,
      path: '/handovers/:id/resend',
      summary: 'Sends the same message again; what is accepted already needs `confirm`',
      body: z.strictObject({ confirm: z.boolean().optional() }),
      refusals: [404, 409],
      async handler({ actor: by, params: { id: one }, body: { confirm } }) {
        await handovers.resend(one, { actor: by, confirm });
        return after(one);
      },
    }),

    endpoint({
      ...act,
      path: '/handovers/:id/cancel',
      summary: 'Takes the sale back: at once where it cannot have arrived, else once the other system accepts',
      body: z.strictObject({ reason: handoverReason }),
      refusals: [404, 409],
      async handler({ actor: by, params: { id: one }, body: { reason } }) {
        await handovers.cancelNow(one, { actor: by, reason });
        return after(one);
      },
    }),

    endpoint({
      ...act,
      path: '/handovers/:id/settle',
      summary: 'States by hand what the other system said: that it has the sale, or does not',
      body: z.strictObject({ outcome: z.enum(['accepted', 'cancelled']), reason: handoverReason }),
      refusals: [404, 409],
      async handler({ actor: by, params: { id: one }, body }) {
        await handovers.settle(one, { ...body, actor: by });
        return after(one);
      },
    }),
  ];
}

export const handoverEndpoints = (db: Db, outbox: Outbox): Endpoint[] => [
  ...integrationEndpoints(db, outbox),
  ...journalEndpoints(db, outbox),
];
