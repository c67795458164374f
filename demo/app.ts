/** Puts the demo CRM together: a host like any other, which mounts the plugin by its public names. */
import { join } from 'node:path';
import { createInvoiceMerge, knexHost, type HostCrm, type InvoiceMergePlugin } from 'crm-invoice-merge';
import express, { type Express, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { Knex } from 'knex';
import { apiRoutes } from './api';
import { bankPages } from './bank';
import { parisDay, type Demo } from './context';
import { creditNotePages } from './credit-note-pages';
import { customerPages } from './customer-pages';
import { openDatabase } from './database';
import { createSale, directSalePages } from './direct-sale';
import { columnWord } from './column-words';
import { answerErrors, notFound } from './error-pages';
import { estimatePages } from './estimate-pages';
import { expensePages } from './expense-pages';
import { invoiceActs } from './invoice-acts';
import { invoiceFormPages } from './invoice-form-pages';
import { paperActs } from './invoice-paper-acts';
import { invoiceListPages } from './invoice-list-pages';
import { markLate } from './invoice-store';
import { demoFolder } from './paths';
import { reminderPages } from './reminder-pages';
import { reportPages } from './report-pages';
import { printPages, publicPages } from './public-pages';
import { publicLinks } from './public-links';
import { mayDo, type Role } from './roles';
import { seed } from './seed';
import { demandPerson, keptKey, recognise, sameOrigin, sessions, showNotice, signInPages } from './session';
import { tableMap } from './table-map';
import { createTables } from './tables';

export interface DemoApp {
  app: Express;
  merge: InvoiceMergePlugin<Request>;
  knex: Knex;
  close(): Promise<void>;
}

export interface DemoOptions {
  /** `sqlite:FILE` or `mysql://...` */
  databaseUrl: string;
  /** `full`: French customers and invoices in all statuses; `empty`: the people and payment methods only. */
  data: 'full' | 'empty';
  /** Of the own network, that sales may be handed over to. */
  allowedDestinations?: string[];
  clock?: () => Date;
}

/** Opens the database, brings its tables up to date, fills it if it is new, and answers the app, not yet listening. */
export async function createDemo(options: DemoOptions): Promise<DemoApp> {
  const { databaseUrl, data, allowedDestinations = [], clock = () => new Date() } = options;
  const knex = openDatabase(databaseUrl);
  await createTables(knex);
  const links = await publicLinks(knex);
  const host: HostCrm = {
    ...knexHost(tableMap),
    createSale: createSale(() => demo),
    invoiceUrl: (id, page) =>
      page === 'public' ? links.pathOf(id) : page === 'edit' ? `/invoices/${id}/edit` : `/invoices/${id}`,
  };
  const roles = new Map<string, Role>();
  const merge = createInvoiceMerge<Request>({
    mountPath: '/invoice-merge',
    knex,
    host,
    actor: (req) => (req.person ? { id: req.person.id, name: req.person.name } : null),
    // Asked inside transactions too: it must not wait for another connection.
    authorize(actor, action) {
      const role = roles.get(actor.id);
      return role !== undefined && mayDo(role, action);
    },
    locale: (req) => req.speech.lang,
    translate: (key, _vars, locale) => columnWord(key, locale),
    // The plugin's own pages stand under this CRM's header and menu.
    layout: (html, { title, res }) =>
      new Promise((resolve, reject) => {
        (res as Response).render('framed', { title, html }, (error: unknown, page: string) =>
          error instanceof Error ? reject(error) : resolve(page),
        );
      }),
    secretKey: await keptKey(knex, 'secret_key'),
    allowedDestinations,
    clock,
  });
  const demo: Demo = { knex, host, merge, now: clock, today: () => parisDay(clock()) };
  await merge.migrate();
  await seed(demo, data);
  await markLate(demo);
  for (const { id, role } of await knex('crm_users').select<{ id: number; role: Role }[]>('id', 'role'))
    roles.set(String(id), role);

  const app = express();
  app.disable('x-powered-by');
  app.set('views', join(demoFolder, 'views'));
  app.set('view engine', 'ejs');
  app.use(helmet());
  app.use('/public', express.static(join(demoFolder, 'public')));
  // Other systems sign their messages; they sign in nowhere.
  app.use(merge.mountPath, merge.callbacks);
  app.use(await sessions(knex), recognise(knex), sameOrigin);
  app.use(signInPages(knex));
  app.use(publicPages(demo, links), bankPages(demo));
  app.use(demandPerson);
  // After sign-in, before the body parsers: the plugin reads its own bodies.
  app.use(merge.mountPath, merge.router);
  app.use(showNotice);
  app.use('/api', apiRoutes(demo));
  // A merge of many invoices posts thousands of fields.
  app.use(express.urlencoded({ extended: false, limit: '20mb', parameterLimit: 400_000 }));
  app.use(invoiceFormPages(demo), invoiceListPages(demo), invoiceActs(demo), paperActs(demo), printPages(demo));
  app.use(creditNotePages(demo, links), directSalePages(demo));
  app.use(customerPages(demo), estimatePages(demo), expensePages(demo), reportPages(demo), reminderPages(demo));
  app.use(notFound);
  app.use(answerErrors(demo));

  return {
    app,
    merge,
    knex,
    async close() {
      await merge.close();
      await knex.destroy();
    },
  };
}
