/** Lines of sources on their target: follows those of earlier merges through a save, takes over those that the host's form brought. */
import Big from 'big.js';
import type { SavedInvoice } from '../contract';
import { PluginError } from '../errors';
import type { Day, Id, Invoice, InvoiceLine, TableMap, Trx } from '../host/contract';
import { copyLineColumns, setSupplyDates, tagLines } from '../host/own-columns';
import type { AllowanceCharge } from '../money/types';
import { changedLine, contentOf, recognise, sameFigures, type ChangedLine } from './carried';
import type { Carried } from './combine';
import type { MergingDeps } from './deps';
import type { CarriedRecord } from './store-carried';

export type CarriedSource = Carried & { sourceId: Id };

const sameAllowance = (a: AllowanceCharge, b: AllowanceCharge): boolean =>
  a.kind === b.kind &&
  new Big(a.amount).eq(b.amount) &&
  a.tax?.category === b.tax?.category &&
  new Big(a.tax?.rate ?? 0).eq(b.tax?.rate ?? 0);

/** Follows the lines of earlier merges through this save; what is gone or changed becomes a question. */
export async function followCarriedLines(
  deps: Pick<MergingDeps, 'host' | 'store'>,
  trx: Trx,
  records: CarriedRecord[],
  saved: Invoice,
  before: Invoice | null,
  arriving: ReadonlySet<Id>,
  at: string,
): Promise<{ retagged: number; lost: ChangedLine[] }> {
  if (records.length === 0) return { retagged: 0, lost: [] };
  // Rows that this merge brings bear no mark yet either, and may say the same.
  const { restored, changed, reworded, gone } = recognise(
    records,
    saved.lines.filter(({ id }) => !arriving.has(id)),
    before?.lines.filter(({ sourceInvoiceId }) => sourceInvoiceId === null) ?? [],
  );
  const found = [...restored, ...changed, ...reworded];
  const retag = found.filter(({ line }) => line.sourceInvoiceId === null);
  await tagLines(
    trx,
    deps.host.map,
    retag.map(({ record, line }) => ({
      lineId: line.id,
      sourceInvoiceId: record.sourceId,
      sourceLineId: record.sourceLineId,
    })),
  );
  const follow = ({ record, line }: { record: CarriedRecord; line: InvoiceLine }) => ({
    ...record,
    lineId: line.id,
    content: contentOf(line),
  });
  await deps.store.updateCarriedLines(trx, [
    ...[...restored, ...reworded].map(follow),
    ...changed.map((one) => ({ ...follow(one), changedAt: at })),
    ...gone.map((record) => ({ ...record, lineId: null, goneAt: at })),
  ]);
  return {
    retagged: retag.length,
    lost: [
      ...changed.map(({ record, line }) => changedLine(record.sourceId, record.content, contentOf(line))),
      ...gone.map((record) => changedLine(record.sourceId, record.content, null)),
    ],
  };
}

/** The host's rows carry the lines: marks them, and names what did not arrive as it was. */
export async function adoptFormLines(
  map: TableMap,
  trx: Trx,
  saved: Invoice,
  answer: SavedInvoice,
  carried: CarriedSource[],
): Promise<{ lost: ChangedLine[]; own: Invoice }> {
  const lineIds = new Map(answer.carried.map(({ key, lineId }) => [key, lineId]));
  const lines = new Map(saved.lines.map((line) => [line.id, line]));
  const lost: ChangedLine[] = [];
  const tags: { lineId: Id; sourceInvoiceId: Id; sourceLineId: Id | null }[] = [];
  const undated: [Id, Day][] = [];
  for (const line of carried.flatMap((one) => one.lines)) {
    const lineId = lineIds.get(line.key) ?? '';
    const now = lines.get(lineId);
    // Once each: a host that sums equal rows up answers one row for two.
    lines.delete(lineId);
    if (!now) {
      lost.push(changedLine(line.sourceInvoiceId, line, null));
      continue;
    }
    if (!sameFigures(line, contentOf(now))) lost.push(changedLine(line.sourceInvoiceId, line, contentOf(now)));
    tags.push({ lineId: now.id, sourceInvoiceId: line.sourceInvoiceId, sourceLineId: line.sourceLineId });
    if (now.supplyDate === null && line.supplyDate !== null) undated.push([now.id, line.supplyDate]);
  }
  // Document allowances bear no mark: each one brought must be among those saved, once per time it was brought.
  const ownAllowances = [...saved.allowancesCharges];
  for (const { sourceId, allowancesCharges } of carried)
    for (const part of allowancesCharges) {
      const index = ownAllowances.findIndex((one) => sameAllowance(one, part));
      if (index >= 0) ownAllowances.splice(index, 1);
      else {
        const was = { quantity: part.kind === 'charge' ? '1' : '-1', unitPrice: part.amount };
        lost.push({ sourceId, description: part.reason ?? '', was, now: null });
      }
    }
  await tagLines(trx, map, tags);
  await copyLineColumns(
    trx,
    map,
    tags.flatMap(({ lineId, sourceLineId }): [Id, Id][] => (sourceLineId ? [[sourceLineId, lineId]] : [])),
  );
  await setSupplyDates(trx, map, undated);
  const ownLines = saved.lines.filter((line) => !tags.some(({ lineId }) => lineId === line.id));
  return { lost, own: { ...saved, lines: ownLines, allowancesCharges: ownAllowances } };
}

/** The saved lines that the host's form says came from these sources: a line's key begins with its source's id. */
export const arrivingLines = (answer: SavedInvoice, sources: Invoice[]): Set<Id> =>
  new Set(
    answer.carried.filter(({ key }) => sources.some(({ id }) => key.startsWith(`${id}.`))).map(({ lineId }) => lineId),
  );

/**
 * Rows that came from a source which this save does not merge: unticked or refused meanwhile, they would be billed here
 * and there. A row that an earlier merge brought bears its mark by now and may stay.
 * @throws IM_LINES_WITHOUT_SOURCE 422 naming them
 */
export function demandSources(saved: Invoice, answer: SavedInvoice, arriving: ReadonlySet<Id>): void {
  const strays = new Set(answer.carried.map(({ lineId }) => lineId).filter((lineId) => !arriving.has(lineId)));
  const lines = saved.lines.filter((line) => line.sourceInvoiceId === null && strays.has(line.id));
  if (lines.length > 0)
    throw new PluginError('IM_LINES_WITHOUT_SOURCE', 422, { lines: lines.map(({ description }) => description) });
}
