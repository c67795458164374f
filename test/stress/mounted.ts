/** The plugin on one connection, behind a port of its own: as one of several servers of a host would have it. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Knex } from 'knex';
import type { InvoiceMergePlugin } from '../../plugin/contract';
import { createInvoiceMerge } from '../../plugin/create-plugin';
import type { Actor, Id, Invoice } from '../../plugin/host/contract';
import type { TestHost } from '../support/hosts';

export type Plugin = InvoiceMergePlugin<express.Request>;

export interface UndoAnswer {
  status: number;
  /** Of a refusal, with its reasons. */
  code: string;
}

export interface Mounted {
  knex: Knex;
  merge: Plugin;
  undo(mergeId: Id, newNumbers: boolean): Promise<UndoAnswer>;
  undoing(mergeId: Id): Invoice | undefined;
  put(path: string, body: unknown): Promise<number>;
  close(): Promise<void>;
}

export async function mount(knex: Knex, { host }: TestHost, actor: Actor, clock: () => Date): Promise<Mounted> {
  const targets = new Map<Id, Invoice>();
  const merge = createInvoiceMerge<express.Request>({
    mountPath: '/m',
    ...{ knex, host, clock },
    actor: () => actor,
    authorize: () => true,
    hooks: {
      async beforeUndo(trx, { id, targetId }) {
        const [target] = await host.loadInvoices(trx, [targetId]);
        if (target) targets.set(id, target);
      },
    },
  });
  const app = express();
  app.use(merge.mountPath, merge.router as unknown as express.RequestHandler);
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  // A connection that it closes while the next request is on its way would look like a fault.
  server.keepAliveTimeout = 0;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${merge.mountPath}`;
  const send = (method: string, path: string, body: unknown): Promise<Response> =>
    fetch(url + path, {
      method,
      headers: { accept: 'application/json', 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify(body),
    });

  return {
    knex,
    merge,
    async undo(mergeId, newNumbers) {
      const reply = await send('POST', `/api/merges/${mergeId}/undo`, {
        ...{ reason: 'Stress', confirmSent: true },
        ...(newNumbers && { numberTaken: 'new_number' }),
      });
      type Refused = { error?: { code: string; vars: { refusals?: { code: string }[] } } };
      const { error } = (await reply.json()) as Refused;
      if (reply.status >= 500 && reply.status !== 503) throw new Error(`undo answered ${reply.status}`);
      return {
        status: reply.status,
        code: [error?.code, ...(error?.vars.refusals ?? []).map(({ code }) => code)].join(' '),
      };
    },
    undoing: (mergeId) => targets.get(mergeId),
    put: async (path, body) => (await send('PUT', path, body)).status,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
