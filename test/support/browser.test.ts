import { readFileSync } from 'node:fs';
import { launch, screenshot, type TestBrowser } from './browser';

describe('the browser of the tests', () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('opens pages in the asked language, size and colours, and takes their picture', async () => {
    const page = await browser.openPage({
      locale: 'en-GB',
      viewport: { width: 360, height: 640 },
      colorScheme: 'dark',
    });
    await page.setContent('<title>x</title><script>console.error("seen")</script>');
    const seen = await page.evaluate(
      '[navigator.language, innerWidth, matchMedia("(prefers-color-scheme: dark)").matches]',
    );
    expect(seen).toEqual(['en-GB', 360, true]);
    expect(browser.complaints).toEqual(['seen']);
    expect(
      readFileSync(await screenshot(page, 'browser'))
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
  });

  it('shows what a page says without JavaScript', async () => {
    const page = await browser.openPage({ javaScriptEnabled: false });
    await page.setContent('<noscript>plain</noscript><script>document.body.append("scripted")</script>');
    expect(await page.textContent('body')).toContain('plain');
  });
});
