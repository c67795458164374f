/** Gives numbers: one writer at a time per kind of document, no number twice, none lost by a roll-back. */
import type { Day, HostCrm, Trx } from '../host/contract';
import { sequenceIn, seriesOn } from '../host/patterns';
import { demandTransaction } from '../host/transaction';
import { createSeriesStore } from './store';

type DocumentType = 'invoice' | 'credit_note';

export const createNumbering = (host: HostCrm, prefix: string) => {
  const store = createSeriesStore(prefix);
  return {
    /**
     * Takes the next `count` numbers inside the caller's transaction; a roll-back gives them back.
     * A series never gives a number below one that it gave before, even when no document bears it (yet).
     */
    async allocate(trx: Trx, type: DocumentType, count: number, date: Day): Promise<string[]> {
      demandTransaction(trx);
      // Written, not only locked: on a cluster two nodes then conflict at COMMIT.
      await store.touch(trx, type);
      const numbers = await host.allocateNumbers(trx, type, count, date);
      const mapped = host.map.series?.[type === 'invoice' ? 'invoice' : 'creditNote'];
      const [pattern] = mapped?.patterns ?? [];
      const first = pattern && numbers[0] ? sequenceIn(pattern, numbers[0]) : null;
      // A host with a next-number setting of its own has just moved it on, and means it when it moves it back.
      if (!pattern || first === null || mapped?.next) return numbers;
      const around = seriesOn(pattern, date);
      const series = `${around.prefix}#${around.suffix}`;
      const given = Math.max((await store.lastSequence(trx, series)) - first + 1, 0);
      await store.setLastSequence(trx, type, series, first + given + count - 1);
      return given === 0 ? numbers : (await host.allocateNumbers(trx, type, count + given, date)).slice(given);
    },
  };
};
