import type { Id } from '../../plugin/host/contract';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { crmHost, install, perfexLikeHost, type TestHost } from '../support/hosts';
import { contentOf } from '../support/hosts/statements';

const TABLES = ['app_frais', 'app_frais_lignes', 'app_devis', 'app_etiquettes', 'app_pieces', 'app_abonnements'];

describe.each(eachDatabase)('links on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  const app = crmHost();
  const perfex = perfexLikeHost();
  beforeAll(async () => {
    database = await createDatabase();
    await install(database.knex, app);
    await perfex.createSchema(database.knex);
  });
  afterAll(() => database.close());

  async function invoices(host: TestHost, count: number): Promise<Id[]> {
    const line = { description: 'x', quantity: '1', unitPrice: '1' };
    const made: Id[] = [];
    for (let at = 0; at < count; at++)
      made.push(await host.createInvoice(database.knex, { customerId: '1', lines: [line, line] }));
    return made;
  }

  it('moves, drops and copies what points at three sources, and puts every row back', async () => {
    const { knex } = database;
    const [target, ...sources] = (await invoices(app, 4)) as [Id, Id, Id, Id];
    await app.addLink(knex, 'tags', target, 'vip');
    for (const source of sources) {
      await app.addLink(knex, 'tags', source, 'vip');
      await app.addLink(knex, 'tags', source, 'export');
      for (const name of ['expenses', 'estimates', 'attachments', 'subscriptions']) {
        await app.addLink(knex, name, source, 'same');
        await app.addLink(knex, name, source, 'same');
      }
    }
    await knex('app_pieces').update({ contenu: Buffer.from([0, 200, 10]) });
    const before = await contentOf(knex, TABLES);
    const moved = await knex.transaction((trx) =>
      app.host.moveLinks(trx, { invoiceIds: sources, lineIds: [] }, target),
    );
    const count = (link: string, how: string): number =>
      moved.filter((one) => one.link === link && one.how === how).length;
    // Two sources bore 'export': the first one's row moved, the others' were doubles.
    expect([count('tags', 'moved'), count('tags', 'dropped')]).toEqual([1, 5]);
    expect([count('expenses', 'moved'), count('estimates', 'moved'), count('attachments', 'copied')]).toEqual([
      6, 6, 6,
    ]);
    expect(await knex('app_etiquettes').orderBy('etiquette')).toEqual([
      { facture_id: Number(target), etiquette: 'export' },
      { facture_id: Number(target), etiquette: 'vip' },
    ]);
    expect(await knex('app_frais').whereNot('facture_id', target)).toEqual([]);
    expect(await knex('app_pieces').where('facture_id', target)).toHaveLength(6);
    expect(
      moved
        .filter((one) => one.how === 'copied')
        .map((one) => one.from)
        .sort(),
    ).toEqual(sources.flatMap((id) => [id, id]).sort());
    const stored = JSON.parse(JSON.stringify(moved)) as typeof moved;
    expect(await knex.transaction((trx) => app.host.restoreLinks(trx, stored))).toEqual([]);
    expect(await contentOf(knex, TABLES)).toEqual(before);
  });

  it('gives each line the links of its source line', async () => {
    const { knex } = database;
    const [target, source] = (await invoices(app, 2)) as [Id, Id];
    const [to, from] = await app.host.loadInvoices(knex, [target, source]);
    const lineIds = from!.lines.map((line, at): [Id, Id] => [line.id, to!.lines[at]!.id]);
    for (const [line] of lineIds) await app.addLink(knex, 'lineExpenses', line, `of ${line}`);
    const moved = await knex.transaction((trx) => app.host.moveLinks(trx, { invoiceIds: [source], lineIds }, target));
    for (const [line, next] of lineIds)
      expect(
        await knex('app_frais_lignes')
          .where({ texte: `of ${line}` })
          .select('ligne_id'),
      ).toEqual([{ ligne_id: Number(next) }]);
    await knex.transaction((trx) => app.host.restoreLinks(trx, moved));
    for (const [line] of lineIds)
      expect(await knex('app_frais_lignes').where({ ligne_id: line }).select('texte')).toEqual([
        { texte: `of ${line}` },
      ]);
  });

  it('names what it left: a row that points elsewhere by now, and one that is gone', async () => {
    const { knex } = database;
    const [target, source, elsewhere] = (await invoices(app, 3)) as [Id, Id, Id];
    for (const text of ['stays', 'elsewhere', 'gone']) await app.addLink(knex, 'expenses', source, text);
    const moved = await knex.transaction((trx) =>
      app.host.moveLinks(trx, { invoiceIds: [source], lineIds: [] }, target),
    );
    await knex('app_frais').where({ facture_id: target, texte: 'elsewhere' }).update({ facture_id: elsewhere });
    await knex('app_frais').where({ facture_id: target, texte: 'gone' }).delete();
    const left = await knex.transaction((trx) => app.host.restoreLinks(trx, moved));
    expect(left.map(({ row }) => row.texte).sort()).toEqual(['elsewhere', 'gone']);
    expect(await knex('app_frais').where({ facture_id: source }).select('texte')).toEqual([{ texte: 'stays' }]);
    expect(await knex('app_frais').where({ facture_id: elsewhere }).select('texte')).toEqual([{ texte: 'elsewhere' }]);
  });

  it('leaves rows of other documents that share the table and the id alone', async () => {
    const { knex } = database;
    const [target, source] = (await invoices(perfex, 2)) as [Id, Id];
    await perfex.addLink(knex, 'tags', source, '7');
    await knex('tbltaggables').insert({ rel_id: source, rel_type: 'estimate', tag_id: 7 });
    const moved = await knex.transaction((trx) =>
      perfex.host.moveLinks(trx, { invoiceIds: [source], lineIds: [] }, target),
    );
    expect(await knex('tbltaggables').orderBy('rel_type').select('rel_id', 'rel_type')).toEqual([
      { rel_id: Number(source), rel_type: 'estimate' },
      { rel_id: Number(target), rel_type: 'invoice' },
    ]);
    await knex.transaction((trx) => perfex.host.restoreLinks(trx, moved));
    expect(await knex('tbltaggables').where({ rel_type: 'invoice' }).select('rel_id')).toEqual([
      { rel_id: Number(source) },
    ]);
  });
});
