/** Tables for spreadsheets, as each language's spreadsheets read them; streamed, so that a long one costs no more memory than a short one. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { stringify } from 'csv-stringify';
import type { Locale } from '../i18n';
import type { Decimal } from '../money/types';

/** Text, an amount (a decimal string, or none), or nothing. */
export type Cell = string | null | { amount: Decimal | null };

/** A spreadsheet runs what begins like this, also in full width; after an apostrophe it is text. Amounts are numbers and stay so. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/u;

function written(cell: Cell, locale: Locale): string {
  if (cell === null) return '';
  if (typeof cell === 'string') return FORMULA.test(cell) ? `'${cell}` : cell;
  const { amount } = cell;
  if (amount === null) return '';
  return locale === 'fr' ? amount.replace('.', ',') : amount;
}

/**
 * UTF-8 with a byte order mark, without which Excel misreads accents; French: semicolons and decimal commas. Rows end with CRLF.
 * What `rows` throws, the stream throws.
 */
export function csvOf(header: string[], rows: AsyncIterable<Cell[]> | Iterable<Cell[]>, locale: Locale): Readable {
  async function* lines(): AsyncGenerator<string[]> {
    yield header.map((title) => written(title, locale));
    for await (const row of rows) yield row.map((cell) => written(cell, locale));
  }
  const source = Readable.from(lines());
  const csv = stringify({
    bom: true,
    delimiter: locale === 'fr' ? ';' : ',',
    record_delimiter: 'windows',
    quoted_match: /[\r\n]/,
  });
  source.once('error', (error) => csv.destroy(error));
  csv.once('close', () => source.destroy());
  return source.pipe(csv);
}

/** A file to download. `name` without extension, of plain letters. */
export class CsvTable {
  constructor(
    readonly name: string,
    readonly header: string[],
    readonly rows: AsyncIterable<Cell[]>,
    readonly locale: Locale,
  ) {}
}

/**
 * Answers the file. Rejects before anything is sent when the first row cannot be read; later a fault breaks the download
 * off, so that no half of it passes for the whole.
 */
export async function sendCsv(res: Response, { name, header, rows, locale }: CsvTable): Promise<void> {
  const others = rows[Symbol.asyncIterator]();
  const first = await others.next();
  async function* all(): AsyncGenerator<Cell[]> {
    if (first.done) return;
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => others };
  }
  res.set({
    'Content-Type': 'text/csv; charset=utf-8',
    'Content-Disposition': `attachment; filename="${name}.csv"`,
    'X-Content-Type-Options': 'nosniff',
  });
  await pipeline(csvOf(header, all(), locale), res).catch((error: unknown) => {
    // Who closes the window wants no more.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
}
