import { knexHost } from '../../plugin/host/knex-host';
import { eachDatabase } from '../support/databases';
import { crmHost, perfexLikeHost } from '../support/hosts';
import { openMerging, type MergingFixture, type Plugin } from '../support/merging-fixture';

const DAY = '2026-11-21';
/** The same host without a next-number setting: its documents and the plugin's series decide. */
const withoutSetting = (): ReturnType<typeof crmHost> => {
  const crm = crmHost();
  const map = { ...crm.map, series: { ...crm.map.series, invoice: { patterns: ['FA-{yyyy}-{seq:5}', 'F{seq}'] } } };
  return { ...crm, map };
};
const hosts = [
  ['a host with a next-number setting', crmHost],
  ['a host without one', withoutSetting],
  ['a host that keeps the sequence apart', perfexLikeHost],
] as const;

describe.each(eachDatabase)('numbers.allocate on %s', (_database, createDatabase) => {
  describe.each(hosts)('%s', (host, makeHost) => {
    let fixture: MergingFixture;
    let plugin: Plugin;
    beforeAll(async () => {
      const crm = makeHost();
      fixture = await openMerging(await createDatabase(), crm);
      plugin = fixture.plugin({ host: knexHost(crm.map) });
    });
    afterAll(() => fixture.close());

    const take = (count: number, day = DAY): Promise<string[]> =>
      fixture.merge.transaction((trx) => plugin.numbers.allocate(trx, 'invoice', count, day));
    const sequence = (number = ''): number => Number(/(\d+)$/.exec(number)?.[1]);

    test('T42 numbers that two connections take at once are distinct and in a row', async () => {
      // A year that nobody has numbered yet: there is no row of its series to wait at.
      const taken = await Promise.all(Array.from({ length: 6 }, () => take(2, '2031-01-01')));
      const sequences = taken
        .flat()
        .map(sequence)
        .sort((a, b) => a - b);
      expect(sequences).toEqual(Array.from({ length: 12 }, (_none, index) => (sequences[0] ?? 0) + index));
      for (const [one, next] of taken) expect(sequence(next)).toBe(sequence(one) + 1);
    });

    test('T42 of two that reach the host’s documents at the same moment, the second waits for the first', async () => {
      const documents = knexHost(fixture.crm.map);
      let arrived = 0;
      const meeting = fixture.plugin({
        host: {
          ...documents,
          async allocateNumbers(...args) {
            const numbers = await documents.allocateNumbers(...args);
            arrived += 1;
            for (let waited = 0; arrived < 2 && waited < 20; waited += 1) await new Promise((go) => setTimeout(go, 10));
            return numbers;
          },
        },
      });
      const both = await Promise.all(
        [1, 2].map(() => meeting.transaction((trx) => meeting.numbers.allocate(trx, 'invoice', 1, '2032-01-01'))),
      );
      expect(new Set(both.flat()).size).toBe(2);
    });

    test('T42 a roll-back gives its numbers back: the next one leaves no gap', async () => {
      const [before] = await take(1);
      const lost = fixture.merge.transaction(async (trx) => {
        await plugin.numbers.allocate(trx, 'invoice', 3, DAY);
        throw new Error('back');
      });
      await expect(lost).rejects.toThrow('back');
      expect((await take(1)).map(sequence)).toEqual([sequence(before) + 1]);
    });

    test('T41 T44 deleting an invoice in the middle, or merging it away, never gives a number twice', async () => {
      const customer = await fixture.customer();
      const make = async (): Promise<string> => {
        const [number] = await take(1);
        return fixture.invoice(customer, { number, issueDate: DAY });
      };
      const [first, middle, last] = [await make(), await make(), await make()];
      const borne = (await Promise.all([first, middle, last].map((id) => fixture.load(id)))).map(
        ({ number }) => number,
      );
      expect(new Set(borne).size).toBe(3);
      await fixture.save({ target: first, sources: [middle], issued: 'delete' });
      const [next = ''] = await take(1);
      expect(sequence(next)).toBe(sequence(borne[2] ?? '') + 1);
      expect(borne).not.toContain(next);
      // Deleting the last one gives no number back either: it was on a document that somebody may have seen.
      await fixture.save({ target: first, sources: [last], issued: 'delete' });
      expect(sequence((await take(1))[0])).toBe(sequence(next) + 1);
    });

    test('T43 a number typed by hand is not given again, whatever year and zeros were typed beside it', async () => {
      const customer = await fixture.customer();
      const [before = ''] = await take(1);
      const typed = sequence(before) + 5;
      const type = (number: string, issueDate = DAY): Promise<string> =>
        fixture.invoice(customer, { number, issueDate });
      if (host === 'a host that keeps the sequence apart') {
        await type(String(typed));
        await type(String(typed + 900), '2025-12-31');
      } else {
        await type(`FA-2026-${String(typed).padStart(5, '0')}`);
        // Typed without its zeros it is the same number; of another year it is another.
        await type(`FA-2026-${typed - 1}`);
        await type(`FA-2025-${typed + 900}`, '2025-12-31');
      }
      expect((await take(2)).map(sequence)).toEqual([typed + 1, typed + 2]);
    });

    test('drafts and numbers of other series do not move the series on', async () => {
      const customer = await fixture.customer();
      const [before] = await take(1);
      await fixture.invoice(customer, { status: 'draft' });
      if (host === 'a host without one') await fixture.invoice(customer, { number: 'F90000', issueDate: DAY });
      expect((await take(1)).map(sequence)).toEqual([sequence(before) + 1]);
    });
  });

  test('a year’s first number is 1 where no setting says otherwise', async () => {
    const fixture = await openMerging(await createDatabase(), withoutSetting());
    try {
      const crm = withoutSetting();
      const plugin = fixture.plugin({ host: knexHost(crm.map) });
      const take = (day: string): Promise<string[]> =>
        plugin.transaction((trx) => plugin.numbers.allocate(trx, 'invoice', 1, day));
      expect([await take('2026-12-31'), await take('2027-01-01'), await take('2026-12-31')]).toEqual([
        ['FA-2026-00001'],
        ['FA-2027-00001'],
        ['FA-2026-00002'],
      ]);
    } finally {
      await fixture.close();
    }
  });
});
