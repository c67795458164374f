import { filesIn } from '../support/source-files';
import { createConsumer, EXPRESS_4, EXPRESS_5, packTarball, runTool, type Tarball } from './consumer';

const NAMES = 'createInvoiceMerge, isPluginError, knexHost';
const MAP = `{
  invoices: { table: 'invoices', id: 'id', customer: 'customer_id', number: 'number', issueDate: 'issued_on',
    currency: { value: 'EUR' }, total: 'total', status: { column: 'status', values: { draft: 'draft', unpaid: 'open',
    overdue: 'late', partial: 'part', paid: 'paid', cancelled: 'cancelled' } } },
  lines: { table: 'lines', id: 'id', invoice: 'invoice_id', description: 'label', quantity: 'quantity', unitPrice: 'price' },
  customers: { table: 'customers', id: 'id', name: 'name' },
  owned: [],
  links: [],
}`;
/** Mounts the plugin as the README says and asks it one thing; nobody is signed in, so the database is not needed. */
const mounted = (types: { request: string; address: string; reply: string }): string => `
const app = express();
const merge = createInvoiceMerge({
  mountPath: '/invoice-merge',
  knex: knex({ client: 'mysql2', connection: {} }),
  host: knexHost(${MAP}),
  actor: (req${types.request}) => (req.get('x-user') ? { id: '1', name: 'Ada' } : null),
  authorize: () => false,
});
app.use(merge.mountPath, merge.router);
app.get('/invoices/new', merge.banner({ page: 'create', formId: 'invoice', customerField: 'customer_id' }), (_req, res) => {
  res.end(String(isPluginError(null)));
});
const server = app.listen(0, '127.0.0.1', async () => {
  const { port } = server.address()${types.address};
  const answer = await fetch('http://127.0.0.1:' + port + '/invoice-merge/api/candidates?customerId=1');
  const page = await fetch('http://127.0.0.1:' + port + '/invoices/new');
  const { error } = (await answer.json())${types.reply};
  console.log(JSON.stringify({ status: answer.status, code: error.code, page: await page.text() }));
  server.close();
});
`;
const plain = mounted({ request: '', address: '', reply: '' });
const typed = mounted({
  request: ': express.Request',
  address: ' as AddressInfo',
  reply: ' as { error: { code: string } }',
});
const FILES = {
  'consumer.cjs': `const express = require('express');
const { knex } = require('knex');
const { ${NAMES} } = require('crm-invoice-merge');${plain}`,
  'consumer.mjs': `import express from 'express';
import knex from 'knex';
import { ${NAMES} } from 'crm-invoice-merge';${plain}`,
  'typed.cts': `import type { AddressInfo } from 'node:net';
import express = require('express');
import { knex } from 'knex';
import { ${NAMES} } from 'crm-invoice-merge';${typed}`,
  'typed-module.mts': `import type { AddressInfo } from 'node:net';
import express from 'express';
import knexPackage from 'knex';
import { ${NAMES} } from 'crm-invoice-merge';
const { knex } = knexPackage;${typed}`,
};
const ANSWER = { status: 401, code: 'IM_UNAUTHENTICATED', page: 'false' };

/** In the run's temporary folder, and gone with it. */
let tarball: Tarball;
beforeAll(async () => {
  tarball = await packTarball();
}, 120000);

describe('the packed package', () => {
  it('holds the build, the pages, the words and the papers: no sources, no tests, no demo', () => {
    const compiled = filesIn(['plugin', 'migrations'])
      .filter((file) => !file.endsWith('.d.ts'))
      .flatMap((file) => [`dist/${file.replace(/ts$/, 'js')}`, `dist/${file.replace(/ts$/, 'd.ts')}`]);
    const asTheyAre = filesIn(['views', 'assets', 'lang'], '');
    const docs = ['docs/handover.schema.json', 'docs/handovers.md', 'docs/schema.md'];
    const papers = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', ...docs];
    expect(tarball.files).toEqual([...compiled, ...asTheyAre, ...papers].sort());
  });

  it('is clean for publint', async () => {
    const { ok, output } = await runTool('publint/src/cli.js', [tarball.path, '--strict']);
    expect([ok, output]).toEqual([true, expect.stringContaining('All good!')]);
  });

  it('has right types for every way to import it (attw)', async () => {
    const { ok, output } = await runTool('@arethetypeswrong/cli/dist/index.js', [tarball.path, '--format', 'ascii']);
    expect([ok, output]).toEqual([true, expect.stringContaining('No problems found')]);
  });

  it.each([
    ['Express 5', 'express-5', EXPRESS_5],
    ['Express 4', 'express-4', EXPRESS_4],
  ])(
    'is mounted by %s hosts through require, import and TypeScript of both kinds, and answers',
    async (_version, name, packages) => {
      const consumer = createConsumer(tarball, name, packages, FILES);
      expect(await consumer.run('consumer.cjs')).toEqual(ANSWER);
      expect(await consumer.run('consumer.mjs')).toEqual(ANSWER);
      await consumer.compile('typed.cts', 'typed-module.mts');
      expect(await consumer.run('typed.cjs')).toEqual(ANSWER);
      expect(await consumer.run('typed-module.mjs')).toEqual(ANSWER);
    },
    120000,
  );
});
