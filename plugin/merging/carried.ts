/** Recognises carried lines after a save, also on hosts that delete and re-insert all lines, and names what is gone or changed. Pure. */
import Big from 'big.js';
import type { CarriedLine, Id, InvoiceLine } from '../host/contract';
import type { CarriedContent, CarriedRecord } from './carried-store';

export const contentOf = (line: InvoiceLine | CarriedLine): CarriedContent => ({
  description: line.description,
  longDescription: line.longDescription,
  quantity: line.quantity,
  unit: line.unit,
  unitPrice: line.unitPrice,
  baseQuantity: line.baseQuantity,
  taxes: line.taxes,
  allowancesCharges: line.allowancesCharges,
});

const decimal = (value: string): string => new Big(value).toFixed();

/** What a line is worth: two lines with the same figures cost the customer the same. */
const figures = (content: CarriedContent): string =>
  JSON.stringify([
    decimal(content.quantity),
    decimal(content.unitPrice),
    decimal(content.baseQuantity),
    content.taxes.map((tax) => [tax.category, decimal(tax.rate)]).sort(),
    content.allowancesCharges.map((part) => [part.kind, decimal(part.amount)]).sort(),
  ]);

const identity = (content: CarriedContent): string =>
  JSON.stringify([content.description, content.longDescription ?? '', figures(content)]);

export const sameFigures = (a: CarriedContent, b: CarriedContent): boolean => figures(a) === figures(b);

/** A carried line that is not on the invoice as it was brought there. */
export interface ChangedLine {
  sourceId: Id;
  description: string;
  was: { quantity: string; unitPrice: string };
  /** null: gone. */
  now: { quantity: string; unitPrice: string } | null;
}

export const changedLine = (sourceId: Id, was: CarriedContent, now: CarriedContent | null): ChangedLine => ({
  sourceId,
  description: was.description,
  was: { quantity: was.quantity, unitPrice: was.unitPrice },
  now: now && { quantity: now.quantity, unitPrice: now.unitPrice },
});

export interface Recognition {
  /** Lost their mark: to be marked again. */
  retag: { record: CarriedRecord; line: InvoiceLine }[];
  /** Still there, with other figures. */
  changed: { record: CarriedRecord; line: InvoiceLine }[];
  /** Same figures, another text: followed without a question. */
  reworded: { record: CarriedRecord; line: InvoiceLine }[];
  gone: CarriedRecord[];
}

/**
 * Finds each recorded line among the saved ones: by its id while the mark stands, else by equal content among the
 * unmarked lines, first by text and figures. Ids alone prove nothing: a host that re-inserts may reuse them.
 */
export function recognise(records: CarriedRecord[], lines: InvoiceLine[]): Recognition {
  const result: Recognition = { retag: [], changed: [], reworded: [], gone: [] };
  const marked = new Map(lines.filter((line) => line.sourceInvoiceId !== null).map((line) => [line.id, line]));
  const unmarked = new Map<string, InvoiceLine[]>();
  for (const line of lines) {
    if (line.sourceInvoiceId !== null) continue;
    const key = identity(contentOf(line));
    const same = unmarked.get(key);
    if (same) same.push(line);
    else unmarked.set(key, [line]);
  }
  for (const record of records) {
    const line = record.lineId === null ? undefined : marked.get(record.lineId);
    if (line && line.sourceInvoiceId === record.sourceId) {
      const now = contentOf(line);
      if (!sameFigures(record.content, now)) result.changed.push({ record, line });
      else if (identity(record.content) !== identity(now)) result.reworded.push({ record, line });
      continue;
    }
    const found = unmarked.get(identity(record.content))?.shift();
    if (found) result.retag.push({ record, line: found });
    else result.gone.push(record);
  }
  return result;
}
