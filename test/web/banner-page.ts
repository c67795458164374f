/// <reference lib="dom" />
/** A host's edit page with the banner in a browser, for tests of what people see and do there. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import express from 'express';
import type { Page } from 'playwright-core';
import type { TestBrowser } from '../support/browser';
import { hostPage, serveHost } from './host-page';
import type { HostPageOptions } from './host-page';
import { createMergingApp } from './merging-app';
import type { MergingApp } from './merging-app';

export interface BannerPage {
  setup: MergingApp;
  page: Page;
  base: string;
  /** What the host's page is like; read at each request. */
  options: HostPageOptions;
  /** Errors of the page and its console; a test that provokes some takes them out. */
  faults: string[];
  /** The last form that was saved. */
  posted(): Record<string, unknown> | null;
  open(path?: string): Promise<unknown>;
  /** As a person reads it: one blank for all kinds of blanks. */
  texts(selector: string): Promise<string[]>;
  hidden(name: string): Promise<string>;
  /** Until no lines load any more. */
  settled(): Promise<unknown>;
  close(): Promise<void>;
}

export async function openBannerPage(browser: TestBrowser): Promise<BannerPage> {
  // The CSP of helmet's defaults: an inline script or style would be a fault on the console.
  const setup = createMergingApp({ csp: true });
  const faults: string[] = [];
  let posted: Record<string, unknown> | null = null;
  setup.host.page = (html) => hostPage(html, opened.options);
  setup.host.spec = { customerField: 'customer_id' };
  serveHost(setup.app);
  setup.app.post('/save', express.urlencoded({ extended: false, parameterLimit: 10_000 }), (req, res) => {
    posted = req.body as Record<string, unknown>;
    res.send('<title>saved</title>');
  });
  const server: Server = setup.app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const page = await browser.browser.newPage({ locale: 'fr-FR', viewport: { width: 1120, height: 900 } });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  const opened: BannerPage = {
    setup,
    page,
    base,
    options: {},
    faults,
    posted: () => posted,
    open: (path = '/invoices/42/edit') => page.goto(base + path),
    texts: async (selector) =>
      (await page.locator(selector).allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim()),
    hidden: (name) => page.locator(`input[type="hidden"][name="invoiceMerge${name}"]`).first().inputValue(),
    settled: () => page.waitForFunction(() => !document.querySelector('[data-invoice-merge-submit]:disabled')),
    async close() {
      await page.close();
      // A kept-alive connection would hold it open.
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return opened;
}
