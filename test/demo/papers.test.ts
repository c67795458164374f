import { load } from 'cheerio';
import type TestAgent from 'supertest/lib/agent';
import { LARGEST_FILE } from '../../demo/invoice-papers';
import { eachDatabase } from '../support/databases';
import { startDemo, type RunningDemo } from './support';

describe.each(eachDatabase)('files, notes and tags of the demo CRM on %s', (name) => {
  let demo: RunningDemo;
  let sales: TestAgent;
  let id: string;
  beforeAll(async () => {
    demo = await startDemo(name);
    sales = await demo.as('sales');
    id = await demo.idOf('FA-2026-00047');
  });
  afterAll(() => demo.stop());

  const pageOf = async () => load((await sales.get(`/invoices/${id}`).expect(200)).text);
  const refusal = (html: string): string => load(html)('[role=alert]').text();

  it('keeps a file as it was sent and hands it out to be saved, never to be shown in the site’s name', async () => {
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    await sales.post(`/invoices/${id}/attachments`).attach('file', content, '../déjà "vu".PDF').expect(303);
    const $ = await pageOf();
    const link = $('#papers a.file');
    expect(link.text().trim()).toBe('déjà vu.PDF');
    const file = await sales
      .get(String(link.attr('href')))
      .buffer(true)
      .expect(200);
    expect((file.body as Buffer).equals(content)).toBe(true);
    expect(file.headers).toMatchObject({
      'content-type': 'application/pdf',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': 'private, no-store',
    });
    expect(file.headers['content-disposition']).toMatch(
      /^attachment; filename=.*filename\*=UTF-8''d%C3%A9j%C3%A0%20vu\.PDF/,
    );
  });

  it.each([
    ['a page that a browser would run', 'page.html', Buffer.from('<script>'), 415, 'page.html'],
    ['an empty file', 'vide.pdf', Buffer.alloc(0), 422, 'vide.pdf'],
    ['a file that is too large', 'gros.pdf', Buffer.alloc(LARGEST_FILE + 1), 413, 'trop lourd'],
  ])('refuses %s and says so on the invoice’s page', async (_what, fileName, content, status, words) => {
    const before = await demo.knex('crm_attachments').where({ invoice_id: id });
    const answer = await sales.post(`/invoices/${id}/attachments`).attach('file', content, fileName);
    expect(answer.status).toBe(status);
    expect(refusal(answer.text)).toContain(words);
    expect(await demo.knex('crm_attachments').where({ invoice_id: id })).toHaveLength(before.length);
  });

  it('refuses a file from another site’s page, and one for nobody', async () => {
    const elsewhere = await sales
      .post(`/invoices/${id}/attachments`)
      .set('Origin', 'http://elsewhere.test')
      .attach('file', Buffer.from('x'), 'x.txt');
    expect(elsewhere.status).toBe(403);
    expect((await sales.post(`/invoices/999999/attachments`).attach('file', Buffer.from('x'), 'x.txt')).status).toBe(
      404,
    );
    expect((await sales.get('/attachments/999999')).status).toBe(404);
  });

  it('deletes a file with its content', async () => {
    await sales.post(`/invoices/${id}/attachments`).attach('file', Buffer.from('à jeter'), 'brouillon.txt').expect(303);
    const row = await demo.knex('crm_attachments').where({ file_name: 'brouillon.txt' }).first<{ id: number }>();
    await sales.post(`/invoices/${id}/attachments/${row.id}/delete`).expect(303);
    expect(await demo.knex('crm_attachments').where({ id: row.id })).toEqual([]);
    expect(await demo.knex('crm_attachment_contents').where({ attachment_id: row.id })).toEqual([]);
  });

  it('puts a new or a known tag on once, whatever its capitals, and takes it off', async () => {
    const tags = async () => {
      const $ = await pageOf();
      return $('.tags .tag')
        .map((_index, tag) => $(tag).text().trim())
        .get();
    };
    for (const label of ['Chantier  Nord', 'chantier nord', 'LIVRAISON'])
      await sales.post(`/invoices/${id}/tags`).type('form').send({ label }).expect(303);
    expect(await tags()).toEqual(['Chantier Nord', 'Livraison']);
    expect(await demo.knex('crm_tags').whereIn('label', ['Chantier Nord', 'chantier nord'])).toHaveLength(1);
    const off = (await pageOf())('.tags .tag form').first().attr('action');
    await sales.post(String(off)).expect(303);
    expect(await tags()).toEqual(['Livraison']);
    expect((await sales.post(`/invoices/${id}/tags`).type('form').send({ label: '  ' })).status).toBe(422);
  });

  it('shows notes with who wrote them and when, as text', async () => {
    const body = '<b>Appeler</b>\navant midi';
    await sales.post(`/invoices/${id}/notes`).type('form').send({ body }).expect(303);
    const $ = await pageOf();
    const note = $('.notes li').first();
    expect(note.find('p').first().text()).toBe(body);
    expect(note.find('p').last().text()).toBe('Hugo Lemaire · 21/11/2026 11:00');
    expect((await sales.post(`/invoices/${id}/notes`).type('form').send({ body: '' })).status).toBe(422);
  });

  it('goes with an invoice that is deleted', async () => {
    await sales.post(`/invoices/${id}/delete`).expect(303);
    for (const table of ['crm_notes', 'crm_attachments', 'crm_invoice_tags'])
      expect(await demo.knex(table).where({ invoice_id: id })).toEqual([]);
    expect(
      await demo.knex('crm_attachment_contents').whereNotIn('attachment_id', demo.knex('crm_attachments').select('id')),
    ).toEqual([]);
  });
});
