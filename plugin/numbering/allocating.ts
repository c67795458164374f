/** Gives numbers: one writer at a time per kind of document, no number twice, none lost by a roll-back. */
import type { Day, Trx } from '../host/contract';
import { currentSeries, nextOf, sequenceInSeries } from '../host/series';
import { demandTransaction } from '../host/transaction';
import type { DocumentType } from './contract';
import type { NumberingDeps } from './deps';

/** What the first migrations called a series. */
export const keysOf = ({ key, prefix, suffix }: { key: string; prefix: string; suffix: string }): string[] => [
  key,
  `${prefix}#${suffix}`,
];

/**
 * Takes the next `count` numbers inside the caller's transaction; a roll-back gives them back.
 * A series never gives a number below one that it gave before, even when no document bears it (yet).
 */
export const createAllocating =
  (deps: Pick<NumberingDeps, 'host' | 'stores' | 'clock'>) =>
  async (trx: Trx, type: DocumentType, count: number, date: Day): Promise<string[]> => {
    const { host, stores } = deps;
    const store = stores.series;
    demandTransaction(trx);
    await store.touch(trx, type);
    const numbers = await host.allocateNumbers(trx, type, count, date);
    const series = currentSeries(host.map, type, date);
    const first = series && numbers[0] ? sequenceInSeries(host.map, series, numbers[0]) : null;
    if (!series || first === null) return numbers;
    // A host with a next-number setting of its own has just moved it on, and means it when it moves it back.
    const before = nextOf(host.map, type) ? 0 : await store.lastSequence(trx, keysOf(series));
    const given = Math.max(before - first + 1, 0);
    const last = first + given + count - 1;
    await store.setLastSequence(trx, type, series.key, last);
    const sequences = Array.from({ length: count }, (_none, index) => last - count + 1 + index);
    const at = deps.clock().toISOString();
    await store.claim(trx, { type, series: series.key, sequences, documentId: null, at });
    return given === 0 ? numbers : (await host.allocateNumbers(trx, type, count + given, date)).slice(given);
  };
