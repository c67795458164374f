import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { load, type CheerioAPI } from 'cheerio';
import type express from 'express';
import type { CustomerMessage, Options } from '../../plugin/contract';
import type { Actor } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { ACTORS, hiding, line, openMerging, type MergingFixture, type Plugin } from '../support/merging-fixture';

describe.each(eachDatabase)('what people read after a merge, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let customer: string;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  beforeEach(async () => {
    customer = await fixture.customer();
  });
  afterAll(() => fixture.close());

  const of = (actor: Actor, options: Partial<Options<express.Request>> = {}): Plugin =>
    fixture.plugin({ actor: () => actor, ...options });

  async function panel(plugin: Plugin, targetId: string): Promise<CheerioAPI> {
    const req = {
      url: `/invoices/${targetId}`,
      originalUrl: `/invoices/${targetId}?tab=1`,
    } as unknown as IncomingMessage;
    const spec = { page: 'preview' as const, invoiceId: () => targetId };
    const $ = load(await plugin.renderBanner(req as express.Request, {} as ServerResponse, spec));
    return load($('[data-im="after"]').toString());
  }
  const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();
  const message = ($: CheerioAPI): string => plain($('.im-done p').text());

  /** FA… of 120.00 and 60.00 in one of 12.00. */
  async function merged(status?: 'draft'): Promise<{ target: string; numbers: string[]; mergeId: string }> {
    const sources = [
      await fixture.invoice(customer, { lines: [line('A', '100')], issueDate: '2026-08-12' }),
      await fixture.invoice(customer, { lines: [line('B', '50')], issueDate: '2026-09-03' }),
    ];
    const target = await fixture.invoice(customer, {
      lines: [line('T', '10')],
      issueDate: '2026-11-21',
      dueDate: '2026-12-21',
      ...(status && { status }),
    });
    const numbers = await Promise.all(sources.map(async (id) => (await fixture.load(id)).number ?? ''));
    const { merge } = await fixture.save({ target, sources });
    return { target, numbers, mergeId: merge?.id ?? '' };
  }
  const tell = (mergeId: string, body: object, plugin?: Plugin) =>
    fixture.http(`/api/merges/${mergeId}/tell`, { body, ...(plugin && { plugin }) });

  describe('the message', () => {
    test('C9 says what was merged into what, to the person who did it and nobody else', async () => {
      const { target } = await merged();
      const { number } = await fixture.load(target);
      expect(message(await panel(of(ACTORS.books), target))).toBe(`2 factures fusionnées dans ${number} · 192,00 €`);
      expect(message(await panel(of(ACTORS.sales), target))).toBe('');
    });

    test('stays until that person puts it away, by form or by the API, and a second time does no harm', async () => {
      const { target, mergeId } = await merged();
      const $ = await panel(of(ACTORS.books), target);
      const form = $('.im-done form');
      expect(form.attr('action')).toBe(`/invoice-merge/merges/${mergeId}/dismiss`);
      expect(form.find('[name="back"]').attr('value')).toBe(`/invoices/${target}?tab=1`);
      expect(message(await panel(of(ACTORS.books), target))).not.toBe('');
      for (const time of ['first', 'second'])
        expect([time, (await fixture.http(`/api/merges/${mergeId}/dismiss`, { body: {} })).body]).toEqual([
          time,
          { dismissed: true },
        ]);
      expect(message(await panel(of(ACTORS.books), target))).toBe('');
    });

    test('is gone once its invoice was merged on, and comes for the new one', async () => {
      const { target } = await merged();
      const next = await fixture.invoice(customer);
      await fixture.save({ target: next, sources: [target] });
      expect(message(await panel(of(ACTORS.books), target))).toBe('');
      expect(message(await panel(of(ACTORS.books), next))).toMatch(/^1 facture fusionnée/);
    });

    test('of a merge that the person may not see cannot be put away', async () => {
      const { target, mergeId } = await merged();
      const blind = fixture.plugin({ scope: hiding(fixture.crm, [target]) });
      expect((await fixture.http(`/api/merges/${mergeId}/dismiss`, { plugin: blind, body: {} })).status).toBe(404);
      expect((await fixture.http('/api/merges/999999/dismiss', { body: {} })).status).toBe(404);
    });
  });

  describe('the letter to the customer', () => {
    test('B9 names the replaced numbers, the new one, its total and due date, and what to do with payments under way', async () => {
      const { target, numbers } = await merged();
      const { number } = await fixture.load(target);
      const $ = await panel(of(ACTORS.sales), target);
      const subjects = $('[data-im-subject]')
        .map((_at, field) => $(field).attr('value'))
        .get();
      expect(subjects).toEqual([
        `Vos factures ${numbers[0]} et ${numbers[1]} sont remplacées par ${number}`,
        `Your invoices ${numbers[0]} and ${numbers[1]} are replaced by ${number}`,
      ]);
      const [french, english] = $('[data-im-body]')
        .map((_at, field) => plain($(field).text()))
        .get();
      expect(french).toContain(`– ${numbers[0]} du 12/08/2026 : 120,00 € – ${numbers[1]} du 03/09/2026 : 60,00 €`);
      expect(french).toContain(
        `La facture ${number} du 21/11/2026 les remplace. Son total est de 192,00 €, à régler au plus tard le 21/12/2026.`,
      );
      expect(french).toContain(`nous l’enregistrerons sur ${number}. Cordialement, Sam Sales`);
      expect(english).toContain(`Its total is €192.00, due by 21 Dec 2026.`);
    });

    test('waits for a draft to be issued, and says nothing of drafts that were merged', async () => {
      const { target } = await merged('draft');
      const $ = await panel(of(ACTORS.books), target);
      expect(plain($('#im-tell').text())).toContain('Émettez d’abord ce brouillon');
      expect($('form.im-letter').length).toBe(0);
      const draft = await fixture.invoice(customer, { status: 'draft' });
      const other = await fixture.invoice(customer);
      await fixture.save({ target: other, sources: [draft] });
      expect((await panel(of(ACTORS.books), other))('#im-tell').length).toBe(0);
    });

    test('marked as sent is remembered with day and name, and becomes outdated by the next merge', async () => {
      const { target, mergeId } = await merged();
      const key = randomUUID();
      for (const time of ['first', 'second'])
        expect([time, (await tell(mergeId, { key, how: 'marked', locale: 'fr' })).body]).toEqual([
          time,
          { told: true },
        ]);
      expect(await fixture.rows('im_customer_notices', { merge_id: mergeId })).toHaveLength(1);
      const told = await panel(of(ACTORS.sales), target);
      expect(plain(told('#im-tell > summary').text())).toBe('Client prévenu le 21/11/2026 à 11:00 par Bea Books');
      expect(told('.im-warn').length).toBe(0);
      await fixture.save({ target, sources: [await fixture.invoice(customer)] });
      expect(plain((await panel(of(ACTORS.sales), target))('.im-warn').text())).toMatch(/^D’autres factures/);
    });

    test('is sent by the host once per request, as the person read it', async () => {
      const { target, mergeId, numbers } = await merged();
      const sent: CustomerMessage[] = [];
      const hooks = { tellCustomer: async (one: CustomerMessage) => void sent.push(one) };
      const plugin = fixture.plugin({ hooks });
      const key = randomUUID();
      const request = { key, how: 'sent', locale: 'en' };
      await tell(mergeId, request, plugin);
      await tell(mergeId, request, plugin);
      expect(sent).toHaveLength(1);
      expect(sent[0]).toMatchObject({
        invoiceId: target,
        customerId: customer,
        locale: 'en',
        subject: expect.stringContaining(numbers[0] ?? '') as string,
        replaces: [
          { number: numbers[0], total: '120.00' },
          { number: numbers[1], total: '60.00' },
        ],
        total: '192.00',
        dueDate: '2026-12-21',
        actor: ACTORS.books,
      });
      const $ = await panel(of(ACTORS.books, { hooks }), target);
      expect(plain($('#im-tell > summary').text())).toMatch(/^Client prévenu/);
      expect($('button[value="sent"]').length).toBe(2);
    });

    test('that the host could not send is said to have failed, and is not called told', async () => {
      const { target, mergeId } = await merged();
      const hooks = { tellCustomer: () => Promise.reject(new Error('smtp is down')) };
      const plugin = fixture.plugin({ hooks });
      const reply = await tell(mergeId, { key: randomUUID(), how: 'sent', locale: 'fr' }, plugin);
      expect(reply).toMatchObject({ status: 502, body: { error: { code: 'IM_TELL_FAILED' } } });
      const $ = await panel(of(ACTORS.books, { hooks }), target);
      expect(plain($('#im-tell > summary').text())).toBe('Prévenir le client');
      expect(plain($('.im-warn').text())).toMatch(/a échoué : rien n’est parti/);
    });

    test('needs the right to merge, and the hook to be sent', async () => {
      const { mergeId } = await merged();
      const body = { key: randomUUID(), how: 'marked', locale: 'fr' };
      expect((await fixture.http(`/api/merges/${mergeId}/tell`, { actor: ACTORS.stranger, body })).status).toBe(403);
      expect(await tell(mergeId, { ...body, how: 'sent' })).toMatchObject({
        status: 400,
        body: { error: { vars: { field: 'how' } } },
      });
      expect(await fixture.rows('im_customer_notices', { merge_id: mergeId })).toEqual([]);
    });
  });
});
