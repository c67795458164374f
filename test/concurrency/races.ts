/**
 * Races between two servers of the demo CRM on one database, a round at a time: what must hold after each, whoever wins.
 * A few rounds run with every test run, many in the stress runs. Nothing here measures time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import Big from 'big.js';
import type { Knex } from 'knex';
import type { DemoApp } from '../../demo/app';
import { DemoClient, mergeRequest, newKey, serveDemo, type DemoInvoice } from '../demo/demo-client';
import type { TestDatabase } from '../support/databases';

export const MERGES = '/invoice-merge/api/merges';

export interface TwoServers {
  knex: Knex;
  /** One person on each server, with connections of their own. */
  one: DemoClient;
  other: DemoClient;
  /** The servers themselves, that of `one` first. */
  demos: [DemoApp, DemoApp];
  /** Comes back once both servers read all that was committed; on one database that is always so. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** @param cluster where the second server stands on another node of a cluster */
export async function twoServers(
  database: TestDatabase,
  cluster: { otherUrl: string; settled(): Promise<void> } = { otherUrl: database.url, settled: async () => undefined },
): Promise<TwoServers> {
  const { settled } = cluster;
  // One after the other: making the demo's own tables is not what is tried here.
  const first = await serveDemo(database.url);
  await settled();
  const second = await serveDemo(cluster.otherUrl);
  await settled();
  return {
    knex: database.knex,
    one: await DemoClient.signedIn(first.url, 'admin', 'en'),
    other: await DemoClient.signedIn(second.url, 'books', 'en'),
    demos: [first.demo, second.demo],
    settled,
    async close() {
      await Promise.all([first, second].map((server) => server.close()));
    },
  };
}

/** What the requests of a round were answered, in one word each: `201`, `409 IM_STALE_SOURCE`. */
export type Outcome = string[];
type Answered = { status: number; body: unknown };

export function outcomeOf(answers: Answered[]): Outcome {
  return answers.map(({ status, body }) => {
    const { error } = (body ?? {}) as { error?: { code?: string } };
    return error?.code ? `${status} ${error.code}` : String(status);
  });
}

export function fail(what: string, facts: unknown): never {
  throw new Error(`${what}: ${JSON.stringify(facts)}`);
}

/** No deadlock, no fault reaches a person: a refusal is one that says why. */
export function demandRefusalsOnly(outcome: Outcome): void {
  if (!outcome.every((one) => /^(200|201|409 |422 )/.test(one))) fail('an answer that no person should get', outcome);
}

export const line = (description: string, unitPrice: string) => ({
  description,
  quantity: '1',
  unitPrice,
  taxes: [{ category: 'S', rate: '20' }],
});

let customers = 0;
/** A customer with as many open invoices; line `n` of each is named after the invoice. */
export async function openInvoices(servers: TwoServers, count: number, status = 'unpaid'): Promise<DemoInvoice[]> {
  const { one } = servers;
  const customerId = await one.customer(`Race ${(customers += 1)}`);
  const invoices: DemoInvoice[] = [];
  for (let index = 0; index < count; index += 1)
    invoices.push(
      await one.invoice(customerId, {
        status,
        issueDate: '2026-11-02',
        dueDate: '2026-12-02',
        lines: [line(`first of ${index}`, `${100 + index}.10`), line(`second of ${index}`, '20.35')],
      }),
    );
  await servers.settled();
  return invoices;
}

/** What the customer owes by the books: all that stands, less what was paid. */
export async function owed({ knex }: TwoServers, customerId: string): Promise<string> {
  const invoices = await knex('crm_invoices')
    .where({ client_id: customerId })
    .whereNot({ state: 'void' })
    .select<{ total: string }[]>(knex.raw('CAST(grand_total AS CHAR) AS total'));
  const payments = await knex('crm_payments')
    .join('crm_invoices as i', 'i.id', 'crm_payments.invoice_id')
    .where('i.client_id', customerId)
    .select<{ amount: string }[]>(knex.raw('CAST(amount AS CHAR) AS amount'));
  const sum = (list: string[]): Big => list.reduce((all, one) => all.plus(one), new Big(0));
  return sum(invoices.map(({ total }) => total))
    .minus(sum(payments.map(({ amount }) => amount)))
    .toFixed(2);
}

/** Each line stands in exactly one invoice that is not cancelled, and each source leads to where its lines are. */
export async function demandLinesOnce({ knex }: TwoServers, customerId: string): Promise<void> {
  const lines = await knex('crm_invoice_lines as l')
    .join('crm_invoices as i', 'i.id', 'l.invoice_id')
    .where('i.client_id', customerId)
    .whereNot('i.state', 'void')
    .select<{ label: string; invoice_id: number }[]>('l.label', 'l.invoice_id');
  const labels = lines.map(({ label }) => label);
  if (new Set(labels).size !== labels.length) fail('a line stands twice', lines);
}

export const linesOf = (invoice: DemoInvoice): string[] => invoice.lines.map((one) => one.description);

/** Asks both at once, and waits until what came of it can be read everywhere. */
export async function both<A, B>(servers: TwoServers, first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const answers = await Promise.all([first, second]);
  await servers.settled();
  return answers;
}

async function bothMerge(
  servers: TwoServers,
  first: Record<string, unknown>,
  second: Record<string, unknown>,
): Promise<Outcome> {
  const { one, other } = servers;
  return outcomeOf(await both(servers, one.json('POST', MERGES, first), other.json('POST', MERGES, second)));
}

const settlements = [
  { issued: 'cancel', draft: 'cancel' },
  { issued: 'delete', draft: 'delete' },
];

/** One source, two targets: exactly one gets it, the other gets 409 and none of its lines; the customer owes what they owed. */
export async function oneSourceTwoTargets(servers: TwoServers, round: number): Promise<Outcome> {
  const [source, ...targets] = await openInvoices(servers, 3);
  const [first, second] = targets;
  if (!source || !first || !second) return fail('no invoices', round);
  const before = await owed(servers, source.customerId);
  const settlement = settlements[round % 2];
  const outcome = await bothMerge(
    servers,
    mergeRequest(first, [source], { settlement }),
    mergeRequest(second, [source], { settlement }),
  );
  demandRefusalsOnly(outcome);
  if ([...outcome].sort().join() !== '201,409 IM_STALE_SOURCE') fail('not exactly one won', outcome);
  const [winner, loser] = outcome[0] === '201' ? [first, second] : [second, first];
  const [won, lost] = [await servers.one.read(winner.id), await servers.one.read(loser.id)];
  if (linesOf(won).join() !== [...linesOf(winner), ...linesOf(source)].join())
    fail('the winner lacks lines', linesOf(won));
  // The version covers all that the invoice says: not a line, not a cent of the source is in it.
  if (lost.version !== loser.version) fail('the loser was changed', lost);
  if ((await owed(servers, source.customerId)) !== before) fail('the customer owes something else', before);
  await demandLinesOnce(servers, source.customerId);
  const merges = await servers.knex('im_merge_sources').where({ source_id: source.id });
  if (merges.length !== 1) fail('the source is in several merges', merges);
  return outcome;
}

/** Targets and sources crossed, in turn: into each other, and two targets after the same sources in opposite order. */
export async function crossedPairs(servers: TwoServers, round: number): Promise<Outcome> {
  const [a, b, c, d] = await openInvoices(servers, 4, round % 3 === 2 ? 'draft' : 'unpaid');
  if (!a || !b || !c || !d) return fail('no invoices', round);
  const before = await owed(servers, a.customerId);
  const settlement = settlements[round % 2];
  const [first, second] =
    round % 4 < 2
      ? [mergeRequest(a, [b, c], { settlement }), mergeRequest(b, [a, d], { settlement })]
      : [mergeRequest(a, [d, c], { settlement }), mergeRequest(b, [c, d], { settlement })];
  const outcome = await bothMerge(servers, first, second);
  demandRefusalsOnly(outcome);
  if (outcome.filter((one) => one === '201').length !== 1) fail('not exactly one won', outcome);
  if ((await owed(servers, a.customerId)) !== before) fail('the customer owes something else', before);
  await demandLinesOnce(servers, a.customerId);
  return outcome;
}

/** What the last one took. A payment is shorter: only where it comes later may the merge be there first. Decides nothing. */
let mergeTakes = 0;

/** A merge of the source against money for it: the payment names the successor, or the merge is refused; never both, neither lost. */
export async function mergeAgainstPayment(servers: TwoServers, round: number): Promise<Outcome> {
  const [target, source] = await openInvoices(servers, 2);
  if (!target || !source) return fail('no invoices', round);
  const before = new Big(await owed(servers, source.customerId));
  const amount = round % 2 === 0 ? source.total : '10.00';
  const begun = performance.now();
  const [merged, paid] = await both(
    servers,
    servers.one.json('POST', MERGES, mergeRequest(target, [source])).then((answer) => {
      mergeTakes = performance.now() - begun;
      return answer;
    }),
    sleep((mergeTakes * (round % 6)) / 5).then(() =>
      servers.other.json('POST', `/api/invoices/${source.id}/payments`, { amount }),
    ),
  );
  const answers = [merged, paid];
  const outcome = outcomeOf(answers);
  demandRefusalsOnly(outcome);
  const payments = await servers.knex('crm_payments').where({ invoice_id: source.id });
  const [targetNow, sourceNow] = [await servers.one.read(target.id), await servers.one.read(source.id)];
  const owedNow = new Big(await owed(servers, source.customerId));
  if (merged.status === 201) {
    if (paid.status !== 409 || payments.length > 0) fail('both happened', { outcome, payments });
    if (!paid.body.error.message.includes(target.number ?? '')) fail('the successor is not named', paid.body);
    if (sourceNow.mergedInto !== target.id || linesOf(targetNow).length !== 4)
      fail('the merge is not whole', targetNow);
    if (!owedNow.eq(before)) fail('the customer owes something else', owedNow);
  } else {
    if (paid.status !== 201 || payments.length !== 1) fail('neither happened', { outcome, payments });
    if (!/^(409 IM_STALE_SOURCE|422 IM_NOT_MERGEABLE)$/.test(outcome[0] ?? ''))
      fail('refused for another reason', outcome);
    if (targetNow.version !== target.version || sourceNow.mergedInto !== null) fail('half a merge', targetNow);
    if (!owedNow.eq(before.minus(amount))) fail('the customer owes something else', owedNow);
  }
  return outcome;
}

/** The same create form at once on both servers: one invoice, one number, both are led to it. */
export async function sameFormTwice(servers: TwoServers, round: number): Promise<Outcome> {
  const customerId = await servers.one.customer(`Race ${(customers += 1)}`);
  const form = {
    customerId,
    issueDate: '2026-11-02',
    lines: [line(`form ${round}`, '10.00')],
    invoiceMergeKey: newKey(),
  };
  await servers.settled();
  // The same person on both: the form of somebody else would be another save.
  const answers = await both(
    servers,
    servers.one.json<DemoInvoice>('POST', '/api/invoices', form),
    servers.one.onServer(servers.other.url).json<DemoInvoice>('POST', '/api/invoices', form),
  );
  const outcome = outcomeOf(answers);
  if ([...outcome].sort().join() !== '200,201') fail('not one save and one replay', outcome);
  const [first, second] = answers.map(({ body }) => [body.id, body.number].join());
  const made = await servers.knex('crm_invoices').where({ client_id: customerId });
  if (made.length !== 1 || first !== second) fail('not one invoice', { first, second, made });
  return outcome;
}

/** Two merges into one target: told of each other's age one is refused, without versions both arrive. */
export async function twoMergesOneTarget(servers: TwoServers, round: number): Promise<Outcome> {
  const [target, first, second] = await openInvoices(servers, 3);
  if (!target || !first || !second) return fail('no invoices', round);
  const before = await owed(servers, target.customerId);
  const versions = round % 2 === 0 ? {} : { targetVersion: undefined };
  const outcome = await bothMerge(
    servers,
    mergeRequest(target, [first], versions),
    mergeRequest(target, [second], versions),
  );
  demandRefusalsOnly(outcome);
  const expected = round % 2 === 0 ? '201,409 IM_STALE_TARGET' : '201,201';
  if ([...outcome].sort().join() !== expected) fail(`not ${expected}`, outcome);
  if ((await owed(servers, target.customerId)) !== before) fail('the customer owes something else', before);
  await demandLinesOnce(servers, target.customerId);
  const now = await servers.one.read(target.id);
  if (now.lines.length !== (round % 2 === 0 ? 4 : 6)) fail('lines are missing', linesOf(now));
  return outcome;
}

/** Runs rounds, a few customers at a time, and counts what came out. */
export async function runRounds(
  rounds: number,
  round: (index: number) => Promise<Outcome>,
  atOnce = 2,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < rounds) {
      const index = next;
      next += 1;
      const outcome = await round(index).catch((error: unknown) => {
        throw new Error(`round ${index}: ${String(error)}`, { cause: error });
      });
      const name = outcome.join(' | ');
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return counts;
}

/** Deadlocks that the server has broken since it started: retried by whoever owned the transaction, unless a person saw one. */
export async function deadlocks({ knex }: TwoServers): Promise<number> {
  const [rows] = (await knex.raw("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")) as [{ Value: string }[]];
  return Number(rows[0]?.Value ?? 0);
}

export const total = (counts: Map<string, number>): number => [...counts.values()].reduce((sum, one) => sum + one, 0);
