/** Random acts on the numbers of one series, and what must be seen after each, told from the documents alone. */
import fc from 'fast-check';
import type { Id, Row } from '../../plugin/host/contract';
import type { Gap, GapCause, NumberChangeNow, SeriesSummary, Strip } from '../../plugin/numbering/contract';
import type { NumbersFixture } from './numbers-fixture';

export type Act =
  | { act: 'create' | 'loseOne'; count: number }
  | { act: 'remove' | 'cancel' | 'free' | 'undoMerge' | 'undoChange' | 'withdraw'; one: number }
  | { act: 'merge'; one: number; other: number; how: 'delete' | 'cancel' }
  | { act: 'give'; one: number; gap: number }
  | { act: 'explain'; gap: number };

const pick = fc.nat({ max: 50 });
export const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ act: fc.constant('create' as const), count: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('loseOne' as const), count: fc.constant(1) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        act: fc.constantFrom('remove', 'cancel', 'free', 'undoMerge', 'undoChange', 'withdraw'),
        one: pick,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        act: fc.constant('merge' as const),
        one: pick,
        other: pick,
        how: fc.constantFrom('delete' as const, 'cancel' as const),
      }),
    },
    { weight: 4, arbitrary: fc.record({ act: fc.constant('give' as const), one: pick, gap: pick }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('explain' as const), gap: pick }) },
  ),
  { minLength: 8, maxLength: 30 },
);

interface Document {
  id: Id;
  sequence: number;
  cancelled: boolean;
}

/** The acts on one series of a year of its own, and the list of what was done, for a failure's message. */
export function player(fixture: NumbersFixture, year: number) {
  const series = `FA-${year}-`;
  const day = `${year}-03-20`;
  const number = (sequence: number): string => `${series}${String(sequence).padStart(5, '0')}`;
  const merges: string[] = [];
  const done: string[] = [];
  /** Everything that was ever given in the series. */
  const given: number[] = [];
  let explained: { from: number; to: number }[] = [];
  /** Why a number went missing last, as long as nothing was taken back since. */
  const why = new Map<number, GapCause['kind']>();
  const confirm = ['issued', 'sent', 'date_order', 'gap_of_issued'];
  const at = <T>(list: T[], index: number): T | undefined => list[index % Math.max(1, list.length)];

  /** From the host's table, without the plugin. */
  async function documents(): Promise<Document[]> {
    const rows = await fixture
      .knex('app_factures')
      .where('numero', 'like', `${series}%`)
      .orderBy('numero')
      .select<{ id: number; numero: string; statut: string }[]>('id', 'numero', 'statut');
    return rows.map(({ id, numero, statut }) => ({
      id: String(id),
      sequence: Number(numero.slice(series.length)),
      cancelled: statut === 'annulee',
    }));
  }

  async function missing(): Promise<number[]> {
    const borne = new Set((await documents()).map(({ sequence }) => sequence));
    const [low, high] = [Math.min(...given), Math.max(...given)];
    return Array.from({ length: given.length > 0 ? high - low + 1 : 0 }, (_none, index) => low + index).filter(
      (sequence) => !borne.has(sequence),
    );
  }

  const allocate = (count: number): Promise<string[]> =>
    fixture.merge.transaction((trx) => fixture.merge.numbers.allocate(trx, 'invoice', count, day));
  const isExplained = (sequence: number): boolean =>
    explained.some(({ from, to }) => from <= sequence && sequence <= to);

  async function play(one: Act): Promise<number> {
    const all = await documents();
    const open = all.filter(({ cancelled }) => !cancelled);
    const post = async (path: string, body: Row, method?: 'PUT' | 'DELETE'): Promise<number> =>
      (await fixture.ask(path, { body, ...(method && { method }) })).status;
    switch (one.act) {
      case 'create':
      case 'loseOne': {
        const numbers = await allocate(one.count);
        given.push(...numbers.map((each) => Number(each.slice(series.length))));
        if (one.act === 'create')
          for (const each of numbers) await fixture.invoice(fixture.customerId, { number: each, issueDate: day });
        return 200;
      }
      case 'remove': {
        const target = at(all, one.one);
        if (!target) return 0;
        return fixture.merge
          .transaction(async (trx) => {
            await fixture.merge.guard(trx, target.id, 'delete');
            await trx('app_factures').where({ id: target.id }).delete();
            why.set(target.sequence, 'deleted');
            return 200;
          })
          .catch((error: { code?: string; status?: number }) => {
            if (!error.code?.startsWith('IM_')) throw error;
            return error.status ?? 0;
          });
      }
      case 'cancel': {
        const target = at(open, one.one);
        if (target) await fixture.knex('app_factures').where({ id: target.id }).update({ statut: 'annulee' });
        return target ? 200 : 0;
      }
      case 'free': {
        const target = at(
          all.filter(({ cancelled }) => cancelled),
          one.one,
        );
        if (!target) return 0;
        const status = await post('/numbers/free', { invoiceId: target.id, reason: 'Never sent' });
        if (status === 200) why.set(target.sequence, 'freed');
        return status;
      }
      case 'merge': {
        const [target, source] = [at(open, one.one), at(open, one.other)];
        if (!target || !source || target.id === source.id) return 0;
        try {
          const { merge } = await fixture.save({ target: target.id, sources: [source.id], issued: one.how });
          if (merge) merges.push(merge.id);
          if (one.how === 'delete') why.set(source.sequence, 'merge');
          return 200;
        } catch (error) {
          const { code, status } = error as { code?: string; status?: number };
          if (!code?.startsWith('IM_')) throw error;
          return status ?? 0;
        }
      }
      case 'undoMerge': {
        const id = at(merges, one.one);
        if (id === undefined) return 0;
        const status = await post(`/merges/${id}/undo`, { reason: 'Wrong', numberTaken: 'new_number' });
        why.clear();
        // Who finds the own number taken gets the next one.
        if (status === 200) given.push(...(await documents()).map(({ sequence }) => sequence));
        return status;
      }
      case 'give': {
        const target = at(open, one.one);
        const gap = at(await missing(), one.gap);
        if (!target || gap === undefined) return 0;
        const body = { number: number(gap), reason: 'Fill', confirm };
        const status = await post(`/invoices/${target.id}/number`, body, 'PUT');
        if (status === 200) why.set(target.sequence, 'renumbered');
        return status;
      }
      case 'undoChange': {
        const rows = (await fixture.rows('im_number_changes', { series })) as { id: number; act: string }[];
        const change = at(rows, one.one);
        why.clear();
        return change ? post(`/number-changes/${change.id}/undo`, { reason: 'A mistake' }) : 0;
      }
      case 'explain': {
        const gap = at(await missing(), one.gap);
        if (gap === undefined) return 0;
        const status = await post(`/series/${series}/gaps/explain`, { from: gap, to: gap, reason: 'Lost' });
        if (status === 201) explained.push({ from: gap, to: gap });
        return status;
      }
      case 'withdraw': {
        const gone = at(explained, one.one);
        if (!gone) return 0;
        explained = explained.filter((other) => other !== gone);
        return post(`/series/${series}/gaps/explain`, { ...gone, reason: 'Found' }, 'DELETE');
      }
    }
  }

  /** Compares everything that is shown with what the documents say. */
  async function check(): Promise<void> {
    const all = await documents();
    expect(new Set(all.map(({ sequence }) => sequence)).size).toBe(all.length);
    if (given.length === 0) return;
    const holes = await missing();
    const runs: { from: number; to: number }[] = [];
    for (const sequence of holes) {
      const last = runs.at(-1);
      if (last?.to === sequence - 1) last.to = sequence;
      else runs.push({ from: sequence, to: sequence });
    }
    const { body } = await fixture.ask(`/series/${series}/gaps`);
    const gaps = body.gaps as Gap[];
    expect(gaps.map(({ from, to }) => ({ from, to }))).toEqual(runs);
    const numberAt = (sequence: number) => all.find((one) => one.sequence === sequence)?.id ?? null;
    expect(gaps.map(({ before, after }) => [before?.id ?? null, after?.id ?? null])).toEqual(
      runs.map(({ from, to }) => [numberAt(from - 1), numberAt(to + 1)]),
    );
    expect(body.series as SeriesSummary).toMatchObject({
      ...{ count: all.length, gaps: runs.length, missing: holes.length },
      ...{ first: number(Math.min(...given)), last: number(Math.max(...given)), next: number(Math.max(...given) + 1) },
      explained: holes.filter(isExplained).length,
    });
    // Every number of the series was given: of each that is missing something is known.
    const known = gaps.flatMap(({ causes }) => causes.map(({ sequence }) => sequence));
    expect(known).toEqual(holes);
    for (const { sequence, cause } of gaps.flatMap(({ causes }) => causes)) {
      const expected = why.get(sequence);
      if (expected) expect([sequence, cause.kind]).toEqual([sequence, expected]);
      if (cause.kind === 'given') continue;
      const rows = await fixture.rows('im_vacated_numbers', { series, sequence });
      const last = rows.filter((row) => row.taken_back_at === null).at(-1);
      expect([sequence, last?.cause, String(last?.document_id)]).toEqual([sequence, cause.kind, cause.documentId]);
      // Whoever it was taken from bears it no more.
      expect(all.find((one) => one.id === cause.documentId)?.sequence).not.toBe(sequence);
    }
    const { runs: drawn } = (await fixture.ask(`/series/${series}/strip`)).body as unknown as Strip;
    const kinds = drawn.flatMap(({ from, to, kind }) => Array.from({ length: to - from + 1 }, () => kind));
    const low = Math.min(...given);
    expect(kinds).toEqual(
      Array.from({ length: Math.max(...given) - low + 1 }, (_none, index) => {
        const bearer = all.find((one) => one.sequence === low + index);
        return bearer ? (bearer.cancelled ? 'cancelled' : 'filled') : isExplained(low + index) ? 'explained' : 'gap';
      }),
    );
    for (const { id, sequence } of all.slice(0, 3)) {
      const { changes } = (await fixture.ask(`/invoices/${id}/number-changes`)).body as { changes: NumberChangeNow[] };
      if (changes[0]) expect(changes[0].to).toBe(number(sequence));
    }
  }

  return {
    done,
    async run(wanted: Act[]): Promise<void> {
      for (const one of wanted) {
        const status = await play(one);
        done.push(`${one.act} ${status}`);
        expect([one.act, status < 500]).toEqual([one.act, true]);
        await check();
      }
    },
  };
}
