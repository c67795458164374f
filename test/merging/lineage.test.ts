import { eachDatabase } from '../support/databases';
import type { Id } from '../../plugin/host/contract';
import { crmHost } from '../support/hosts';
import { offerAll } from './fault-scenarios';
import { ACTORS, hiding, line, openMerging, type MergingFixture } from '../support/merging-fixture';
import { countStatements } from '../support/statement-counter';
import { drawNarrow, drawWide, type Drawing, type DrawNode } from '../../plugin/merging/lineage-drawing';
import { load, type CheerioAPI } from 'cheerio';
import type express from 'express';

describe.each(eachDatabase)('an invoice’s lineage on its preview page, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  afterAll(() => fixture.close());

  const invoice = (customer: Id, number: string, price = '100'): Promise<Id> =>
    fixture.invoice(customer, { number, lines: [line('Work', price)] });
  async function merged(target: Id, sources: Id[], issued = 'cancel'): Promise<Id> {
    const { merge } = await fixture.save({ target, sources, issued, draft: 'cancel' });
    return merge!.id;
  }
  /** Titles of the boxes of a drawing, and the list in words; `options` of the plugin. */
  async function shown(id: Id, options: Parameters<MergingFixture['plugin']>[0] = {}) {
    const plugin = fixture.plugin({ actor: () => ACTORS.books, ...options });
    const html = await plugin.renderBanner({ headers: {} } as express.Request, {} as express.Response, {
      page: 'preview',
      invoiceId: () => id,
    });
    const $: CheerioAPI = load(html);
    const texts = (selector: string): string[] =>
      $(selector)
        .toArray()
        .map((one) => $(one).text());
    return { $, wide: texts('.im-wide .im-name'), narrow: texts('.im-narrow .im-name'), list: texts('.im-inwords li') };
  }

  test('shows what it came from and became over deleted ones, undone merges dotted, and only what is in sight', async () => {
    const customer = await fixture.customer();
    const [first, second, third] = [
      await invoice(customer, 'L-1'),
      await invoice(customer, 'L-2'),
      await invoice(customer, 'L-3'),
    ];
    const [middle, last, mistaken] = [
      await invoice(customer, 'L-M'),
      await invoice(customer, 'L-Z'),
      await invoice(customer, 'L-X'),
    ];
    expect((await shown(first)).wide).toEqual([]);
    await merged(middle, [first, second]);
    const wrong = await merged(last, [mistaken]);
    await fixture.http(`/api/merges/${wrong}/undo`, { body: { reason: 'Wrong customer' } });
    await merged(last, [middle, third], 'delete');

    const end = await shown(last);
    expect(end.wide).toEqual(['L-X', 'L-1', 'L-2', 'L-M', 'L-3', 'L-Z']);
    expect([...end.narrow].sort()).toEqual([...end.wide].sort());
    expect(end.list[0]).toMatch(/^L-X · .*120,00.€ · fusion défaite · fusionnée le .* par Bea Books$/);
    expect(
      end
        .$('.im-inwords li li')
        .toArray()
        .map((one) => end.$(one).text().slice(0, 3)),
    ).toEqual(['L-1', 'L-2']);
    // What was deleted has no page to link to; whoever undid has one dotted line in each drawing.
    const linked = end
      .$('.im-wide a .im-name')
      .toArray()
      .map((one) => end.$(one).text());
    expect(linked).toEqual(['L-X', 'L-1', 'L-2']);
    expect([end.$('.im-wide path.im-undone').length, end.$('.im-narrow path.im-undone').length]).toEqual([1, 1]);

    expect((await shown(first)).wide).toEqual(['L-1', 'L-M', 'L-Z']);
    expect((await shown(mistaken)).wide).toEqual(['L-X', 'L-Z']);
    const blind = { scope: hiding(fixture.crm, [last]) };
    expect((await shown(first, blind)).wide).toEqual([]);
    expect((await shown(last, { scope: hiding(fixture.crm, [first]) })).wide).toEqual([
      'L-X',
      'L-2',
      'L-M',
      'L-3',
      'L-Z',
    ]);
  });

  test('names the credit note of what was settled by one, in the box on a line of its own', async () => {
    await offerAll(fixture);
    const customer = await fixture.customer();
    const target = await invoice(customer, 'L-C');
    const mergeId = await merged(target, [await invoice(customer, 'L-9')], 'credit');
    await fixture.knex('im_settings').delete();
    const [note] = await fixture.rows('app_avoirs', { client_id: customer });
    const number = String(note?.numero);
    const { $, list } = await shown(target);
    const notes = $('.im-wide .im-note')
      .toArray()
      .map((one) => $(one).text());
    expect(notes).toEqual([
      expect.stringMatching(/^120,00\s€$/),
      `avoir ${number}`,
      expect.stringContaining('cette facture'),
    ]);
    expect(list[0]).toMatch(new RegExp(`^L-9 · .* · soldée par avoir ${number} · fusionnée le `));
    const { body } = await fixture.http(`/merges/${mergeId}`);
    expect(body.html).toContain('<span class="im-unbroken">L-9</span>');
  });

  test('costs statements by levels, not by invoices, and a circle of damaged rows comes to an end', async () => {
    const customer = await fixture.customer();
    const counter = countStatements(fixture.knex);
    const counts: number[] = [];
    for (const many of [1, 12]) {
      const target = await invoice(customer, `T-${many}`);
      const sources: Id[] = [];
      for (let index = 0; index < many; index++) sources.push(await invoice(customer, `S-${many}-${index}`, '10'));
      await merged(target, sources);
      counter.reset();
      const { wide, list } = await shown(target);
      counts.push(counter.statements.length);
      expect([wide.length, list.length]).toEqual([many > 8 ? 9 : many + 1, many]);
      if (many > 8) expect(wide).toContain('et 5 autres');
      else await fixture.knex('im_merge_sources').where({ source_id: sources[0]! }).update({ source_id: target });
      await shown(target);
    }
    expect(counts[1]).toBe(counts[0]);
  });
});

describe('the drawing', () => {
  const words = { others: (n: number) => `+${n}`, earlier: (n: number) => `-${n}` };
  const node = (title: string, from: DrawNode[] = []): DrawNode => ({
    kind: 'invoice',
    title,
    lines: ['1'],
    url: null,
    from,
  });
  const deep = (levels: number): DrawNode => node(`d${levels}`, levels > 0 ? [deep(levels - 1)] : []);
  const overlaps = ({ boxes }: Drawing): string[] =>
    boxes.flatMap((a, index) =>
      boxes
        .slice(index + 1)
        .filter((b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height)
        .map((b) => `${a.title} ${b.title}`),
    );

  it.each([
    [
      'twenty sources',
      {
        root: node(
          'r',
          Array.from({ length: 20 }, (_n, at) => node(`s${at}`, at < 4 ? [node('a'), node('b')] : [])),
        ),
        into: [],
        undoneInto: [],
      },
    ],
    ['a long chain', { root: deep(12), into: [node('x'), node('y'), node('z'), node('end')], undoneInto: [node('u')] }],
  ])('of %s fits, nothing covers anything else, and what is left out is counted', (_what, lineage) => {
    const [wide, narrow] = [drawWide(lineage, words), drawNarrow(lineage, words)];
    for (const drawing of [wide, narrow]) {
      expect(overlaps(drawing)).toEqual([]);
      for (const box of drawing.boxes)
        expect([
          box.x >= 0,
          box.y >= 0,
          box.x + box.width <= drawing.width,
          box.y + box.height <= drawing.height,
        ]).toEqual([true, true, true, true]);
      expect(drawing.boxes.length).toBeLessThan(20);
      expect(JSON.stringify(drawing.boxes)).toMatch(/"[+-]\d+"/);
    }
    expect([wide.width <= 1000, narrow.width]).toEqual([true, 300]);
  });
});
