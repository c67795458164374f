/** The other system: a real server that verifies with the `standardwebhooks` library, as its makers would. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Received {
  id: string;
  type: string;
  /** Exactly what came. */
  body: string;
  data: Record<string, unknown>;
  headers: IncomingHttpHeaders;
  /** What the library said; null: signed as it should be. */
  fault: string | null;
}

export type Reply = (res: ServerResponse, received: Received) => void;

export interface Receiver {
  url: string;
  /** All that came, in order. */
  received: Received[];
  /** Each message once, as a system that remembers ids counts them. */
  sales(): string[];
  /** The next replies, one each; afterwards 200. */
  replies: Reply[];
  /** What it knows of the connection; several while a secret is rotated on its side. */
  secret: string;
  /** A callback, signed by the library. */
  signed(body: string, at?: Date, id?: string): { body: string; headers: Record<string, string> };
  close(): Promise<void>;
}

export const answer =
  (status: number, body: unknown = '', headers: Record<string, string> = {}): Reply =>
  (res) => {
    res.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
/** Takes it, and is never heard of again. */
export const silence: Reply = () => undefined;
export const hangUp: Reply = (res) => {
  res.destroy();
};

async function bodyOf(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

/** @param clock of the receiver: the library asks Date.now(), once, while it verifies */
export async function openReceiver(clock: () => Date = () => new Date()): Promise<Receiver> {
  const received: Received[] = [];
  const accepted = new Set<string>();
  const receiver: Receiver = {
    url: '',
    received,
    sales: () => [...accepted],
    replies: [],
    secret: '',
    signed(body, at = new Date(), id = `evt_${Math.random().toString(36).slice(2)}`) {
      return {
        body,
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': new Webhook(receiver.secret).sign(id, at, body),
        },
      };
    },
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
  const server = createServer((req, res) => {
    void bodyOf(req).then((body) => {
      let fault: string | null = null;
      const now = jest.spyOn(Date, 'now').mockReturnValue(clock().getTime());
      try {
        new Webhook(receiver.secret).verify(body, req.headers as Record<string, string>);
      } catch (error) {
        fault = (error as Error).message;
      } finally {
        now.mockRestore();
      }
      const { type, data } = JSON.parse(body) as { type: string; data: Record<string, unknown> };
      const one = { id: String(req.headers['webhook-id']), type, body, data, headers: req.headers, fault };
      received.push(one);
      if (type === 'external_billing.handover.requested') accepted.add(one.id);
      (receiver.replies.shift() ?? answer(200, { reference: 'R-1' }))(res, one);
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/handovers`;
  return receiver;
}
