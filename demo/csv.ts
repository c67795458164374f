/** Tables for spreadsheets, as each language's spreadsheets read them. */
import type { Speech } from './language';

export type Cell = string | { amount: string };

/** A spreadsheet runs what begins like this; after an apostrophe it is text. Amounts are numbers and stay so. */
const FORMULA = /^[=+\-@\t\r]/;

/** With a byte order mark, without which Excel misreads accents. French: semicolons and decimal commas. */
export function csvText(rows: Cell[][], { lang }: Speech): string {
  const separator = lang === 'fr' ? ';' : ',';
  const written = (cell: Cell): string => {
    if (typeof cell !== 'string') return lang === 'fr' ? cell.amount.replace('.', ',') : cell.amount;
    const text = FORMULA.test(cell) ? `'${cell}` : cell;
    return /["\r\n;,]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `\ufeff${rows.map((row) => `${row.map(written).join(separator)}\r\n`).join('')}`;
}
