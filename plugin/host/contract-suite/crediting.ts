/** Credit notes. */
import assert from 'node:assert/strict';
import Big from 'big.js';
import type { HostCrm, Id, NewCreditNote, TableMap } from '../contract';
import {
  assertAmount,
  carriedFrom,
  contractCase,
  customer,
  documentRows,
  loadOne,
  openOf,
  rows,
  simple,
  type ContractCase,
  type ContractFixture,
} from './fixture';

type CreditNotes = NonNullable<TableMap['creditNotes']>;
const DAY = '2026-03-20';

/** Two invoices of one customer credited, a third left alone. */
async function credited(fixture: ContractFixture) {
  const { host, knex } = fixture;
  const mine = await customer(fixture);
  const ids = [
    await fixture.createInvoice(simple(host, mine)),
    await fixture.createInvoice(simple(host, mine, { status: 'overdue', dueDate: '2026-03-03' })),
  ];
  const other = await fixture.createInvoice(simple(host, mine));
  const kept = await documentRows(fixture, knex, other);
  const before = await host.loadInvoices(knex, ids);
  const answered = await knex.transaction(async (trx) => {
    const numbers = await host.allocateNumbers(trx, 'credit_note', ids.length, DAY);
    const credits = before.map((invoice, index): NewCreditNote => ({
      invoice,
      number: numbers[index] ?? '',
      note: `Credits ${invoice.number} of ${invoice.issueDate}`,
      lines: carriedFrom(invoice),
      allowancesCharges: [],
    }));
    return { credits, notes: (await host.creditInvoices?.(trx, credits, DAY)) ?? [] };
  });
  return { mine, ids, other, kept, before, ...answered };
}

const isPositive = ({ amounts }: CreditNotes): boolean => amounts !== 'negative';
const applies = ({ creditInvoices, map }: HostCrm): boolean =>
  creditInvoices !== undefined && map.creditNotes !== undefined;

export const creditCases: ContractCase[] = [
  contractCase(
    'creditInvoices issues one credit note per invoice, in their order, with number, date and the invoice’s amounts',
    async (fixture) => {
      const { host, knex } = fixture;
      const creditNotes = host.map.creditNotes as CreditNotes;
      const { ids, credits, notes, before } = await credited(fixture);
      assert.deepEqual(
        notes.map(({ invoiceId, number }) => [invoiceId, number]),
        credits.map(({ invoice, number }) => [invoice.id, number]),
      );
      assert.equal(new Set(notes.map(({ creditNoteId }) => creditNoteId)).size, ids.length, 'a credit note each');
      for (const [index, { creditNoteId }] of notes.entries()) {
        const [row] = await rows(knex, creditNotes.table, { [creditNotes.id]: creditNoteId, ...creditNotes.fixed });
        assert.ok(row, `${creditNotes.table} must have the credit note ${creditNoteId}`);
        const total = new Big(before[index]?.total ?? '0').times(isPositive(creditNotes) ? 1 : -1).toFixed();
        assertAmount(row[creditNotes.total], total, 'total of the credit note');
        if (creditNotes.invoice) assert.equal(String(row[creditNotes.invoice]), ids[index]);
        if (creditNotes.note) assert.equal(row[creditNotes.note], credits[index]?.note);
      }
    },
    applies,
  ),

  contractCase(
    'creditInvoices gives each credit note its own invoice’s lines and taxes',
    async (fixture) => {
      const { host, knex } = fixture;
      const creditNotes = host.map.creditNotes as CreditNotes;
      const { lines, taxes } = creditNotes;
      const { notes, before } = await credited(fixture);
      assert.equal(notes.length, before.length, 'a credit note each');
      for (const [index, { creditNoteId }] of notes.entries()) {
        const written = await rows(knex, lines.table, { [lines.invoice]: creditNoteId, ...lines.fixed });
        const ofInvoice = before[index]?.lines ?? [];
        assert.deepEqual(
          written.map((row) => row[lines.description]).sort(),
          ofInvoice.map(({ description }) => description).sort(),
        );
        for (const line of ofInvoice) {
          const row = written.find((one) => one[lines.description] === line.description) ?? {};
          const quantity = new Big(line.quantity).times(isPositive(creditNotes) ? 1 : -1).toFixed();
          assertAmount(row[lines.quantity], quantity, 'quantity');
          assertAmount(row[lines.unitPrice], line.unitPrice, 'unit price');
          const [tax] = line.taxes;
          if (!taxes || !tax) continue;
          if (!('table' in taxes)) assertAmount(row[taxes.rate], tax.rate, 'tax rate');
          else {
            const rates = await rows(knex, taxes.table, { [taxes.line]: row[lines.id], ...taxes.fixed });
            assert.equal(rates.length, line.taxes.length, 'taxes of the line');
            assertAmount(rates[0]?.[taxes.rate], tax.rate, 'tax rate');
          }
        }
      }
    },
    applies,
  ),

  contractCase(
    'creditInvoices applies the credit note to its invoice, which is open no more, keeps number and lines and is not cancelled',
    async (fixture) => {
      const { host, knex } = fixture;
      const { appliedTo } = host.map.creditNotes as CreditNotes;
      const { mine, ids, other, kept, before, notes } = await credited(fixture);
      assert.deepEqual(await openOf(fixture, mine), [other]);
      for (const [index, id] of ids.entries()) {
        const after = await loadOne(fixture, knex, id);
        assert.notEqual(after.status, 'cancelled');
        assert.equal(after.number, before[index]?.number, 'the number stays');
        assert.deepEqual(after.lines, before[index]?.lines, 'the lines stay');
        const applied = await rows(knex, appliedTo.table, { [appliedTo.invoice]: id, ...appliedTo.fixed });
        assert.deepEqual(
          applied.map((row): Id => String(row[appliedTo.note])),
          [notes[index]?.creditNoteId],
        );
        assertAmount(applied[0]?.[appliedTo.amount], before[index]?.total ?? '', 'what is applied');
      }
      assert.deepEqual(await documentRows(fixture, knex, other), kept, 'another invoice must not change');
    },
    applies,
  ),
];
