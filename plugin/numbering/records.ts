/** What merging writes down of the numbers of documents that it deletes and brings back. */
import { seriesOfNumber } from '../host/series';
import type { NumberRecords } from './contract';
import type { NumberingDeps } from './deps';
import { isIssued } from './rules';

export const createRecords = ({ host, stores }: Pick<NumberingDeps, 'host' | 'stores'>): NumberRecords => {
  const placeOf = (number: string) => seriesOfNumber(host.map, 'invoice', number);

  return {
    hold: (trx) => stores.series.touch(trx, 'invoice'),

    async deleted(trx, invoices, { mergeId, actor, at }) {
      await stores.gaps.vacate(
        trx,
        invoices.flatMap(({ id, number, status }) => {
          const place = number === null ? null : placeOf(number);
          if (!place || number === null) return [];
          return [
            {
              ...{
                series: place.series.key,
                sequence: place.sequence,
                number,
                documentId: id,
                issued: isIssued({ status }),
              },
              cause: mergeId === null ? ('deleted' as const) : ('merge' as const),
              ...{ mergeId, newNumber: null, changeId: null, reason: null, actor, at },
            },
          ];
        }),
      );
    },

    async restored(trx, invoices, { actor, at, reason }) {
      const numbered = invoices.flatMap(({ id, number }) => (number === null ? [] : [{ id, number }]));
      await stores.gaps.takeBack(trx, numbered, at);
      const standing = await stores.changes.standing(
        trx,
        numbered.map(({ id }) => id),
      );
      for (const { id, number } of numbered) {
        const freed = standing.findLast((one) => one.documentId === id && one.act === 'free' && one.from === number);
        if (!freed) continue;
        const back = await stores.changes.add(trx, {
          ...{ act: 'undo', type: 'invoice', documentId: id, series: freed.series, from: null, to: number },
          ...{ actor, at, reason, confirmed: [] },
        });
        await stores.changes.markUndone(trx, freed.id, back);
      }
    },

    async renumbered(trx, { id, from, to }, { actor, at, reason }) {
      const series = placeOf(to)?.series.key ?? '';
      await stores.changes.add(trx, {
        ...{ act: 'give', type: 'invoice', documentId: id, series, from, to },
        ...{ actor, at, reason, confirmed: [] },
      });
    },

    formerBearers: (db, number) => stores.changes.formerBearers(db, number),
  };
};
