/** Gives numbers: one writer at a time per kind of document, no number twice, none lost by a roll-back. */
import type { Day, HostCrm, Trx } from '../host/contract';
import { parseNumber } from '../host/numbers';
import { demandTransaction } from '../host/transaction';
import { createSeriesStore } from './store';

type DocumentType = 'invoice' | 'credit_note';

export const createNumbering = (host: HostCrm, prefix: string) => {
  const store = createSeriesStore(prefix);
  return {
    /**
     * Takes the next `count` numbers inside the caller's transaction; a roll-back gives them back.
     * A series is never given a number below one that it gave before, even when no document bears it (yet).
     */
    async allocate(trx: Trx, type: DocumentType, count: number, date: Day): Promise<string[]> {
      demandTransaction(trx);
      // Written, not only locked: on a cluster two nodes then conflict at COMMIT.
      await store.touch(trx, type);
      const numbers = await host.allocateNumbers(trx, type, count, date);
      const series = host.map.series?.[type === 'invoice' ? 'invoice' : 'creditNote'];
      const first = numbers[0] && series && parseNumber(series.patterns, numbers[0]);
      // A host with a next-number setting of its own has just moved it on, and means it when it moves it back.
      if (!first || series.next) return numbers;
      const given = (await store.lastSequence(trx, first.series)) - first.sequence + 1;
      const fresh = given > 0 ? (await host.allocateNumbers(trx, type, count + given, date)).slice(given) : numbers;
      await store.setLastSequence(trx, type, first.series, first.sequence + Math.max(given, 0) + count - 1);
      return fresh;
    },
  };
};
