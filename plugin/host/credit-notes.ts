/** Credit notes for merged invoices. Their amounts are the invoices' own, written as they are given and never computed anew. */
import Big from 'big.js';
import { PluginError } from '../errors';
import type { Decimal } from '../money/types';
import { allowanceRow } from './allowances';
import type { Day, HostCrm, Id, NewCreditNote, Query, Row, TableMap, Trx } from './contract';
import { copiedColumns, insertLineParts, insertLineRows, lineRow } from './lines';
import { numberRow } from './numbers';
import { bindableRow, columnsOf, idOf, readExact } from './snapshot';
import { chunks, forIds, insertRows, text, textOf, under } from './sql';
import { creditedRow, own } from './table-map';

type CreditNotes = NonNullable<TableMap['creditNotes']>;

/** Whether the host can settle an invoice by a credit note: it keeps them, and numbers them in a series of their own. */
export const canCredit = ({ creditInvoices: credit, map }: Pick<HostCrm, 'creditInvoices' | 'map'>): boolean =>
  credit !== undefined && map.creditNotes !== undefined && map.series?.creditNote !== undefined;

/**
 * One per invoice, applied to it: the invoice is settled, keeps its number and stays in the reports, where the credit note counts against it.
 * A few statements per table and per 500 rows. Throws IM_HOST_FAULT 500 where the map has no credit notes.
 */
export async function creditInvoices(
  trx: Trx,
  map: TableMap,
  credits: NewCreditNote[],
  date: Day,
): Promise<{ invoiceId: Id; creditNoteId: Id; number: string }[]> {
  const { creditNotes } = map;
  if (!creditNotes)
    throw new PluginError('IM_HOST_FAULT', 500, { where: 'creditNotes', mend: 'map the table of credit notes' });
  if (credits.length === 0) return [];
  await insertNotes(trx, map, creditNotes, credits, date);
  const ids = await idsByNumber(trx, map, creditNotes, credits, date);
  const idOfNote = ({ number }: NewCreditNote): Id => ids.get(number) ?? '';
  await insertNoteLines(trx, map, creditNotes, credits, idOfNote);
  const part = creditNotes.allowances?.find((one) => one.of === 'invoice');
  if (part)
    await insertRows(
      trx,
      part.table,
      credits.flatMap((credit) =>
        credit.allowancesCharges.map((one) =>
          allowanceRow(part, idOfNote(credit), { ...one, amount: signed(creditNotes, one.amount) }),
        ),
      ),
    );
  const { appliedTo } = creditNotes;
  await insertRows(
    trx,
    appliedTo.table,
    credits.map((credit) => ({
      [appliedTo.note]: idOfNote(credit),
      [appliedTo.invoice]: credit.invoice.id,
      [appliedTo.amount]: credit.invoice.total,
      ...(appliedTo.date ? { [appliedTo.date]: date } : {}),
      ...appliedTo.fixed,
    })),
  );
  const settled = { ...creditedRow(map), [own(map, 'reminders_off')]: 1 };
  for (const some of chunks(credits))
    await trx(map.invoices.table)
      .whereIn(
        map.invoices.id,
        some.map(({ invoice }) => invoice.id),
      )
      .update(settled);
  return credits.map((credit) => ({
    invoiceId: credit.invoice.id,
    creditNoteId: idOfNote(credit),
    number: credit.number,
  }));
}

function signed({ amounts }: CreditNotes, amount: Decimal): Decimal {
  return amounts === 'negative' ? new Big(amount).neg().toFixed() : amount;
}

async function insertNotes(
  trx: Trx,
  map: TableMap,
  notes: CreditNotes,
  credits: NewCreditNote[],
  date: Day,
): Promise<void> {
  const { invoices } = map;
  const stored = await storedColumns(trx, map, notes, credits);
  const rows = credits.map(({ invoice, number, note }) => {
    const kept = stored.get(invoice.id) ?? {};
    const as = (column: string | undefined, computed: Decimal): Decimal =>
      signed(notes, (column === undefined ? null : textOf(kept[column])) ?? computed);
    const row: Row = {
      ...Object.fromEntries((notes.copy ?? []).map((column) => [column, kept[column]])),
      ...numberRow(map, 'creditNote', number),
      ...(typeof notes.number === 'object' ? { [notes.number.date]: date } : {}),
      [notes.customer]: invoice.customerId,
      [notes.date]: date,
      [notes.total]: signed(notes, invoice.total),
    };
    const write = (column: string | undefined, value: unknown): void => {
      if (column !== undefined) row[column] = value;
    };
    write(notes.invoice, invoice.id);
    write(notes.currency, invoice.currency);
    write(notes.subtotal, as(invoices.subtotal, invoice.totals.taxExclusive));
    write(notes.taxTotal, as(invoices.taxTotal, invoice.totals.tax));
    write(notes.adjustment, signed(notes, invoice.totals.adjustment));
    write(notes.pricesIncludeTax, invoice.pricesIncludeTax);
    write(notes.note, note);
    return { ...row, ...notes.fixed };
  });
  await insertRows(trx, notes.table, rows);
}

/** What no field of an invoice holds: its totals as the host stored them, the columns that the credit note takes along. */
async function storedColumns(
  trx: Trx,
  map: TableMap,
  notes: CreditNotes,
  credits: NewCreditNote[],
): Promise<Map<Id, Row>> {
  const { table, id, subtotal, taxTotal } = map.invoices;
  const wanted = [id, subtotal, taxTotal, ...(notes.copy ?? [])];
  const columns = await columnsOf(trx, [table]);
  columns.set(
    table,
    (columns.get(table) ?? []).filter(({ name }) => wanted.includes(name)),
  );
  const rows = await forIds(
    credits.map(({ invoice }) => invoice.id),
    (some) => readExact(trx, columns, table, (query) => void query.whereIn(`r.${id}`, some)),
  );
  return new Map(rows.map((row) => [idOf(row, id), bindableRow(row)]));
}

/** Neither engine tells the ids of a multi-row insert: the notes are found again by the numbers that only they bear. */
async function idsByNumber(
  trx: Trx,
  map: TableMap,
  notes: CreditNotes,
  credits: NewCreditNote[],
  date: Day,
): Promise<Map<string, Id>> {
  const { number } = notes;
  const column = typeof number === 'string' ? number : number.sequence;
  const written = new Map(
    credits.map((credit) => [textOf(numberRow(map, 'creditNote', credit.number)[column]) ?? '', credit.number]),
  );
  const rows = await forIds([...written.keys()], (some) => {
    const query = trx({ note: notes.table })
      .select(text(trx, `note.${notes.id}`, 'imid'), text(trx, `note.${column}`, 'imnumber'))
      .whereIn(`note.${column}`, some)
      .where(under('note', notes.fixed)) as Query;
    if (typeof number === 'object') query.where(`note.${number.date}`, date);
    // A sequence alone may come back every year: the last one inserted is ours.
    return query.orderBy(`note.${notes.id}`) as PromiseLike<Row[]>;
  });
  return new Map(rows.map((row) => [written.get(textOf(row.imnumber) ?? '') ?? '', textOf(row.imid) ?? '']));
}

async function insertNoteLines(
  trx: Trx,
  map: TableMap,
  notes: CreditNotes,
  credits: NewCreditNote[],
  idOfNote: (credit: NewCreditNote) => Id,
): Promise<void> {
  const { lines } = notes;
  const planned = credits.flatMap((credit) =>
    credit.lines.map((line, index) => ({
      documentId: idOfNote(credit),
      position: index + 1,
      line: {
        ...line,
        quantity: signed(notes, line.quantity),
        allowancesCharges: line.allowancesCharges.map((one) => ({ ...one, amount: signed(notes, one.amount) })),
      },
    })),
  );
  const copies = await copiedColumns(
    trx,
    map,
    planned.map(({ line }) => line),
    lines.copy,
  );
  await insertLineRows(
    trx,
    lines.table,
    planned.map(({ line, documentId, position }) => ({
      sourceLineId: line.sourceLineId,
      row: {
        ...copies.get(line.sourceLineId ?? ''),
        ...lineRow(notes, line),
        ...lines.fixed,
        ...(lines.position ? { [lines.position]: position } : {}),
        [lines.invoice]: documentId,
      },
    })),
  );
  const ids = await lineIdsOf(trx, notes, [...new Set(planned.map(({ documentId }) => documentId))]);
  await insertLineParts(
    trx,
    notes,
    planned.map(({ line, documentId }) => ({ line, documentId, id: ids.get(documentId)?.shift() ?? '' })),
  );
}

async function lineIdsOf(trx: Trx, { lines }: CreditNotes, noteIds: Id[]): Promise<Map<Id, Id[]>> {
  const rows = await forIds(noteIds, (some) => {
    const query = trx({ line: lines.table })
      .select(text(trx, `line.${lines.id}`, 'imid'), text(trx, `line.${lines.invoice}`, 'imnote'))
      .whereIn(`line.${lines.invoice}`, some)
      .where(under('line', lines.fixed)) as Query;
    if (lines.position) query.orderBy(`line.${lines.position}`);
    return query.orderBy(`line.${lines.id}`) as PromiseLike<Row[]>;
  });
  const ids = new Map<Id, Id[]>();
  for (const row of rows) {
    const note = textOf(row.imnote) ?? '';
    ids.set(note, [...(ids.get(note) ?? []), textOf(row.imid) ?? '']);
  }
  return ids;
}
