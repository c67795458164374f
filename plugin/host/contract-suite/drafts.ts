/** Drafts that a corrected merge goes on from. */
import assert from 'node:assert/strict';
import type { HostCrm, NewDraft } from '../contract';
import { carriedFrom, contractCase, customer, loadOne, simple, type ContractCase } from './fixture';

const DAY = '2026-03-20';
const applies = ({ createDrafts }: HostCrm): boolean => createDrafts !== undefined;

export const draftCases: ContractCase[] = [
  contractCase(
    'createDrafts opens a draft for each part of an invoice, without number, with its lines and taxes, and leaves the invoice alone',
    async (fixture) => {
      const { host, knex } = fixture;
      const id = await fixture.createInvoice(simple(host, await customer(fixture)));
      const before = await loadOne(fixture, knex, id);
      const lines = carriedFrom(before);
      const { customerId, currency } = before;
      const draftOf = (some: NewDraft['lines']): NewDraft => ({
        ...{ like: id, customerId, currency, issueDate: DAY, dueDate: DAY, note: 'Taken over' },
        ...{ lines: some, allowancesCharges: [], adjustment: '0' },
      });
      const made = await knex.transaction(async (trx) => {
        const answer = (await host.createDrafts?.(trx, [draftOf(lines.slice(0, 1)), draftOf(lines)])) ?? [];
        for (const { invoiceId } of answer) await host.saveTotals(trx, invoiceId);
        return answer;
      });
      assert.equal(made.length, 2, 'a draft each');
      for (const [index, { invoiceId, lineIds }] of made.entries()) {
        const draft = await loadOne(fixture, knex, invoiceId);
        assert.equal(draft.status, 'draft');
        assert.equal(draft.number, null, 'no number');
        assert.deepEqual([draft.customerId, draft.currency, draft.issueDate], [customerId, currency, DAY]);
        const content = (all: typeof before.lines) => all.map(({ id: _id, ...line }) => line);
        const expected = before.lines.slice(0, index === 0 ? 1 : undefined);
        assert.deepEqual(
          content(draft.lines),
          content(expected).map((line, at) => ({ ...line, supplyDate: draft.lines[at]?.supplyDate ?? null })),
        );
        assert.deepEqual(
          lineIds,
          draft.lines.map((line) => line.id),
          'the ids of its lines, in order',
        );
      }
      assert.equal((await loadOne(fixture, knex, made[1]?.invoiceId ?? '')).total, before.total);
      assert.equal((await loadOne(fixture, knex, id)).version, before.version, 'the invoice itself');
    },
    applies,
  ),
];
