/// <reference lib="dom" />
import AxeBuilder from '@axe-core/playwright';
import { launch, type TestBrowser } from '../support/browser';
import { eventually } from '../support/eventually';
import { PluginError } from '../../plugin/errors';
import { openBannerPage, type BannerPage } from './banner-page';
import { candidate, manyCandidates, VERSION } from './fake-merging';

describe('a list of many invoices in a browser', () => {
  let browser: TestBrowser;
  let at: BannerPage;
  let page: BannerPage['page'];

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    at = await openBannerPage(browser);
    ({ page } = at);
    list(73);
  });
  afterEach(async () => {
    await at.close();
    expect(at.faults).toEqual([]);
  });

  const list = (count: number, refused = 0) => {
    const { fake } = at.setup;
    const others = Array.from({ length: refused }, (_none, index) =>
      candidate({
        id: `9${index}`,
        number: `FA-2026-09${index}`,
        eligible: false,
        reasons: [{ code: 'blocked', vars: {} }],
      }),
    );
    fake.list = { ...fake.list, candidates: [...manyCandidates(count), ...others] };
  };
  const box = (id: number) => page.locator(`input[type="checkbox"][data-im-id="${id}"]`);
  const ids = () =>
    page.$$eval('[data-im="list"] input', (all) => all.map((one) => (one as HTMLInputElement).dataset.imId));
  const tick = async (...wanted: number[]) => {
    for (const id of wanted) await box(id).click();
    await at.settled();
  };
  const nextPage = (first: number) => turn(':last-child', first);
  const previousPage = (first: number) => turn(':first-child', first);
  async function turn(which: string, first: number) {
    await page.locator(`[data-im-list="choices"]${which}`).click();
    await box(first).waitFor();
  }
  async function search(text: string, first: number) {
    await page.locator('[data-im="search"]').fill(text);
    await page.waitForFunction(
      (id) => document.querySelector<HTMLElement>('[data-im="list"] input')?.dataset.imId === id,
      String(first),
    );
  }
  const rows = () =>
    page.$$eval('tr[data-im="carried"] [data-invoice-merge="description"]', (all) =>
      all.map((one) => (one as HTMLInputElement).value.replace('Ligne de ', '')),
    );
  const all = () => page.locator('[data-im-action="all"]');
  const state = () => all().getAttribute('aria-checked');
  const focused = () =>
    page.evaluate(() => {
      const { dataset, textContent } = document.activeElement as HTMLElement;
      return dataset.imId ?? dataset.im ?? textContent;
    });
  const count = async () => (await at.texts('[data-im="count"]'))[0];
  const live = async () => (await at.texts('[data-im="live"]'))[0];
  async function save() {
    await page.locator('[data-invoice-merge-submit]').click();
    await page.waitForFunction(() => document.title === 'saved');
    const sources = at.posted()?.invoiceMergeSource;
    return [sources].flat().map((source) => Number(String(source).split('~')[0]));
  }

  it('shows twenty, says which of how many, and turns the pages', async () => {
    await at.open();
    expect(await ids()).toHaveLength(20);
    expect(await at.texts('[data-im="pager"]')).toEqual(['Précédentes 1–20 sur 73 Suivantes']);
    await nextPage(1021);
    await nextPage(1041);
    await nextPage(1061);
    expect(await ids()).toHaveLength(13);
    expect(await at.texts('[data-im="range"]')).toEqual(['61–73 sur 73']);
    expect(await page.locator('[data-im-list="choices"]:last-child').getAttribute('aria-disabled')).toBe('true');
    await previousPage(1041);
  });

  it('keeps ticks over pages and searches, counts them, posts them, and shows them ticked again', async () => {
    await at.open();
    await tick(1002);
    await nextPage(1021);
    await tick(1025);
    expect(await count()).toBe('2 sélectionnées · + 24,00 €, dont 1 hors de cette page');
    await search('01071', 1071);
    await tick(1071);
    expect(await count()).toBe('3 sélectionnées · + 36,00 €, dont 2 hors de cette page');
    expect(await rows()).toEqual(['FA-2026-01002', 'FA-2026-01025', 'FA-2026-01071']);
    await search('', 1001);
    expect(await box(1002).isChecked()).toBe(true);
    await nextPage(1021);
    expect(await box(1025).isChecked()).toBe(true);
    await box(1025).click();
    await previousPage(1001);
    expect(await rows()).toEqual(['FA-2026-01002', 'FA-2026-01071']);
    expect(await save()).toEqual(expect.arrayContaining([1002, 1071]));
    expect(at.posted()?.invoiceMergeSource).toHaveLength(2);
    expect(at.posted()?.invoiceMergeSource).toContain(`1071~${VERSION}`);
  });

  it('removes an invoice of another page below its heading, and keeps the focus in the banner', async () => {
    await at.open();
    await tick(1002);
    await nextPage(1021);
    await page.locator('tr[data-im="source"] button').click();
    expect(await rows()).toEqual([]);
    expect(await count()).toBe('Aucune sélectionnée');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('im-banner');
    await previousPage(1001);
    expect(await box(1002).isChecked()).toBe(false);
  });

  it('C2 finds the ticks of all pages again after a reload, and after going away and back', async () => {
    await at.open();
    await tick(1002);
    await nextPage(1021);
    await tick(1025);
    await page.reload();
    await page.waitForFunction(() => document.querySelectorAll('tr[data-im="source"]').length === 2);
    expect(await box(1002).isChecked()).toBe(true);
    expect(await count()).toBe('2 sélectionnées · + 24,00 €, dont 1 hors de cette page');
    await at.settled();
    await page.goto(`${at.base}/invoices/42`);
    await page.goBack();
    await page.waitForFunction(() => document.querySelectorAll('tr[data-im="source"]').length === 2);
    await at.settled();
    expect(await save()).toEqual(expect.arrayContaining([1002, 1025]));
  });

  it('C4 selects all pages with one click, versions included, then none with the next', async () => {
    list(45);
    await at.open();
    expect(await all().innerText()).toMatch(/^Tout sélectionner \(45 · 540,00\s€\)$/);
    const states = [await state()];
    await tick(1003);
    states.push(await state());
    await all().click();
    await page.waitForFunction(() => document.querySelectorAll('tr[data-im="source"]').length === 45);
    await at.settled();
    states.push(await state());
    expect(await count()).toBe('45 sélectionnées · + 540,00 €, dont 25 hors de cette page');
    expect(await live()).toBe('45 sélectionnées · + 540,00 €');
    await nextPage(1021);
    expect(await page.locator('[data-im="list"] input:checked').count()).toBe(20);
    await box(1030).click();
    states.push(await state());
    await all().click();
    await page.waitForFunction(
      () => document.querySelector('[data-im-action="all"]')?.getAttribute('aria-checked') === 'true',
    );
    await at.settled();
    await all().click();
    states.push(await state());
    expect(states).toEqual(['false', 'mixed', 'true', 'mixed', 'false']);
    expect(await rows()).toEqual([]);
  });

  it('C4 selects what a search finds, says so, and leaves other ticks alone', async () => {
    await at.open();
    await tick(1002);
    await search('0101', 1010);
    expect(await all().innerText()).toMatch(/^Tout sélectionner \(10 trouvées · 120,00\s€\)$/);
    expect(await at.texts('#im-title')).toEqual(['10 factures trouvées pour « 0101 » peuvent être fusionnées ici']);
    expect(await state()).toBe('false');
    await all().click();
    await page.waitForFunction(() => document.querySelectorAll('tr[data-im="source"]').length === 11);
    await at.settled();
    expect(await state()).toBe('true');
    await search('', 1001);
    expect(await state()).toBe('mixed');
    expect(await box(1002).isChecked()).toBe(true);
    await page.locator('[data-im-action="none"]').click();
    expect(await count()).toBe('Aucune sélectionnée');
  });

  it('holds Save while all are being selected, and a later "none" wins', async () => {
    await at.open();
    let answer = (): void => undefined;
    await page.route('**/banner?*rows=all*', async (route) => {
      await new Promise<void>((resolve) => (answer = resolve));
      await route.continue();
    });
    const asked = page.waitForRequest(/rows=all/);
    await all().click();
    await asked;
    expect(await page.locator('[data-invoice-merge-submit]').isDisabled()).toBe(true);
    await page.locator('[data-im-action="none"]').click();
    expect(await page.locator('[data-invoice-merge-submit]').isDisabled()).toBe(false);
    const replied = page.waitForResponse(/rows=all/);
    answer();
    await (await replied).finished();
    await page.evaluate(() => new Promise(requestAnimationFrame));
    expect(await count()).toBe('Aucune sélectionnée');
  });

  it('shows the answer to the last search, however late an earlier one comes', async () => {
    await at.open();
    const held: (() => void)[] = [];
    // The page gives the earlier request up; a proxy or a slow network may answer it all the same.
    await page.evaluate(() => {
      const original = window.fetch;
      window.fetch = (input, init) => original(input, { ...init, signal: undefined });
    });
    await page.route('**/banner?*q=01001*', async (route) => {
      await new Promise<void>((resolve) => held.push(resolve));
      await route.continue();
    });
    const first = page.waitForRequest(/q=01001/);
    await page.locator('[data-im="search"]').fill('01001');
    await first;
    await search('0105', 1050);
    const replied = page.waitForResponse(/q=01001/);
    held.forEach((release) => release());
    await (await replied).finished();
    await page.evaluate(() => new Promise(requestAnimationFrame));
    expect((await ids())[0]).toBe('1050');
    expect((await at.texts('#im-title'))[0]).toContain('« 0105 »');
  });

  it('keeps the rows in their place while it searches, dimmed, with one line that says so', async () => {
    await at.open();
    let answer = (): void => undefined;
    await page.route('**/banner?*', async (route) => {
      await new Promise<void>((resolve) => (answer = resolve));
      await route.continue();
    });
    const boxes = () =>
      Promise.all(['#im-banner', '[data-im="list"]', 'form'].map((one) => page.locator(one).boundingBox()));
    const before = await boxes();
    const asked = page.waitForRequest(/q=0101/);
    await page.locator('[data-im="search"]').fill('0101');
    await asked;
    expect(await page.locator('[data-im="choices"]').getAttribute('aria-busy')).toBe('true');
    expect(await at.texts('[data-im="searching"]')).toEqual(['Recherche…']);
    expect(await boxes()).toEqual(before);
    answer();
    await box(1010).waitFor();
    await page.waitForFunction(() => document.querySelectorAll('[data-im="list"] li').length === 10);
    expect(await at.texts('[data-im="searching"]')).toEqual(['']);
  });

  it('says that nothing is found, offers nothing to tick, and comes back', async () => {
    await at.open();
    await page.locator('[data-im="search"]').fill('nothing of this');
    await page.waitForFunction(() => !document.querySelector('[data-im="list"]'));
    expect(await at.texts('#im-title')).toEqual([
      'Aucune facture trouvée pour « nothing of this » ne peut être fusionnée ici',
    ]);
    expect(await all().isVisible()).toBe(false);
    await search('', 1001);
    expect(await all().isVisible()).toBe(true);
  });

  it('keeps what is there when a page cannot be fetched, and says so', async () => {
    await at.open();
    await tick(1001);
    at.setup.fake.fail.candidates = new PluginError('IM_RETRY_EXHAUSTED', 503);
    await page.locator('[data-im-list="choices"]:last-child').click();
    await page.waitForFunction(() => document.querySelector('[data-im="live"]')?.textContent?.startsWith('La liste'));
    expect(await live()).toContain('La base de données n’a pas pu enregistrer cette fois');
    expect(await box(1001).isChecked()).toBe(true);
    expect(await page.locator('[data-im="choices"]').getAttribute('aria-busy')).toBe('false');
    at.faults.splice(0);
  });

  it('works with the keyboard alone: page, tick, search, with the focus kept and each result said', async () => {
    await at.open();
    await page.locator('[data-im-list="choices"]:last-child').focus();
    await page.keyboard.press('Enter');
    await box(1021).waitFor();
    expect(await focused()).toBe('Suivantes');
    expect(await live()).toBe('21–40 sur 73');
    await page.keyboard.press('Enter');
    await box(1041).waitFor();
    await page.keyboard.press('Shift+Tab');
    expect(await focused()).toBe('Précédentes');
    await box(1042).focus();
    await page.keyboard.press('Space');
    await at.settled();
    expect([await focused(), await live()]).toEqual(['1042', '1 ligne ajoutée depuis FA-2026-01042.']);
    await page.locator('[data-im="search"]').focus();
    await page.keyboard.type('0107');
    await page.keyboard.press('Enter');
    await box(1070).waitFor();
    expect(await focused()).toBe('search');
    expect(await live()).toBe('4 factures trouvées pour « 0107 » peuvent être fusionnées ici');
    expect(at.posted()).toBeNull();
  });

  it('pages those that cannot be merged too, and leaves their list open', async () => {
    list(25, 27);
    await at.open();
    expect(await page.locator('details').getAttribute('open')).toBeNull();
    expect(await at.texts('details summary')).toEqual(['27 autres ne peuvent pas l’être : voir pourquoi']);
    await page.locator('details summary').click();
    expect(await page.locator('details li').count()).toBe(20);
    await page.locator('[data-im-list="others"]:last-child').click();
    await page.waitForFunction(() => document.querySelectorAll('details li').length === 7);
    expect(await page.locator('details').getAttribute('open')).toBe('');
    expect(await live()).toBe('21–27 sur 27');
    expect(await ids()).toHaveLength(20);
  });

  it('gives the ticks of all pages back after a refused save, and shows the one that was refused', async () => {
    const problem = { invoiceId: '1030', number: 'FA-2026-01030', reasons: [{ code: 'blocked', vars: {} }] };
    at.setup.host.spec = {
      ...at.setup.host.spec,
      form: { invoiceMergeSource: [1002, 1025, 1030].map((id) => `${id}~${VERSION}`), invoiceMergeShown: '1.00' },
      error: new PluginError('IM_NOT_MERGEABLE', 422, { invoices: [problem] }),
    };
    await at.open();
    await page.waitForFunction(() => document.querySelectorAll('tr[data-im="source"]').length === 2);
    expect(await count()).toBe('2 sélectionnées · + 24,00 €, dont 1 hors de cette page');
    expect(await at.texts('.im-problem')).toEqual(['elle est bloquée (litige, recouvrement ou paiement en cours)']);
    expect(await box(1030).isChecked()).toBe(false);
    await at.settled();
    expect(await save()).toEqual(expect.arrayContaining([1002, 1025]));
  });

  it('ticks no more than one merge takes, and says so before and when it is reached', async () => {
    list(520);
    await at.open();
    expect(await at.texts('.im-head + .im-search + .im-hint')).toEqual([
      'Une fusion prend au plus 500 factures : vous fusionnerez les autres ensuite.',
    ]);
    expect(await all().innerText()).toMatch(/^Sélectionner les 500 plus anciennes \(6\s000,00\s€\)$/);
    // Five hundred fetches are not what is asked here.
    await page.route('**/invoices/lines', (route) => route.abort());
    await page.evaluate((version) => {
      const ticks = Array.from({ length: 500 }, (_none, index) => ({
        value: `${1001 + index}~${version}`,
        dataset: { imId: String(1001 + index), imTotal: '12.00', imLabel: 'x' },
      }));
      sessionStorage.setItem('invoice-merge:/invoices/42/edit', JSON.stringify({ customerId: '3', ticks }));
    }, VERSION);
    await page.unroute('**/invoices/lines');
    await page.route('**/invoices/lines', () => undefined);
    await page.reload();
    await page.waitForFunction(() => document.querySelector('[data-im="count"]')?.textContent?.startsWith('500'));
    await search('01510', 1510);
    await box(1510).click();
    expect(await box(1510).isChecked()).toBe(false);
    expect(await live()).toBe(
      'Une fusion prend au plus 500 factures : FA-2026-01510 n’est pas cochée. Enregistrez d’abord celles-ci.',
    );
  });

  it('shows all rows without JavaScript where the person asks for them, and saves their ticks', async () => {
    const context = await browser.browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(`${at.base}/invoices/42/edit?tab=lines`);
    expect(await plain.locator('[data-im="list"] input').count()).toBe(20);
    expect(await plain.locator('[data-im="pager"], [data-im="search"]').first().isVisible()).toBe(false);
    await plain.getByRole('link', { name: 'Afficher les 73 factures' }).click();
    await plain.waitForURL('**/invoices/42/edit?tab=lines&invoiceMergeRows=all#im-banner');
    expect(await plain.locator('[data-im="list"] input').count()).toBe(73);
    await plain.locator('.im-number', { hasText: '01072' }).click();
    await plain.locator('[data-invoice-merge-submit]').click();
    await eventually(() => expect(at.posted()).toMatchObject({ invoiceMergeSource: `1072~${VERSION}` }));
    at.setup.host.spec = { ...at.setup.host.spec, form: at.posted() };
    await plain.goto(`${at.base}/invoices/42/edit`);
    expect(await plain.locator('[data-im="list"] input').count()).toBe(73);
    expect(await plain.locator('input[data-im-id="1072"]').isChecked()).toBe(true);
    await context.close();
  });

  it('fits a phone, with targets of 44 px and nothing that axe objects to, in light and dark', async () => {
    list(45, 27);
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.browser.newContext({ colorScheme, viewport: { width: 360, height: 740 } });
      const phone = await context.newPage();
      await phone.goto(`${at.base}/invoices/42/edit`);
      await phone.locator('details summary').click();
      await phone.locator('[data-im-list="choices"]:last-child').click();
      await phone.locator('[data-im-id="1021"]').click();
      await phone.waitForSelector('[data-im="summary"] table');
      expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
      const small = await phone.$$eval('.im-pager button, .im-search input, .im-actions button', (controls) =>
        controls.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML),
      );
      expect(small).toEqual([]);
      const { violations } = await new AxeBuilder({ page: phone }).include('#im-banner').analyze();
      expect(violations.flatMap(({ id, nodes }) => nodes.map((node) => [id, node.html]))).toEqual([]);
      await context.close();
    }
  });
});
