/** Numbers of a series. */
import assert from 'node:assert/strict';
import type { HostCrm, NumberPattern } from '../contract';
import { contractCase, customer, loadOne, rows, simple, type ContractCase, type ContractFixture } from './fixture';

const TOKEN = /\{(seq|yyyy|yy|mm)(?::(\d+))?\}/g;

/** The number that a pattern gives on 2026-03-20. */
function composed(pattern: NumberPattern, sequence: number): string {
  const parts: Record<string, string> = { yyyy: '2026', yy: '26', mm: '03' };
  return pattern.replace(TOKEN, (_all, name: string, width?: string) =>
    name === 'seq' ? String(sequence).padStart(Number(width ?? 0), '0') : (parts[name] ?? ''),
  );
}

/** The sequence number of a number that fits the pattern on 2026-03-20. */
function sequenceOf(pattern: NumberPattern, number: string): number {
  const [before = '', after = ''] = pattern.split(/\{seq(?::\d+)?\}/).map((part) => composed(part, 0));
  const sequence = Number(number.slice(before.length, number.length - after.length));
  assert.equal(number, composed(pattern, sequence), `${number} must fit the pattern ${pattern}`);
  return sequence;
}

const invoicePattern = ({ map }: HostCrm): NumberPattern | undefined => map.series?.invoice?.patterns[0];
const allocate = (
  fixture: ContractFixture,
  count: number,
  type: 'invoice' | 'credit_note' = 'invoice',
): Promise<string[]> => fixture.knex.transaction((trx) => fixture.host.allocateNumbers(trx, type, count, '2026-03-20'));

export const numberCases: ContractCase[] = [
  contractCase(
    'allocateNumbers gives consecutive numbers of the series, and goes on after them once documents bear them',
    async (fixture) => {
      const { host, knex } = fixture;
      const pattern = invoicePattern(host) ?? '';
      const drafts = [0, 1, 2].map(async () =>
        fixture.createInvoice(simple(host, await customer(fixture), { status: 'draft', issueDate: '2026-03-20' })),
      );
      const ids = await Promise.all(drafts);
      const numbers = await knex.transaction(async (trx) => {
        const allocated = await host.allocateNumbers(trx, 'invoice', 3, '2026-03-20');
        for (const [index, id] of ids.entries()) await host.updateInvoice(trx, id, { number: allocated[index] });
        return allocated;
      });
      const sequences = [...numbers, ...(await allocate(fixture, 1))].map((number) => sequenceOf(pattern, number));
      const [first = 0] = sequences;
      assert.deepEqual(sequences, [first, first + 1, first + 2, first + 3], numbers.join(', '));
      assert.deepEqual(await allocate(fixture, 0), []);
    },
    (host) => invoicePattern(host) !== undefined,
  ),

  contractCase(
    'allocateNumbers goes on after the highest number that a document bears, and keeps the host’s own next number right',
    async (fixture) => {
      const { host, knex } = fixture;
      const pattern = invoicePattern(host) ?? '';
      const [last = ''] = await allocate(fixture, 1);
      const highest = sequenceOf(pattern, last) + 7;
      const id = await fixture.createInvoice(
        simple(host, await customer(fixture), { number: composed(pattern, highest), issueDate: '2026-03-20' }),
      );
      assert.equal(
        (await loadOne(fixture, knex, id)).number,
        composed(pattern, highest),
        'createInvoice must give the number asked for',
      );
      assert.deepEqual(await allocate(fixture, 2), [composed(pattern, highest + 1), composed(pattern, highest + 2)]);
      const next = host.map.series?.invoice?.next;
      if (next) {
        const [row] = await rows(knex, next.table, next.where);
        assert.equal(Number(row?.[next.column]), highest + 3, 'the next number of the host’s own setting');
      }
    },
    (host) => invoicePattern(host) !== undefined,
  ),

  contractCase(
    'allocateNumbers numbers credit notes in their own series',
    async (fixture) => {
      const pattern = fixture.host.map.series?.creditNote?.patterns[0] ?? '';
      const [first = '', second = ''] = await allocate(fixture, 2, 'credit_note');
      assert.equal(sequenceOf(pattern, second), sequenceOf(pattern, first) + 1);
    },
    ({ map }) => map.series?.creditNote !== undefined,
  ),
];
