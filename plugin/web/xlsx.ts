/** Sheets for spreadsheets that read no CSV aright: amounts are numbers, moments are moments, text is never a formula. */
import type { Response } from 'express';
import type { SheetData } from 'write-excel-file/node' with { 'resolution-mode': 'import' };
import type { Decimal } from '../money/types';

/** Text, an amount with its decimals, a moment, or nothing. */
export type SheetCell = string | null | { amount: Decimal | null; decimals: number } | { instant: string };

const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
/** Of a cell, in every spreadsheet. */
const MOST_TEXT = 32_767;

/** A file to download. `name` without extension, of plain letters. The whole of it is made in memory: for tens of thousands of rows. */
export class XlsxSheet {
  constructor(
    readonly name: string,
    /** Of the sheet, as its tab says it. */
    readonly title: string,
    readonly header: string[],
    readonly rows: AsyncIterable<SheetCell[]>,
    readonly timeZone: string,
  ) {}
}

/** A spreadsheet knows no time zones: the cell bears what the clock on the wall showed. */
function wallClock(timeZone: string): (iso: string) => Date {
  const format = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone });
  return (iso) => new Date(`${format.format(new Date(iso)).replace(' ', 'T')}Z`);
}

// Excel keeps no characters that XML does not know.
const readable = (text: string): string =>
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '').slice(0, MOST_TEXT);

function written(cell: SheetCell, onWall: (iso: string) => Date): SheetData[number][number] {
  if (cell === null) return null;
  if (typeof cell === 'string') return { value: readable(cell), type: String };
  if ('instant' in cell) return { value: onWall(cell.instant), type: Date, format: 'yyyy-mm-dd hh:mm' };
  const { amount, decimals } = cell;
  if (amount === null) return null;
  // A cell of a spreadsheet is a double, whoever writes it; amounts of up to fifteen figures are exact in it.
  return { value: Number(amount), type: Number, format: decimals > 0 ? `#,##0.${'0'.repeat(decimals)}` : '#,##0' };
}

/** @returns the file's bytes */
export async function xlsxOf({ title, header, rows, timeZone }: XlsxSheet): Promise<Buffer> {
  const onWall = wallClock(timeZone);
  const data: SheetData = [header.map((value) => ({ value, type: String, fontWeight: 'bold' as const }))];
  for await (const row of rows) data.push(row.map((cell) => written(cell, onWall)));
  // An ES module; nor does anybody who takes no sheet along have to load it.
  const { default: writeXlsxFile } = await import('write-excel-file/node');
  const columns = header.map((name) => ({ width: Math.min(40, Math.max(12, name.length + 2)) }));
  return writeXlsxFile(data, { sheet: title.slice(0, 31), columns, stickyRowsCount: 1 }).toBuffer();
}

/** Answers the file; rejects before anything is sent when it cannot be made. */
export async function sendXlsx(res: Response, sheet: XlsxSheet): Promise<void> {
  const content = await xlsxOf(sheet);
  res
    .set({
      'Content-Type': TYPE,
      'Content-Disposition': `attachment; filename="${sheet.name}.xlsx"`,
      'X-Content-Type-Options': 'nosniff',
    })
    .send(content);
}
