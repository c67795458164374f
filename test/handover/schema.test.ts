/** What is documented is what is sent. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { LIMIT, nextTry, outcomeOfStatus, SCHEDULE } from '../../plugin/handover/rules';
import {
  callbackMessage,
  cancelBody,
  cancelledMessage,
  messageSchemas,
  requestBody,
  requestedMessage,
} from '../../plugin/handover/rules-payload';
import { newMessageId } from '../../plugin/handover/rules-signing';

const FILE = resolve(__dirname, '../../docs/handover.schema.json');
const GUIDE = readFileSync(resolve(__dirname, '../../docs/handovers.md'), 'utf8');
const examples = [...GUIDE.matchAll(/```json\n(.*?)```/gs)].map(
  ([, text]) => JSON.parse(text!) as { type: string; data: object },
);

it('docs/handover.schema.json is made from the shapes that write and read messages', () => {
  const text = `${JSON.stringify(messageSchemas(), null, 2)}\n`;
  if (process.env.UPDATE_SCHEMA_REPORT) writeFileSync(FILE, text);
  expect(readFileSync(FILE, 'utf8')).toBe(text);
});

it('the guide’s examples are what is sent and what is taken', () => {
  expect(examples.map(({ type }) => type)).toEqual([
    'external_billing.handover.requested',
    'external_billing.invoice.issued',
  ]);
  expect(requestedMessage.safeParse(examples[0]).error).toBeUndefined();
  expect(callbackMessage.safeParse(examples[1]).error).toBeUndefined();
  const { $defs } = messageSchemas() as { $defs: Record<string, Parameters<typeof z.fromJSONSchema>[0]> };
  expect(z.fromJSONSchema($defs['external_billing.handover.requested']!).safeParse(examples[0]).error).toBeUndefined();
});

it('what is written fits the documented shape, with nothing empty left out', () => {
  const id = newMessageId();
  const sale = {
    saleId: '17',
    method: { id: '4', name: 'Chambre', externalIdentifier: null, integrationId: '1', secret: 'must not travel' },
    module: { id: '1', name: 'Vente directe' },
    customer: null,
    currency: 'KWD',
    lines: [{ description: '', quantity: '-1', unitPrice: '0.125', taxes: [] }],
    totals: { taxExclusive: '-0.125', tax: '0.000', taxInclusive: '-0.125', payable: '-0.125', taxes: [] },
    reference: null,
    note: null,
    actor: { id: '7', name: 'Sam Sales' },
  };
  const body = requestBody(id, sale, new Date(0));
  expect(requestedMessage.safeParse(JSON.parse(body)).error).toBeUndefined();
  expect(body).not.toContain('must not travel');
  const cancelled = cancelBody(id, { ...sale, reason: 'Erreur' }, new Date(0));
  expect(cancelledMessage.safeParse(JSON.parse(cancelled)).error).toBeUndefined();
});

it('a try takes at most 8 seconds while a person waits; waits grow by up to a fifth, and never shrink below the plan', () => {
  expect(LIMIT).toEqual({ person: 8000, worker: 20_000 });
  const now = new Date(1_700_000_000_000);
  for (const [tries, wait] of SCHEDULE.entries()) {
    expect(nextTry(tries + 1, now, null, 0)?.getTime()).toBe(now.getTime() + wait);
    expect(nextTry(tries + 1, now, null, 1)?.getTime()).toBe(now.getTime() + wait * 1.2);
  }
  expect(nextTry(SCHEDULE.length + 1, now, null, 0)).toBeNull();
  const sum = SCHEDULE.reduce((all, wait) => all + wait, 0) / 3_600_000;
  expect(Math.round(sum * 10) / 10).toBe(75.6);
});

it('no status is both a refusal and unknown, and only 2xx is accepted', () => {
  for (let status = 100; status < 600; status += 1) {
    const [fresh, doubtful] = [outcomeOfStatus(status, false), outcomeOfStatus(status, true)];
    expect([status, fresh === 'accepted']).toEqual([status, status >= 200 && status < 300]);
    if (fresh !== doubtful) expect([status, fresh, doubtful]).toEqual([status, 'rejected', 'unknown']);
  }
});
