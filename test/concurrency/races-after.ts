/** More races between two servers, about what comes after a merge: undoing it, its credit notes, and numbers. */
import Big from 'big.js';
import { mergeRequest, type DemoInvoice } from '../demo/demo-client';
import {
  both,
  demandLinesOnce,
  demandRefusalsOnly,
  fail,
  line,
  linesOf,
  MERGES,
  openInvoices,
  outcomeOf,
  owed,
  type Outcome,
  type TwoServers,
} from './races';

/** An undo against, in turn, itself, merging its target on, and money for its target: what both did fits together. */
export async function undoAgainst(servers: TwoServers, round: number): Promise<Outcome> {
  const { one, other } = servers;
  const [target, source, next] = await openInvoices(servers, 3);
  if (!target || !source || !next) return fail('no invoices', round);
  const before = new Big(await owed(servers, target.customerId));
  const settlement = { issued: round % 2 === 0 ? 'cancel' : 'delete', draft: 'cancel' };
  const { status, body } = await one.merge(target, [source], { settlement });
  if (status !== 201) fail('the first merge was refused', body);
  await servers.settled();
  const merged = await one.read(target.id);

  const undo = () => one.json('POST', `${MERGES}/${body.merge.id}/undo`, { reason: 'by mistake' });
  const acts = [
    // The same person twice: only the author and bookkeepers may undo.
    () => one.onServer(other.url).json('POST', `${MERGES}/${body.merge.id}/undo`, { reason: 'by mistake too' }),
    () => other.json('POST', MERGES, mergeRequest(next, [merged])),
    () => other.json('POST', `/api/invoices/${target.id}/payments`, { amount: '10.00' }),
  ];
  const [undone, second] = await both(servers, undo(), (acts[round % 3] ?? undo)());
  const outcome = outcomeOf([undone, second]);
  demandRefusalsOnly(outcome);

  const isUndone = undone.status === 200 || (round % 3 === 0 && second.status === 200);
  if (round % 3 === 0 && [...outcome].sort().join() !== '200,409 IM_ALREADY_UNDONE') fail('not undone once', outcome);
  if (round % 3 === 1 && isUndone === (second.status === 201)) fail('not one of both', outcome);
  // Money came first and the undo was refused, or it came for the invoice as it was before; it is never lost.
  if (round % 3 === 2 && second.status !== 201) fail('money was refused', outcome);
  const paid = round % 3 === 2 ? '10.00' : '0';
  if (!new Big(await owed(servers, target.customerId)).eq(before.minus(paid))) fail('they owe something else', outcome);
  await demandLinesOnce(servers, target.customerId);
  const [now, back] = [await one.read(target.id), await one.read(source.id)];
  if (isUndone) {
    if (linesOf(now).join() !== linesOf(target).join()) fail('lines stayed', linesOf(now));
    if (back.number !== source.number || back.status !== source.status || back.mergedInto !== null)
      fail('the source did not come back', back);
  } else if (linesOf(now).length !== 4) fail('lines left', linesOf(now));
  return outcome;
}

/** Two merges with credit notes, of two sources or of the same: each source is credited once, under a number of its own. */
export async function creditOnBoth(servers: TwoServers, round: number): Promise<Outcome> {
  const { one, other, knex } = servers;
  const [a, b, c, d] = await openInvoices(servers, 4);
  if (!a || !b || !c || !d) return fail('no invoices', round);
  const settlement = { issued: 'credit', draft: 'cancel' };
  const isSame = round % 2 === 1;
  const outcome = outcomeOf(
    await both(
      servers,
      one.json('POST', MERGES, mergeRequest(a, [b], { settlement })),
      other.json('POST', MERGES, mergeRequest(c, [isSame ? b : d], { settlement })),
    ),
  );
  demandRefusalsOnly(outcome);
  const expected = isSame ? '201,409 IM_STALE_SOURCE' : '201,201';
  if ([...outcome].sort().join() !== expected) fail(`not ${expected}`, outcome);
  const credited: DemoInvoice[] = isSame ? [b] : [b, d];
  const made = await knex('im_merge_sources')
    .whereIn(
      'source_id',
      credited.map(({ id }) => id),
    )
    .orderBy('source_id')
    .select<{ source_id: number; credit_note_number: string | null }[]>('source_id', 'credit_note_number');
  if (made.map(({ source_id: id }) => String(id)).join() !== credited.map(({ id }) => id).join())
    fail('not each source is credited once', made);
  if (made.some(({ credit_note_number: number }) => number === null)) fail('a credit note has no number', made);
  return outcome;
}

/** A number for an invoice on each server at once. `year`: a series of its own, which nothing else numbers. */
export async function numbersOnBoth(servers: TwoServers, round: number, year: number): Promise<Outcome> {
  const { one, other } = servers;
  const customerId = await one.customer(`Numbers ${round}`);
  await servers.settled();
  const form = { customerId, issueDate: `${year}-01-31`, lines: [line('numbered', '10.00')] };
  const outcome = outcomeOf(
    await both(servers, one.json('POST', '/api/invoices', form), other.json('POST', '/api/invoices', form)),
  );
  if (outcome.join() !== '201,201') fail('not both got one', outcome);
  return outcome;
}

/** @throws where a number is borne twice, or one is missing between them */
export function demandNoGap(numbers: string[]): void {
  const sequences = numbers.map((number) => Number(/(\d+)$/.exec(number)?.[1])).sort((x, y) => x - y);
  const wrong = sequences.find((sequence, index) => sequence !== index + 1);
  if (wrong !== undefined || sequences.length === 0) fail('numbers are borne twice or missing', sequences);
}
