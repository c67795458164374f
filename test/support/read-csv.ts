/** Reads a table as spreadsheets do; by another library than the one that writes it. */
import { parse } from 'csv-parse/sync';

export const readCsv = (text: string, separator: string): string[][] =>
  parse(text, { delimiter: separator, record_delimiter: '\r\n', relax_column_count: true });
