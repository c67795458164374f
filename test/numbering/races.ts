/** Two people after one number, each on a server of their own: what must hold after each round, whoever wins. */
import { fail, line, MERGES, outcomeOf, both, type Outcome, type TwoServers } from '../concurrency/races';
import { mergeRequest, type DemoInvoice } from '../demo/demo-client';

const API = '/invoice-merge/api';
const confirm = ['issued', 'date_order', 'gap_of_issued', 'sent', 'reason', 'chronology'];
const REFUSED = /^(200|201|409 |422 )/;

async function invoices(servers: TwoServers, count: number, year: number, title: string): Promise<DemoInvoice[]> {
  const customerId = await servers.one.customer(title);
  const made: DemoInvoice[] = [];
  for (let n = 0; n < count; n += 1)
    made.push(
      await servers.one.invoice(customerId, { issueDate: `${year}-01-31`, lines: [line(`${title} ${n}`, '10.00')] }),
    );
  await servers.settled();
  return made;
}

const give = (client: TwoServers['one'], { id }: DemoInvoice, number: string) =>
  client.json('PUT', `${API}/invoices/${id}/number`, { number, reason: 'Fills the hole', confirm });

async function bearers(servers: TwoServers, number: string): Promise<string[]> {
  await servers.settled();
  const ids = (await servers.knex('crm_invoices').where({ ref: number }).pluck('id')) as number[];
  return ids.map(String);
}

/** A deleted invoice's number for two others at once: one of them gets it, the other hears that it is taken. */
export async function sameNumberTwice(servers: TwoServers, round: number, year: number): Promise<Outcome> {
  const { one, other } = servers;
  const [gone, a, b] = await invoices(servers, 3, year, `Same number ${round}`);
  if (!gone || !a || !b) return fail('no invoices', round);
  await servers.knex('crm_invoice_lines').where({ invoice_id: gone.id }).delete();
  await servers.knex('crm_invoices').where({ id: gone.id }).delete();
  await servers.settled();
  const number = gone.number ?? '';
  const outcome = outcomeOf(await both(servers, give(one, a, number), give(other, b, number)));
  if ([...outcome].sort().join() !== '200,409 IM_NUMBER_TAKEN') fail('not exactly one got it', outcome);
  const now = await bearers(servers, number);
  if (now.length !== 1) fail('the number is not borne once', now);
  return outcome;
}

/** The number of a merged and deleted invoice is given away while the merge is undone: it is borne once, whoever wins. */
export async function giveAgainstUndo(servers: TwoServers, round: number, year: number): Promise<Outcome> {
  const { one, other } = servers;
  const [target, source, third] = await invoices(servers, 3, year, `Undo ${round}`);
  if (!target || !source || !third) return fail('no invoices', round);
  const settlement = { issued: 'delete', draft: 'cancel' };
  const merged = await one.json<{ merge: { id: string } }>(
    'POST',
    MERGES,
    mergeRequest(target, [source], { settlement }),
  );
  if (merged.status !== 201) fail('the merge was refused', merged.body);
  await servers.settled();
  const number = source.number ?? '';
  const undo = one.json('POST', `${MERGES}/${merged.body.merge.id}/undo`, { reason: 'by mistake' });
  const outcome = outcomeOf(await both(servers, undo, give(other, third, number)));
  if (!outcome.every((each) => REFUSED.test(each))) fail('an answer that no person should get', outcome);
  if (outcome.filter((each) => each === '200').length !== 1) fail('not exactly one of both', outcome);
  const now = await bearers(servers, number);
  if (now.length !== 1) fail('the number is not borne once', { number, now, outcome });
  return outcome;
}

/** Two new invoices are numbered while a gap is filled: nobody gets what another bears. */
export async function giveAgainstAllocation(servers: TwoServers, round: number, year: number): Promise<Outcome> {
  const { one, other } = servers;
  const [gone, a] = await invoices(servers, 2, year, `Allocation ${round}`);
  if (!gone || !a) return fail('no invoices', round);
  await servers.knex('crm_invoice_lines').where({ invoice_id: gone.id }).delete();
  await servers.knex('crm_invoices').where({ id: gone.id }).delete();
  await servers.settled();
  const form = { customerId: a.customerId, issueDate: `${year}-01-31`, lines: [line('new', '10.00')] };
  const outcome = outcomeOf(
    await both(servers, give(one, a, gone.number ?? ''), other.json('POST', '/api/invoices', form)),
  );
  if (outcome.join() !== '200,201') fail('not both were done', outcome);
  await servers.settled();
  const numbers = (await servers.knex('crm_invoices').where('ref', 'like', `FA-${year}-%`).pluck('ref')) as string[];
  if (new Set(numbers).size !== numbers.length) fail('a number is borne twice', numbers);
  return outcome;
}
