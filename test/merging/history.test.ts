import { load, type CheerioAPI } from 'cheerio';
import type { Id } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { readCsv } from '../support/read-csv';
import { hiding, line, VAT_10 } from '../support/merging-fixture';
import { countStatements } from '../support/statement-counter';
import { mayDo, openSettings, PEOPLE, type Person, type SettingsApp } from '../settings/settings-app';

const PATH = '/invoice-merge/history';
const nbsp = (text: string): string =>
  text
    .replaceAll(/[\u00a0\u202f]/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

describe.each(eachDatabase)('the History page, on %s', (_name, createDatabase) => {
  let world: SettingsApp;
  let hidden: Id[] = [];
  beforeAll(async () => {
    world = await openSettings(await createDatabase(), {
      authorize: (actor, action) => mayDo(actor, action) && (action !== 'merge.undo' || actor.id !== PEOPLE.sales.id),
      scope: (query, actor, alias) => {
        if (actor.id === PEOPLE.sales.id) hiding(world.fixture.crm, hidden)(query, actor, alias);
      },
    });
  });
  afterAll(() => world.fixture.close());

  const ask = async (query: Record<string, string> = {}, who: Person = 'books', lang: 'fr' | 'en' = 'fr') => {
    const { status, $ } = await world.get(who, `${PATH}?${new URLSearchParams(query)}`, lang);
    expect(status).toBe(200);
    return $;
  };
  const saidIn = ($: CheerioAPI, selector: string): string[] =>
    $(selector)
      .toArray()
      .map((one) => nbsp(load($(one).html()!.replaceAll('<', ' <'), null, false).text()));
  const rowsOf = ($: CheerioAPI): string[] => saidIn($, 'tbody tr');
  const totalsOf = ($: CheerioAPI): string[] =>
    $('tfoot tr')
      .toArray()
      .map((row) =>
        $(row)
          .find('th, td')
          .toArray()
          .map((cell) => nbsp($(cell).text()))
          .join(' | '),
      );

  async function merged(
    customer: Id,
    how: { target?: Id; sources: Id[]; issued?: string; who?: Person; at?: string; options?: object },
  ): Promise<{ id: Id; target: Id }> {
    const { fixture } = world;
    const target = how.target ?? (await fixture.invoice(customer, { lines: [line('Own', '10')] }));
    const { merge } = await fixture.save({
      ...{ target, sources: how.sources, issued: how.issued ?? 'cancel', draft: 'cancel' },
      actor: PEOPLE[how.who ?? 'books'],
      plugin: fixture.plugin({ clock: () => new Date(how.at ?? '2026-11-21T10:00:00.000Z') }),
      acknowledged: ['total_changed'],
    });
    return { id: merge!.id, target };
  }

  test('says what the page is for while nothing was merged; who may not see it is told', async () => {
    const $ = await ask();
    expect(nbsp($('.im-page').text())).toContain('Aucune fusion pour l’instant');
    expect((await world.get('stranger', PATH)).status).toBe(403);
    expect((await world.get(null, PATH)).status).toBe(401);
  });

  test('lists, filters and adds up; a merge whose invoice was merged on and deleted stays with the successor', async () => {
    const { fixture } = world;
    const [martin, ocean] = [
      await fixture.crm.createCustomer(fixture.knex, 'Boulangerie Martin'),
      await fixture.crm.createCustomer(fixture.knex, 'Océane'),
    ];
    const invoice = (customer: Id, number: string | null, price: string, more: object = {}): Promise<Id> =>
      fixture.invoice(customer, { number, lines: [line('Work', price)], ...more });
    const first = await merged(martin, {
      sources: [
        await invoice(martin, 'FA-1', '100'),
        await invoice(martin, null, '50', { status: 'draft', issueDate: '2026-11-03' }),
      ],
      at: '2026-11-10T09:00:00.000Z',
      who: 'sales',
    });
    // On into another, and on again: it exists in the last one only.
    const second = await merged(martin, { sources: [first.target], issued: 'delete', at: '2026-11-11T09:00:00.000Z' });
    const third = await merged(martin, { sources: [second.target], issued: 'delete', at: '2026-11-12T09:00:00.000Z' });
    const other = await merged(ocean, {
      sources: [await invoice(ocean, 'FA-9', '20', { lines: [line('Bread', '0.33', { taxes: [VAT_10] })] })],
      at: '2026-11-13T09:00:00.000Z',
    });

    const all = await ask();
    expect(rowsOf(all).map((row) => /n° (\d+)/.exec(row)?.[1])).toEqual([other.id, third.id, second.id, first.id]);
    const oldest = rowsOf(all)[3]!;
    for (const said of [
      '10/11/2026 à 10:00',
      'par Sam Sales',
      'Boulangerie Martin',
      'FA-1 · 120,00 € · annulée',
      'Brouillon du 03/11/2026 · 60,00 €',
      'supprimée par une fusion suivante',
    ])
      expect(oldest).toContain(said);
    // 12 + 180 = 192; 12 + 192 = 204; 12 + 204 = 216; 12 + 0,36.
    expect(totalsOf(all)).toEqual(['Total de 4 fusions en EUR | 48,00 € | 576,36 € | 624,36 € | 0,00 €']);
    expect(all(`tbody a[href="/invoice-merge/merges/${first.id}"]`)).toHaveLength(1);
    expect(
      all(`tbody a[href*="/${first.target}"]`).filter((_i, a) => /invoices|factures/.test(a.attribs.href!)),
    ).toHaveLength(0);

    const found = async (query: Record<string, string>, who?: Person): Promise<(string | undefined)[]> =>
      rowsOf(await ask(query, who)).map((row) => /n° (\d+)/.exec(row)?.[1]);
    expect(await found({ customer: 'MARTIN' })).toEqual([third.id, second.id, first.id]);
    expect(await found({ actorId: PEOPLE.sales.id })).toEqual([first.id]);
    expect(await found({ from: '2026-11-11', to: '2026-11-12' })).toEqual([third.id, second.id]);
    expect(await found({ settlement: 'delete' })).toEqual([third.id, second.id]);
    expect(await found({ undone: 'true' })).toEqual([]);
    expect(await found({ uncredited: 'true', customer: 'Oc' })).toEqual([other.id]);
    expect(await found({ customer: '%' })).toEqual([]);

    // Undo is offered to whoever may, of what stands; what was merged on and deleted comes back with the later merge.
    const offered = async (who: Person): Promise<string[]> =>
      (await ask({}, who))('tbody a[href$="#im-undo"]')
        .toArray()
        .map((one) => one.attribs.href!);
    const undo = ({ id }: { id: Id }): string => `/invoice-merge/merges/${id}#im-undo`;
    expect(await offered('books')).toEqual([undo(other), undo(third)]);
    // Whoever may undo only what is their own has merged none of both.
    expect(await offered('sales')).toEqual([]);

    // The file is what the page shows, to the cent.
    const reply = await world.get('books', (await ask({ customer: 'martin' }))('a[download]').attr('href')!);
    const [header, ...lines] = readCsv(reply.text.slice(1), ';');
    expect(lines).toHaveLength(4);
    const column = (name: string): string[] => lines.map((cells) => cells[header!.indexOf(name)]!);
    expect(column('Facture d’origine')[2]).toBe('FA-1');
    expect(column('Fusionnées le')[2]).toBe('2026-11-10 10:00');
    const sumOf = (name: string): number =>
      column(name).reduce((all, one) => all + Number(one.replace(',', '')), 0) / 100;
    expect(['Avant TTC', 'Total d’origine TTC', 'Après TTC', 'Différence'].map(sumOf)).toEqual([36, 576, 612, 0]);
    expect(totalsOf(await ask({ customer: 'martin' }))).toEqual([
      'Total de 3 fusions en EUR | 36,00 € | 576,00 € | 612,00 € | 0,00 €',
    ]);
    expect((await world.get('stranger', '/invoice-merge/api/merges/export.csv')).status).toBe(403);

    // Undone, its invoices are what they were: nothing is cancelled without a credit note any more.
    await fixture.http(`/api/merges/${other.id}/undo`, { body: { reason: 'Erreur de client' } });
    expect(await found({ undone: 'true' })).toEqual([other.id]);
    expect(await found({ uncredited: 'true' })).toEqual([third.id, second.id, first.id]);
    const undone = await ask({ undone: 'true' });
    expect(undone('a[href$="#im-undo"]')).toHaveLength(0);
    expect(rowsOf(undone)[0]).toMatch(/Défaite le .* par Bea Books « Erreur de client »/);
    expect(totalsOf(undone)[0]).toContain('Total de 1 fusion en EUR dont 1 défaite');

    // The chain goes with the last of it: hidden, all three are; and the API says the same.
    hidden = [third.target];
    expect(await found({}, 'sales')).toEqual([other.id]);
    hidden = [];
    expect(await found({}, 'sales')).toHaveLength(4);
    expect(await fixture.http(`/api/merges/${first.id}`)).toMatchObject({
      status: 200,
      body: { merge: { id: first.id, sources: [{ number: 'FA-1' }, { issueDate: '2026-11-03' }] } },
    });
  });

  test('answers twenty a page with as many statements for many as for few, and keeps the filter while paging', async () => {
    const { fixture } = world;
    const customer = await fixture.crm.createCustomer(fixture.knex, 'Beaucoup & Cie');
    const { id } = await merged(customer, {
      sources: [await fixture.invoice(customer)],
      at: '2026-11-20T09:00:00.000Z',
    });
    const counter = countStatements(fixture.knex);
    await ask({ customer: 'Beaucoup' });
    const forOne = counter.statements.length;
    const [row] = await fixture.rows('im_merges', { id });
    await fixture.knex('im_merges').insert(Array.from({ length: 44 }, () => ({ ...row, id: undefined })));
    counter.reset();
    const $ = await ask({ customer: 'Beaucoup', page: '2' }, 'books', 'en');
    expect(counter.statements).toHaveLength(forOne);
    expect([rowsOf($).length, nbsp($('a[rel=prev]').attr('href')!), nbsp($('a[rel=next]').attr('href')!)]).toEqual([
      20,
      `${PATH}?customer=Beaucoup&page=1`,
      `${PATH}?customer=Beaucoup&page=3`,
    ]);
    expect(totalsOf($)[0]).toContain('Total of 45 merges in EUR');
    expect($('input[name=customer]').val()).toBe('Beaucoup');
    expect((await world.get('books', `${PATH}?from=2026-02-30`)).status).toBe(400);
  });
});
