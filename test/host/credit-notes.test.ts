import type { CarriedLine, Invoice, NewCreditNote } from '../../plugin/host/contract';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { crmHost, install, perfexLikeHost } from '../support/hosts';

const VAT = { category: 'S', name: 'TVA 20 %', rate: '20' };

type Stored = Record<string, string | number | null>;

const linesOf = (invoice: Invoice): CarriedLine[] =>
  invoice.lines.map(({ id, ...line }) => ({
    ...line,
    key: id,
    sourceInvoiceId: invoice.id,
    sourceLineId: id,
    kind: 'line',
    extra: {},
  }));

const discountLine = (invoice: Invoice, unitPrice: string): CarriedLine => ({
  ...linesOf(invoice)[0]!,
  key: 'discount',
  description: 'Remise',
  quantity: '-1',
  unitPrice,
  sourceLineId: null,
  allowancesCharges: [],
  kind: 'allowance',
});

describe.each(eachDatabase)('credit notes on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  beforeEach(async () => void (database = await createDatabase()));
  afterEach(() => database.close());

  it('bear the stored totals, allowances and columns of their invoices, whatever a computation would say', async () => {
    const { knex } = database;
    const app = await install(knex, crmHost());
    const id = await app.createInvoice(knex, {
      customerId: '1',
      allowancesCharges: [{ kind: 'allowance', amount: '3.50', reason: 'Geste', tax: VAT }],
      adjustment: '-1.25',
      lines: [
        {
          description: 'Four',
          quantity: '1.5',
          unitPrice: '99.99',
          taxes: [VAT],
          allowancesCharges: [{ kind: 'charge', amount: '2.00', reason: 'Port' }],
        },
      ],
    });
    // An old import rounded otherwise.
    await knex('app_factures').where({ id }).update({ total_ttc: '175.80', total_tva: '29.51', entite: 'SIEGE' });
    await knex('app_lignes').where({ facture_id: id }).update({ compte: '707100' });
    const [invoice] = await app.host.loadInvoices(knex, [id]);
    const credit: NewCreditNote = {
      invoice: invoice!,
      number: 'AV-2026-0007',
      note: 'Avoir sur la facture FA-2026-00001',
      lines: linesOf(invoice!),
      allowancesCharges: invoice!.allowancesCharges,
    };
    const [made] = await knex.transaction((trx) => app.host.creditInvoices!(trx, [credit], '2026-11-22'));
    const note = (await knex('app_avoirs').where({ id: made!.creditNoteId }).first()) as Stored;
    expect(note).toMatchObject({ client_id: 1, numero: 'AV-2026-0007', entite: 'SIEGE', objet: credit.note });
    expect([note.total_ttc, note.total_tva, note.ajustement].map(Number)).toEqual([175.8, 29.51, -1.25]);
    const [line = {}] = (await knex('app_avoir_lignes').where({ avoir_id: made!.creditNoteId })) as Stored[];
    expect(line).toMatchObject({ libelle: 'Four', compte: '707100', tva_nom: 'TVA 20 %' });
    expect([line.quantite, line.prix].map(Number)).toEqual([1.5, 99.99]);
    expect(await knex('app_avoir_remises_lignes').where({ ligne_id: line.id! })).toMatchObject([
      { sens: 'charge', motif: 'Port' },
    ]);
    expect(await knex('app_avoir_remises').where({ avoir_id: made!.creditNoteId })).toMatchObject([
      { sens: 'allowance', motif: 'Geste' },
    ]);
    expect(await knex('app_factures').where({ id }).first()).toMatchObject({ statut: 'avoir', im_reminders_off: 1 });
    expect((await app.host.loadInvoices(knex, [id]))[0]).toMatchObject({ credited: true, status: 'paid' });
  });

  it('keep every amount below zero where the host does so, and each its own lines and taxes among many', async () => {
    const { knex } = database;
    const app = await install(knex, perfexLikeHost());
    const ids: string[] = [];
    for (const count of [3, 1, 2])
      ids.push(
        await app.createInvoice(knex, {
          customerId: '1',
          lines: Array.from({ length: count }, (_none, at) => ({
            description: `${count}.${at}`,
            quantity: '2',
            unitPrice: '10',
            taxes: at % 2 ? [VAT] : [VAT, { category: 'S', name: 'Eco', rate: '1' }],
          })),
        }),
      );
    const invoices = await app.host.loadInvoices(knex, ids);
    const made = await knex.transaction(async (trx) => {
      const numbers = await app.host.allocateNumbers(trx, 'credit_note', 3, '2026-11-22');
      const credits = invoices.map((invoice, at) => ({
        invoice,
        number: numbers[at]!,
        note: '',
        lines: [...linesOf(invoice), discountLine(invoice, '1.5')],
        allowancesCharges: [],
      }));
      return app.host.creditInvoices!(trx, credits, '2026-11-22');
    });
    expect(made.map(({ number }) => number)).toEqual(['CN-000001', 'CN-000002', 'CN-000003']);
    for (const [index, { creditNoteId }] of made.entries()) {
      const invoice = invoices[index]!;
      const note = (await knex('tblcreditnotes').where({ id: creditNoteId }).first()) as Stored;
      expect(note).toMatchObject({ prefix: 'CN-', number: index + 1, status: 2 });
      expect(Number(note.total)).toBe(-Number(invoice.total));
      const lines = (await knex('tblitemable')
        .where({ rel_type: 'credit_note', rel_id: creditNoteId })
        .orderBy('item_order')) as Stored[];
      expect(lines.map((line) => [line.description, Number(line.qty), Number(line.rate)])).toEqual([
        ...invoice.lines.map(({ description }) => [description, -2, 10]),
        ['Remise', 1, 1.5],
      ]);
      for (const [at, line] of lines.slice(0, -1).entries()) {
        const taxes = (await knex('tblitem_tax').where({ itemid: line.id!, rel_type: 'credit_note' })) as Stored[];
        expect(taxes).toHaveLength(at % 2 ? 1 : 2);
      }
      expect(await knex('tblcredits').where({ invoice_id: invoice.id })).toMatchObject([
        { credit_id: Number(creditNoteId), staff_id: 1 },
      ]);
    }
    // Its invoices' own lines are where they were.
    expect(await knex('tblitemable').where({ rel_type: 'invoice' })).toHaveLength(6);
  });
});
