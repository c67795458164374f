/** Chromium for tests that look at pages as people do. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { programPath } from './system-packages';

const SCREENSHOTS = join(__dirname, '../../.tmp/screenshots');

export interface PageOptions {
  /** Default: 'fr-FR'. */
  locale?: string;
  /** Default: 1280 x 900. */
  viewport?: { width: number; height: number };
  colorScheme?: 'light' | 'dark';
  javaScriptEnabled?: boolean;
  /** A phone, where fingers are. */
  hasTouch?: boolean;
}

export interface TestBrowser {
  browser: Browser;
  /** A page in a context of its own: other cookies, other storage. Closed with the browser. */
  openPage(options?: PageOptions): Promise<Page>;
  /** What the pages complained of: uncaught errors and console errors (refused by the CSP, missing files). */
  complaints: string[];
  close(): Promise<void>;
}

/** One browser per test file: `beforeAll(launch)`, `afterAll(close)`. */
export async function launch(): Promise<TestBrowser> {
  const browser = await chromium.launch({
    executablePath: programPath('chromium'),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const complaints: string[] = [];
  return {
    browser,
    complaints,
    async openPage({ locale = 'fr-FR', viewport = { width: 1280, height: 900 }, hasTouch, ...options } = {}) {
      const context = await browser.newContext({ locale, viewport, hasTouch, isMobile: hasTouch, ...options });
      context.setDefaultTimeout(10000);
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      return page;
    },
    close: () => browser.close(),
  };
}

/** Keeps a picture of the whole page under .tmp/screenshots, for a person to look at. */
export async function screenshot(page: Page, name: string): Promise<string> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const path = join(SCREENSHOTS, `${name}.png`);
  await page.screenshot({ path, fullPage: true });
  return path;
}
