/**
 * The other system, in a hundred lines: takes sales that are handed over, verifies them, remembers their ids, and tells
 * the number of its invoice later. SECRET is what the connection's page showed; CALLBACK the address for answers there.
 *
 *   PORT=4000 SECRET=whsec_… CALLBACK=http://127.0.0.1:3000/invoice-merge/callbacks/1 node dist/demo/sample-receiver.js
 */
import { createServer, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';

interface Message {
  type: string;
  data: { handoverId: string; reference?: string | null; totals?: { payable: string }; currency?: string };
}
interface Answer {
  status: number;
  body: Record<string, string>;
}

const { PORT = '4000', SECRET = '', CALLBACK } = process.env;
/** Milliseconds until the invoice is made. */
const INVOICED_AFTER = 10_000;

/** A real one keeps these in its database, written in the same transaction as the sale. */
const answers = new Map<string, Answer>();
const cancelled = new Set<string>();

async function bytesOf(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

/** What the same message gets however often it comes. */
function decide({ type, data }: Message): Answer {
  if (type === 'external_billing.handover.cancelled') {
    // Also of a sale that never arrived: should it arrive after this, it is refused.
    cancelled.add(data.handoverId);
    return { status: 200, body: {} };
  }
  if (type !== 'external_billing.handover.requested') return { status: 200, body: {} };
  if (cancelled.has(data.handoverId)) return { status: 422, body: { reason: 'Vente annulée' } };
  if (!data.reference) return { status: 422, body: { reason: 'Numéro de chambre manquant' } };
  const reference = `NOTE-${data.reference}-${answers.size + 1}`;
  process.stdout.write(`${reference}: ${data.totals?.payable ?? '?'} ${data.currency ?? ''}\n`);
  void tellInvoice(data.handoverId, `H-${new Date().getFullYear()}-${1000 + answers.size}`);
  return { status: 200, body: { reference } };
}

async function tellInvoice(handoverId: string, invoiceNumber: string): Promise<void> {
  if (!CALLBACK) return;
  await sleep(INVOICED_AFTER);
  const body = JSON.stringify({
    type: 'external_billing.invoice.issued',
    timestamp: new Date().toISOString(),
    data: { handoverId, invoiceNumber, invoiceDate: new Date().toISOString().slice(0, 10) },
  });
  const [id, at] = [`evt_${handoverId}`, new Date()];
  const reply = await fetch(CALLBACK, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(SECRET).sign(id, at, body),
    },
  });
  process.stdout.write(`${invoiceNumber}: ${reply.status}\n`);
}

const server = createServer((req, res) => {
  const answer = ({ status, body }: Answer): void => {
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  bytesOf(req)
    .then((bytes) => {
      // Over the bytes as they came: parsed and written again they would be others.
      const message = new Webhook(SECRET).verify(bytes, req.headers as Record<string, string>) as Message;
      const id = String(req.headers['webhook-id']);
      const known = answers.get(id) ?? decide(message);
      answers.set(id, known);
      answer(known);
    })
    .catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      answer({ status: 401, body: { reason: 'signature' } });
    });
});
server.listen(Number(PORT), '127.0.0.1', () => {
  process.stdout.write(`sample receiver listening on http://127.0.0.1:${PORT}\n`);
});
process.once('SIGTERM', () => server.close());
