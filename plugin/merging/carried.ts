/** Recognises carried lines after a save, also on hosts that delete and re-insert all lines, and names what is gone or changed. Pure. */
import Big from 'big.js';
import type { CarriedLine, Id, InvoiceLine } from '../host/contract';
import type { CarriedContent, CarriedRecord } from './store-carried';

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

interface Found {
  record: CarriedRecord;
  /** Without a mark where the host wrote its lines anew: to be marked again. */
  line: InvoiceLine;
}

export interface Recognition {
  /** As it was, its mark lost. */
  restored: Found[];
  /** Still there, with other figures. */
  changed: Found[];
  /** Same figures, another text: followed without a question. */
  reworded: Found[];
  gone: CarriedRecord[];
}

/** Hands out each line once, by one way to tell lines apart or another. */
function handOut(lines: InvoiceLine[]) {
  const taken = new Set<InvoiceLine>();
  return (keyOf: (content: CarriedContent) => string): ((content: CarriedContent) => InvoiceLine | undefined) => {
    const alike = new Map<string, InvoiceLine[]>();
    for (const line of lines) {
      const key = keyOf(contentOf(line));
      alike.set(key, [...(alike.get(key) ?? []), line]);
    }
    return (content) => {
      const found = alike.get(keyOf(content))?.find((line) => !taken.has(line));
      if (found) taken.add(found);
      return found;
    };
  };
}

/**
 * Finds each recorded line among the saved ones: by its id while the mark stands, else by content among the unmarked
 * lines: the same text and figures, then the same text, then the same figures. Ids alone prove nothing: a host that
 * re-inserts may reuse them.
 * @param own the invoice's own lines before the save: one of them that is still there is no carried line reworded
 */
export function recognise(
  records: CarriedRecord[],
  lines: InvoiceLine[],
  own: Pick<InvoiceLine, keyof CarriedContent>[],
): Recognition {
  const result: Recognition = { restored: [], changed: [], reworded: [], gone: [] };
  const marked = new Map(lines.filter((line) => line.sourceInvoiceId !== null).map((line) => [line.id, line]));
  let lost: CarriedRecord[] = [];
  for (const record of records) {
    const line = record.lineId === null ? undefined : marked.get(record.lineId);
    if (line?.sourceInvoiceId !== record.sourceId) lost.push(record);
    else if (!sameFigures(record.content, contentOf(line))) result.changed.push({ record, line });
    else if (identity(record.content) !== identity(contentOf(line))) result.reworded.push({ record, line });
  }
  if (lost.length === 0) return result;

  const by = handOut(lines.filter((line) => line.sourceInvoiceId === null));
  const search = (keyOf: (content: CarriedContent) => string, found: Found[]): void => {
    const take = by(keyOf);
    lost = lost.filter((record) => {
      const line = take(record.content);
      if (line) found.push({ record, line });
      return !line;
    });
  };
  search(identity, result.restored);
  const takeOwn = by(identity);
  own.forEach(takeOwn);
  search((content) => content.description, result.changed);
  search(figures, result.reworded);
  result.gone = lost;
  return result;
}
