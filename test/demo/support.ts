/** A demo CRM on a fresh database, and people who are signed in to it. */
import type { Knex } from 'knex';
import request from 'supertest';
import type TestAgent from 'supertest/lib/agent';
import { createDemo, type DemoApp } from '../../demo/app';
import { createDatabase, type DatabaseName } from '../support/databases';

const ORIGIN = 'http://crm.test';

export interface RunningDemo extends DemoApp {
  /** Signed in as admin@, sales@ or books@demo.test; all its requests come from the demo's own pages. */
  as(who: 'admin' | 'sales' | 'books'): Promise<TestAgent>;
  idOf(ref: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startDemo(name: DatabaseName, data: 'full' | 'empty' = 'full'): Promise<RunningDemo> {
  const database = await createDatabase(name);
  const clock = () => new Date('2026-11-21T10:00:00Z');
  const demo = await createDemo({ databaseUrl: database.url, data, clock });
  return {
    ...demo,
    async as(who) {
      const agent = request.agent(demo.app).set('Origin', ORIGIN).set('Host', 'crm.test');
      await agent
        .post('/login')
        .type('form')
        .send({ email: `${who}@demo.test`, password: 'demo' })
        .expect(303);
      return agent;
    },
    idOf: (ref) => idOf(demo.knex, ref),
    async stop() {
      await demo.close();
      await database.close();
    },
  };
}

async function idOf(knex: Knex, ref: string): Promise<string> {
  const row = await knex('crm_invoices').where({ ref }).first<{ id: number } | undefined>('id');
  if (!row) throw new Error(`no invoice ${ref}`);
  return String(row.id);
}
