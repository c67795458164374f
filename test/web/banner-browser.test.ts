/// <reference lib="dom" />
import type { Browser } from 'playwright-core';
import AxeBuilder from '@axe-core/playwright';
import { PluginError } from '../../plugin/errors';
import type { SourceLines } from '../../plugin/merging/contract';
import { launch, type TestBrowser } from '../support/browser';
import { eventually } from '../support/eventually';
import { openBannerPage, type BannerPage } from './banner-page';
import { candidate, manyCandidates } from './fake-merging';
import { hostPage } from './host-page';

describe('the banner in a browser', () => {
  let launched: TestBrowser;
  let browser: Browser;
  let at: BannerPage;
  let setup: BannerPage['setup'];
  let page: BannerPage['page'];
  let base: BannerPage['base'];
  let faults: BannerPage['faults'];
  let open: BannerPage['open'];
  let texts: BannerPage['texts'];
  let hidden: BannerPage['hidden'];
  let settled: BannerPage['settled'];

  beforeAll(async () => {
    launched = await launch();
    browser = launched.browser;
  });
  afterAll(async () => {
    await launched.close();
  });
  beforeEach(async () => {
    at = await openBannerPage(launched);
    ({ setup, page, base, faults, open, texts, hidden, settled } = at);
  });
  afterEach(async () => {
    await at.close();
    expect(at.faults).toEqual([]);
  });

  const tick = (number: string) => page.locator('label', { hasText: number }).locator('.im-number').click();
  const rowValues = () =>
    page.$$eval('tr[data-im="carried"] [data-invoice-merge="description"]', (fields) =>
      fields.map((field) => (field as HTMLInputElement).value),
    );

  it('brings a source’s lines into the form when its number is clicked, under a heading that names it', async () => {
    await open();
    await tick('FA-2026-00031');
    await page.waitForSelector('tr[data-im="source"]');
    await settled();
    expect(await texts('tr[data-im="source"]')).toEqual([
      'De la facture FA-2026-00031 du 12/08/2026 · 604,80 €Retirer cette facture',
    ]);
    expect(await rowValues()).toEqual(['Entretien du four, août', 'Remise de la facture FA-2026-00031 (10 %)']);
    const names = await page.$$eval('tr.line [data-invoice-merge="quantity"]', (all) =>
      all.map((one) => (one as HTMLInputElement).name),
    );
    expect(names).toEqual(['lines[0][quantity]', 'lines[1][quantity]', 'lines[2][quantity]']);
    expect(await hidden('Lines')).toBe('form');
    expect(await page.locator('[data-invoice-merge-submit]').innerText()).toBe('Enregistrer et fusionner 1 facture');
    expect((await texts('[data-im="count"]'))[0]).toBe('1 sélectionnée · + 604,80 €');
  });

  it('shows this invoice, merged and after per tax rate, and sends the total that was shown', async () => {
    await open();
    await page.locator('[data-im-action="all"]').click();
    await page.waitForSelector('[data-im="summary"] table');
    await settled();
    expect(await texts('[data-im="summary"] tbody tr')).toEqual([
      'HT 258,00 € 776,00 € 1 034,00 €',
      'TVA 5,5 % 14,19 € 0,00 € 14,19 €',
      'TVA 20 % 0,00 € 155,20 € 155,20 €',
      'TTC 272,19 € 931,20 € 1 203,39 €',
    ]);
    expect(await hidden('Shown')).toBe('1203.39');
    expect((await texts('.im-difference'))[0]).toBe('Le total après fusion est exactement la somme des deux.');
  });

  it('names the difference when a merged line is changed by hand', async () => {
    await open();
    await tick('FA-2026-00038');
    await page.waitForSelector('tr[data-im="carried"]');
    await page.locator('tr[data-im="carried"] [data-invoice-merge="quantity"]').fill('7');
    expect((await texts('.im-difference'))[0]).toBe('Différence : −28,80 € (lignes modifiées à la main).');
    expect(await hidden('Shown')).toBe('473.79');
  });

  it('takes the lines out again when unticked above or removed below, and keeps the focus', async () => {
    await open();
    await tick('FA-2026-00031');
    await tick('FA-2026-00038');
    await page.waitForFunction(() => document.querySelectorAll('tr[data-im="source"]').length === 2);
    await page.locator('tr[data-im="source"] button').first().click();
    expect(await rowValues()).toEqual(['Sacs kraft, lot de 500']);
    expect(await page.evaluate(() => (document.activeElement as HTMLElement).dataset.imId)).toBe('31');
    await tick('FA-2026-00038');
    expect(await rowValues()).toEqual([]);
    expect(await page.locator('[data-invoice-merge-submit]').innerText()).toBe('Enregistrer');
    expect(await hidden('Shown')).toBe('');
  });

  it('does not move the banner, and keeps the focus on the box, while lines come and go', async () => {
    await open();
    // Of the row that was ticked: what is said about the choice grows below the list.
    const row = () => page.locator('#im-first').boundingBox();
    const before = await row();
    await page.locator('[data-im-id="31"]').focus();
    await page.keyboard.press('Space');
    await page.waitForSelector('tr[data-im="source"]');
    expect(await row()).toEqual(before);
    expect(await page.evaluate(() => (document.activeElement as HTMLElement).dataset.imId)).toBe('31');
  });

  it('T62 shows a hostile description as text, in the form and in the banner', async () => {
    for (const takesLines of [true, false]) {
      at.options = { takesLines };
      await open();
      await tick('Brouillon du');
      await page.waitForSelector('[data-im-source]');
      const shown = takesLines ? await rowValues() : await texts('.im-description');
      expect(shown).toEqual(['<img src=x onerror="document.title=1"></textarea>']);
      expect([await page.locator('main img').count(), await page.title()]).toEqual([0, 'CRM']);
    }
  });

  it('shows read-only rows where the host takes none, and lets the server add them', async () => {
    at.options = { takesLines: false };
    await open();
    await tick('FA-2026-00031');
    await page.waitForSelector('[data-im="summary"] table');
    expect(await texts('.im-carried li')).toEqual([
      'Entretien du four, août 1 × 560,00 € 20 %',
      'Remise de la facture FA-2026-00031 (10 %) −1 × 56,00 € 20 %',
    ]);
    expect([await hidden('Lines'), await hidden('Shown')]).toEqual(['server', '1107.39']);
    // What is typed but not saved is not in the server's total: it does not count as shown.
    await page.locator('[data-invoice-merge="quantity"]').fill('13');
    await tick('FA-2026-00038');
    await page.waitForFunction(() => document.querySelectorAll('.im-group').length === 2);
    await settled();
    await page.waitForFunction(
      () => document.querySelector<HTMLInputElement>('[name="invoiceMergeShown"]')?.value === '',
    );
  });

  it('sends the total that the host told, though the server’s own comes later', async () => {
    // The host's script is slow: the rows stand in its form before it has told any total.
    await page.route('**/host.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    let answer: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (answer = resolve));
    await page.route('**/merges/preview', async (route) => {
      await released;
      await route.continue();
    });
    await open();
    await Promise.all([page.waitForRequest('**/merges/preview'), tick('FA-2026-00038')]);
    await page.evaluate(() => {
      const detail = { total: '502.59', taxes: [{ category: 'S', rate: '20', taxable: '450.00', tax: '52.59' }] };
      document.dispatchEvent(new CustomEvent('invoice-merge:changed', { detail }));
    });
    expect(await hidden('Shown')).toBe('502.59');
    const shown = await texts('[data-im="summary"]');
    const answered = page.waitForResponse('**/merges/preview');
    answer();
    await (await answered).finished();
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn))));
    expect(await hidden('Shown')).toBe('502.59');
    expect(await texts('[data-im="summary"]')).toEqual(shown);
  });

  it('moves all lines to the server when one source does not fit into the form', async () => {
    const { service } = setup.fake;
    const lines = service.lines.bind(service);
    service.lines = async (db, query) => {
      const inHundreds = (one: SourceLines): SourceLines => ({
        ...one,
        lines: one.lines.map((line) => ({ ...line, baseQuantity: '100' })),
      });
      const brought = await lines(db, query);
      return brought.map((one) =>
        one.lines && one.sourceId === '38' ? { ...one, lines: inHundreds(one.lines) } : one,
      );
    };
    await open();
    await tick('FA-2026-00031');
    await page.waitForSelector('tr[data-im="source"]');
    await tick('FA-2026-00038');
    await page.waitForFunction(() => document.querySelectorAll('.im-group').length === 2);
    expect(await rowValues()).toEqual([]);
    expect(await hidden('Lines')).toBe('server');
  });

  it('holds the save button while lines load, and unticks what could not be loaded', async () => {
    const { service } = setup.fake;
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const lines = service.lines.bind(service);
    service.lines = async (db, query) => {
      await asked;
      return lines(db, query);
    };
    await open();
    await tick('FA-2026-00031');
    expect(await page.locator('[data-invoice-merge-submit]').isDisabled()).toBe(true);
    expect((await texts('[data-im="live"]'))[0]).toBe('Chargement des lignes…');
    setup.fake.fail.lines = new Error('gone');
    answer();
    await settled();
    expect(await page.locator('input[data-im-id="31"]').isChecked()).toBe(false);
    expect((await texts('[data-im="live"]'))[0]).toContain('FA-2026-00031 n’ont pas pu être chargées');
    faults.splice(0, Infinity, ...faults.filter((fault) => !fault.includes('500')));
  });

  it('of many says in the end which could not be loaded, however many came after them', async () => {
    setup.fake.list = { ...setup.fake.list, candidates: manyCandidates(12) };
    const { service } = setup.fake;
    const lines = service.lines.bind(service);
    let missing = ['1003'];
    service.lines = async (db, query) => {
      const error = (invoiceId: string) => new PluginError('IM_NOT_FOUND', 404, { invoiceId });
      const brought = await lines(db, query);
      return brought.map((one) =>
        missing.includes(one.sourceId) ? { sourceId: one.sourceId, error: error(one.sourceId) } : one,
      );
    };
    const live = async () => (await texts('[data-im="live"]'))[0];
    await open();
    await page.locator('[data-im-action="all"]').click();
    await settled();
    expect(await live()).toMatch(/^Les lignes de FA-2026-01003 n’ont pas pu être chargées, la facture n’est donc pas/);
    expect((await texts('[data-im="count"]'))[0]).toBe('11 sélectionnées · + 132,00 €');

    await page.locator('[data-im-action="none"]').click();
    missing = ['1001', '1002', '1003', '1004', '1005', '1006'];
    await page.locator('[data-im-action="all"]').click();
    await settled();
    expect(await live()).toContain('Les lignes de 6 factures n’ont pas pu être chargées');
    expect(await live()).toContain('FA-2026-01004 et FA-2026-01005…');
    faults.splice(0, Infinity, ...faults.filter((fault) => !fault.includes('404')));
  });

  it('says nothing more of merging once it is switched off, keeps the form’s age, and comes back', async () => {
    await open();
    setup.fake.enabled = false;
    await page.locator('[name="customer_id"]').selectOption('4');
    await page.locator('#im-banner').waitFor({ state: 'hidden' });
    expect(await hidden('Target')).toBe('t'.repeat(22));
    setup.fake.enabled = true;
    await page.locator('[name="customer_id"]').selectOption('3');
    await page.locator('#im-banner').waitFor();
    expect(await page.locator('#im-banner').count()).toBe(1);
  });

  it('leaves no rows of an invoice that was ticked while the list of another customer was on its way', async () => {
    await open();
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const { service } = setup.fake;
    const listed = service.candidates.bind(service);
    service.candidates = async (db, query) => {
      await asked;
      return listed(db, query);
    };
    await page.locator('[name="customer_id"]').selectOption('4');
    await tick('FA-2026-00038');
    await page.waitForSelector('tr[data-im="carried"]');
    setup.fake.list = { ...setup.fake.list, candidates: [candidate({ id: '50', number: 'FA-2026-00050' })] };
    answer();
    await page.waitForSelector('[data-im-id="50"]');
    expect(await rowValues()).toEqual([]);
    expect(await page.locator('[data-invoice-merge-submit]').textContent()).not.toContain('1');
  });

  it('says which gaps deleting will leave', async () => {
    await open();
    await tick('FA-2026-00031');
    await tick('Brouillon du');
    expect((await texts('[data-im="gap-note"]'))[0]).toBe('Leurs numéros restent utilisés : aucun trou.');
    await page.locator('[data-im="cancel"]').click();
    expect((await texts('[data-im="gap-note"]'))[0]).toBe(
      'La supprimer laisse 1 trou dans la numérotation (FA-2026-00031).',
    );
  });

  it('C2 shows ticks and lines again after a reload, and begins afresh when the page is left', async () => {
    await open();
    await tick('FA-2026-00038');
    await page.waitForSelector('tr[data-im="carried"]');
    await page.reload();
    await page.waitForSelector('tr[data-im="carried"]');
    expect(await page.locator('input[data-im-id="38"]').isChecked()).toBe(true);
    await page.goto(`${base}/invoices/42`);
    await open();
    expect(await page.locator('input[name="invoiceMergeSource"]:checked').count()).toBe(0);
    expect(await rowValues()).toEqual([]);
  });

  it('C1 asks before another customer takes the merged lines away', async () => {
    await open();
    await tick('FA-2026-00038');
    await page.waitForSelector('tr[data-im="carried"]');
    await page.locator('[name="customer_id"]').selectOption('4');
    expect((await texts('dialog p'))[0]).toBe('Retirer la facture fusionnée de Boulangerie Martin ?');
    await page.locator('dialog button').first().click();
    // The dialog tells of its end after it is gone from the screen.
    await eventually(async () => expect(await page.locator('[name="customer_id"]').inputValue()).toBe('3'));
    expect(await rowValues()).toEqual(['Sacs kraft, lot de 500']);

    setup.fake.list = {
      ...setup.fake.list,
      customer: { id: '4', name: 'Garage Petit' },
      candidates: [candidate({ id: '50', number: 'FA-2026-00050' })],
    };
    await page.locator('[name="customer_id"]').selectOption('4');
    await page.locator('dialog button').last().click();
    await page.waitForSelector('[data-im-id="50"]');
    expect(await rowValues()).toEqual([]);
    expect(await page.inputValue('tr.line [data-invoice-merge="description"]')).toBe('Farine T65, 25 kg');
    expect(await hidden('Target')).toBe('t'.repeat(22));
    expect((await texts('#im-title'))[0]).toBe('1 facture de Garage Petit peut être fusionnée ici');
  });

  it('sends the choice with the host’s own form, and takes back the rows of a refused save', async () => {
    await open();
    await tick('FA-2026-00038');
    await page.waitForSelector('tr[data-im="carried"]');
    await settled();
    await page.locator('[data-invoice-merge-submit]').click();
    await page.waitForFunction(() => document.title === 'saved');
    expect(at.posted()).toMatchObject({
      invoiceMergeSource: `38~${'v'.repeat(22)}`,
      invoiceMergeIssued: ['delete', 'cancel'],
      invoiceMergeLines: 'form',
      invoiceMergeShown: '502.59',
      'lines[1][key]': '38.1',
    });

    setup.host.spec = { ...setup.host.spec, form: at.posted() };
    const returned =
      '<tr class="line"><td><input data-invoice-merge="description" value="Sacs"><input data-invoice-merge="key" value="38.1"></td>' +
      '<td><input data-invoice-merge="quantity" value="8"></td><td><input data-invoice-merge="unitPrice" value="24.00"></td><td><input data-invoice-merge="taxRate" value="20"></td></tr>';
    setup.host.page = (html) => hostPage(html).replace('</tbody>', `${returned}</tbody>`);
    await open();
    await page.waitForSelector('tr[data-im="source"]');
    expect(await rowValues()).toEqual(['Sacs']);
  });

  it('takes out the rows of a refused save whose invoice is ticked no more, and leaves the host’s own', async () => {
    setup.host.spec = { ...setup.host.spec, form: {} };
    const returned =
      '<tr class="line"><td><input data-invoice-merge="description" value="Sacs"><input data-invoice-merge="key" value="38-1"></td>' +
      '<td><input data-invoice-merge="quantity" value="8"></td><td><input data-invoice-merge="unitPrice" value="24.00"></td><td><input data-invoice-merge="taxRate" value="20"></td></tr>';
    setup.host.page = (html) => hostPage(html).replace('</tbody>', `${returned}</tbody>`);
    await open();
    await page.waitForFunction(() => document.querySelectorAll('tr.line').length === 1);
    expect(await page.locator('tr.line input').first().inputValue()).toBe('Farine T65, 25 kg');
  });

  it('knows the allowances of a refused save by their source, and takes them out with their lines', async () => {
    const { service } = setup.fake;
    const lines = service.lines.bind(service);
    const allowance = {
      kind: 'allowance' as const,
      amount: '56.00',
      reason: 'Remise',
      tax: { category: 'S', rate: '20' },
    };
    service.lines = async (db, query) =>
      (await lines(db, query)).map((one) =>
        one.lines ? { ...one, lines: { ...one.lines, allowancesCharges: [allowance] } } : one,
      );
    at.options = { allowances: [] };
    await open();
    await tick('FA-2026-00038');
    const sources = () =>
      page.$$eval('.allowance [data-invoice-merge="source"]', (all) =>
        all.map((one) => (one as HTMLInputElement).value),
      );
    await page.waitForSelector('.allowance');
    expect(await sources()).toEqual(['38']);

    setup.host.spec = { ...setup.host.spec, form: { invoiceMergeSource: `38~${'v'.repeat(22)}` } };
    at.options = { allowances: ['', '38'] };
    await open();
    await page.waitForSelector('[data-im="source"]');
    expect(await sources()).toEqual(['', '38']);
    await tick('FA-2026-00038');
    expect(await sources()).toEqual(['']);
  });

  it('T39 says before saving what a draft keeps from being due, without moving the page', async () => {
    setup.fake.list = { ...setup.fake.list, target: { ...setup.fake.list.target!, status: 'draft' } };
    await open();
    const note = page.locator('[data-im="draft-note"]');
    expect(await note.isVisible()).toBe(false);
    await tick('Brouillon du');
    expect(await note.isVisible()).toBe(false);
    await page.locator('[data-im-action="all"]').click();
    expect((await texts('[data-im="draft-note"]'))[0]).toBe(
      'Tant que ce brouillon n’est pas émis, 835,20 € ne seront ni dus ni relancés.',
    );
  });

  it('tells whether none, some or all are ticked', async () => {
    await open();
    const all = page.locator('[data-im-action="all"]');
    const states = [await all.getAttribute('aria-checked')];
    await tick('FA-2026-00038');
    states.push(await all.getAttribute('aria-checked'));
    await all.click();
    states.push(await all.getAttribute('aria-checked'));
    await all.click();
    states.push(await all.getAttribute('aria-checked'));
    expect(states).toEqual(['false', 'mixed', 'true', 'false']);
  });

  it('says at the Save button again why a save was refused', async () => {
    setup.host.spec = { ...setup.host.spec, form: {}, error: new PluginError('IM_RETRY_EXHAUSTED', 409) };
    await open();
    await page.waitForSelector('[data-im="refused"]');
    expect(await texts('[data-im="refused"]')).toEqual(await texts('#im-alert'));
    expect(await page.locator('[data-invoice-merge-submit]').getAttribute('aria-describedby')).toBe('im-alert');
  });

  it('keeps the host’s global styles out, and its own out of the host’s rows', async () => {
    const look = async () => {
      await open();
      await page.locator('[data-im-action="all"]').click();
      await page.waitForSelector('[data-im="summary"] table');
      await settled();
      await page.locator('[data-im-action="all"]').blur();
      return page.$$eval(
        '[data-im="banner"] :is(label, button, a, h2, input[type="checkbox"], li), [data-im="summary"] :is(table, td, th), [data-im="source"] button',
        (all) =>
          all.map((one) => {
            const { color, fontSize, textTransform, letterSpacing, padding } = getComputedStyle(one);
            const { width, height } = one.getBoundingClientRect();
            return [one.tagName, color, fontSize, textTransform, letterSpacing, padding, width, height].join(' ');
          }),
      );
    };
    const plain = await look();
    at.options = { hostile: true };
    expect(await look()).toEqual(plain);
    const row = page.locator('tr[data-im="carried"] input').first();
    expect(await row.evaluate((one) => getComputedStyle(one.parentElement!).padding)).toBe('40px');
  });

  it('adds decimals exactly', async () => {
    await open();
    // As text: Jest's transform would turn import() into something that the browser does not know.
    const sums = await page.evaluate(`(async () => {
      const banner = document.querySelector('script[src*="/js/banner.js"]').src;
      const { add, subtract, plain } = await import(banner.replace('banner.js', 'decimal.js'));
      return [add('0.1', '0.2'), subtract('9007199254740993.01', '0.02'), add('-0.05', '0.00'), plain('20.00'), plain('100')];
    })()`);
    expect(sums).toEqual(['0.3', '9007199254740992.99', '-0.05', '20', '100']);
  });

  it('saves the choice without JavaScript', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(`${base}/invoices/42/edit`);
    await plain.locator('.im-number', { hasText: '00031' }).click();
    await plain.locator('[data-im="cancel"]').click();
    await plain.locator('[data-invoice-merge-submit]').click();
    await eventually(() =>
      expect(at.posted()).toMatchObject({
        invoiceMergeSource: `31~${'v'.repeat(22)}`,
        invoiceMergeIssued: 'delete',
        invoiceMergeLines: 'server',
        invoiceMergeShown: '',
      }),
    );
    await context.close();
  });

  it('B15 T47 tells at the tick which fields differ, and sends the answer given there', async () => {
    setup.fake.list = {
      ...setup.fake.list,
      target: { ...setup.fake.list.target!, askIfDiffer: { terms: '30 jours' } },
    };
    setup.fake.asked = { '31': { terms: '45 jours' }, '38': { terms: '30 jours' } };
    await open();
    const differ = page.locator('[data-im="differ"]');
    await tick('FA-2026-00038');
    await settled();
    expect(await differ.isVisible()).toBe(false);
    expect(await differ.locator('input').isDisabled()).toBe(true);
    await tick('FA-2026-00031');
    await differ.waitFor();
    await settled();
    expect(await texts('#im-differing li')).toEqual(['terms : 30 jours ici et 45 jours sur FA-2026-00031']);
    await differ.locator('input').check();
    await page.locator('[data-invoice-merge-submit]').click();
    await page.waitForURL('**/save');
    expect(at.posted()?.invoiceMergeAcknowledged).toContain('fields_differ');
    // Other differences than those agreed to are asked about anew.
    await open();
    await tick('FA-2026-00031');
    await differ.locator('input').check();
    await tick('FA-2026-00031');
    await differ.waitFor({ state: 'hidden' });
    await tick('FA-2026-00031');
    await differ.waitFor();
    expect(await differ.locator('input').isChecked()).toBe(false);
  });

  it('fits a phone: nothing overflows at 360 px, and count, total and Save stay in sight', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open();
    await page.locator('[data-im-action="all"]').click();
    await page.waitForSelector('[data-im="summary"] table');
    await settled();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    expect((await texts('[data-im="bar"]'))[0]).toBe(
      '3 sélectionnées · + 931,20 € 1 203,39 € Enregistrer et fusionner 3 factures',
    );
    const small = await page.$$eval('.im-row label, .im-open, .im-link, .im-bar button', (all) =>
      all
        .filter((one) => one.getBoundingClientRect().height > 0 && one.getBoundingClientRect().height < 44)
        .map((one) => one.outerHTML),
    );
    expect(small).toEqual([]);
    await page.locator('[data-im="bar"] button').click();
    await page.waitForFunction(() => document.title === 'saved');
    expect(at.posted()).toMatchObject({ invoiceMergeShown: '1203.39' });
  });

  it('has nothing that axe objects to, in light and dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ colorScheme });
      const look = await context.newPage();
      await look.goto(`${base}/invoices/42/edit`);
      await look.locator('details summary').click();
      await look.locator('[data-im-action="all"]').click();
      await look.locator('[data-im="cancel"]').click();
      await look.waitForSelector('[data-im="summary"] table');
      const { violations } = await new AxeBuilder({ page: look }).include('#im-banner').include('form').analyze();
      expect(violations.flatMap(({ id, nodes }) => nodes.map((node) => [id, node.html]))).toEqual([]);
      await context.close();
    }
  });
});
