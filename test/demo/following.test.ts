import { load } from 'cheerio';
import type TestAgent from 'supertest/lib/agent';
import { eachDatabase } from '../support/databases';
import { knexHost } from 'crm-invoice-merge';
import { reminderRound, sendReminder, type DueReminder } from '../../demo/reminders';
import { tableMap } from '../../demo/table-map';
import { mergeRequest, type DemoInvoice } from './demo-client';
import { startDemo, type RunningDemo } from './support';

const NOW = '2026-11-21T10:00:00.000Z';
const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();
const PDF = Buffer.from('%PDF-1.4\n\u0000\u00ff binary \r\n', 'latin1');

/** What hangs on Boulangerie Martin's two invoices, put there through the pages; merged into its draft of today. */
describe.each(eachDatabase)('what hangs on a merged invoice of the demo CRM, on %s', (name) => {
  describe.each(['cancel', 'delete'] as const)('settled by %s', (settlement) => {
    let demo: RunningDemo;
    let books: TestAgent;
    let target: string;
    let oven: string;
    let bags: string;
    let before: { revenue: string[]; aged: string; reminders: string };
    let queued: DueReminder[];
    const outbox = () => ({ ...demo, host: knexHost(tableMap), now: () => new Date(NOW), today: () => '2026-11-21' });

    const read = async (id: string): Promise<DemoInvoice> =>
      (await books.get(`/api/invoices/${id}`)).body as DemoInvoice;
    const pageOf = async (path: string) => load((await books.get(path).expect(200)).text);
    const sumsOf = async () => {
      const [revenue, aged, reminders] = [
        await pageOf('/reports/revenue?year=2026'),
        await pageOf('/reports/aged'),
        await pageOf('/reminders'),
      ];
      const totals = revenue('section').first().find('tfoot td').toArray();
      return {
        revenue: totals.map((cell) => plain(revenue(cell).text())),
        aged: plain(aged('tbody tr:contains("Boulangerie Martin")').first().text()),
        reminders: plain(reminders('main table').text()),
      };
    };

    beforeAll(async () => {
      demo = await startDemo(name);
      books = await demo.as('books');
      [oven, bags] = [await demo.idOf('FA-2026-00031'), await demo.idOf('FA-2026-00038')];
      const draft = await demo
        .knex('crm_invoices')
        .where({ state: 'draft', due_on: '2026-12-21' })
        .first<{ id: number }>();
      target = String(draft.id);
      await books.post(`/invoices/${bags}/attachments`).attach('file', PDF, 'bon signé.pdf').expect(303);
      await books.post(`/invoices/${bags}/notes`).type('form').send({ body: 'Sacs comptés' }).expect(303);
      await books.post(`/invoices/${bags}/tags`).type('form').send({ label: 'Quai 3' }).expect(303);
      await books.post(`/invoices/${target}/issue`).expect(303);
      before = await sumsOf();
      queued = (await reminderRound(outbox())).due;
      const [into, first, second] = [await read(target), await read(oven), await read(bags)];
      await books
        .post('/invoice-merge/api/merges')
        .send(mergeRequest(into, [first, second], { settlement: { issued: settlement, draft: 'cancel' } }))
        .expect(201);
    });
    afterAll(() => demo.stop());

    it('is on the invoice that replaces it, and says which one it was put on', async () => {
      const $ = await pageOf(`/invoices/${target}`);
      const papers = plain($('#papers').text());
      expect(papers).toContain('bon signé.pdf');
      expect(papers).toMatch(/Sacs comptés ?Claire Fontaine · 21\/11\/2026 11:00 · vient de FA-2026-00038/);
      expect(papers).toMatch(/rapport-entretien-four\.pdf[^]*? vient de FA-2026-00031/);
      expect(
        $('.tags .tag')
          .map((_index, tag) => plain($(tag).text()))
          .get(),
      ).toEqual(['À relancer par téléphone', 'Contrat annuel', 'Livraison', 'Quai 3']);
      const linked = plain($('aside').text());
      for (const text of [
        'DE-2026-011',
        'DE-2026-013',
        'Fours Rouergue',
        'Transports Guillou',
        'Papeteries de l’Erdre',
      ])
        expect(linked).toContain(text);
    });

    it('is downloaded from there byte for byte', async () => {
      const $ = await pageOf(`/invoices/${target}`);
      const href = $('#papers a')
        .filter((_index, link) => $(link).text().includes('bon signé'))
        .attr('href');
      const file = await books.get(String(href)).buffer(true).expect(200);
      expect((file.body as Buffer).equals(PDF)).toBe(true);
    });

    it('leads from the estimate and the expense to the invoice that replaces it', async () => {
      const { ref } = await demo.knex('crm_invoices').where({ id: target }).first<{ ref: string }>('ref');
      const estimate = await demo
        .knex('crm_estimates')
        .where({ label: 'Entretien annuel du four' })
        .first<{ id: number }>();
      expect((await pageOf(`/estimates/${estimate.id}`))('.acts a').attr('href')).toBe(`/invoices/${target}`);
      const $ = await pageOf('/customers/1');
      const expense = plain($('.facts li:contains("Sacs kraft, achat")').text());
      expect(expense).toContain(ref);
    });

    it('T45 T56 is counted once, by the reports as before', async () => {
      const after = await sumsOf();
      const [[invoices, ...amounts], [invoicesBefore, ...amountsBefore]] = [after.revenue, before.revenue];
      expect(Number(invoices)).toBe(Number(invoicesBefore) - 2);
      expect(amounts).toEqual(amountsBefore);
      const totalOf = (text: string) => /([\d ]+,\d\d) €$/.exec(text)?.[1]?.replace(/ /g, '');
      expect(totalOf(after.aged)).toBe(totalOf(before.aged));
      // B16: what was late stays as late as it was, though the new invoice is due next month.
      expect(before.aged).toContain('604,80 €');
      expect(after.aged).toBe(before.aged);
    });

    it('T54 a reminder that was queued before the merge is not sent after it, another one is', async () => {
      const sent = (): Promise<unknown> => demo.knex('crm_reminder_log').where({ outcome: 'sent' }).pluck('invoice_id');
      const [late, other] = [
        queued.find((one) => one.invoiceId === oven),
        queued.find((one) => one.invoiceId !== oven && one.invoiceId !== bags),
      ];
      if (!late || !other) throw new Error('the queue lacks them');
      const before = (await sent()) as number[];
      expect(await sendReminder(outbox(), late, NOW)).toBe(false);
      expect(await sendReminder(outbox(), other, NOW)).toBe(true);
      expect(await sent()).toEqual([...before, Number(other.invoiceId)]);
    });

    it('T54 is not reminded any more; the page and the log say why', async () => {
      expect(before.reminders).toContain('FA-2026-00031');
      expect((await sumsOf()).reminders).not.toContain('FA-2026-00031');
      const skipped = plain((await pageOf('/reminders'))('.skipped').text());
      await books.post('/reminders').expect(303);
      const log = plain((await pageOf('/reminders'))('ul.log').text());
      const { ref } = await demo.knex('crm_invoices').where({ id: target }).first<{ ref: string }>('ref');
      if (settlement === 'cancel') {
        expect(skipped).toContain(`FA-2026-00031 · Boulangerie MartinFusionnée dans ${ref}`);
        expect(log).toContain(`Pas de relance : Fusionnée dans ${ref}`);
      } else {
        // Deleted: there is nothing left to remind.
        expect(skipped + log).not.toContain('FA-2026-00031');
      }
    });

    it('is not put on the merged invoice any more: the refusal names the one that replaces it', async () => {
      const answer = await books.post(`/invoices/${oven}/notes`).type('form').send({ body: 'Trop tard' });
      if (settlement === 'delete') expect(answer.status).toBe(404);
      else {
        expect(answer.status).toBe(409);
        expect(load(answer.text)('[role=alert]').text()).toContain('FA-2026-00053');
      }
      expect(await demo.knex('crm_notes').where({ body: 'Trop tard' })).toEqual([]);
    });

    it('is named by the JSON API, deleted invoices included', async () => {
      expect((await read(target)).mergedFrom).toEqual([oven, bags]);
    });
  });
});
