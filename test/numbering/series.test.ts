import type { Row, TableMap } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { crmHost, perfexLikeHost } from '../support/hosts';
import { openMerging } from '../support/merging-fixture';
import { hostWith, openNumbers, stretches, type NumbersFixture } from './numbers-fixture';

const PATTERNS: [string, string, (sequence: number, year?: string) => string, string][] = [
  ['INV-{seq:6}', 'INV-', (n) => `INV-${String(n).padStart(6, '0')}`, 'INV-'],
  ['INV-{yyyy}/{seq:6}', 'INV-2024/', (n, year = '2024') => `INV-${year}/${String(n).padStart(6, '0')}`, 'INV-2025/'],
  [
    'INV-{seq:6}-{yy}',
    'INV-{seq}-24',
    (n, year = '2024') => `INV-${String(n).padStart(6, '0')}-${year.slice(2)}`,
    'INV-{seq}-25',
  ],
  [
    'INV-{seq:6}/{mm}/{yyyy}',
    'INV-{seq}/{mm}/2024',
    (n, year = '2024') => `INV-${String(n).padStart(6, '0')}/${n % 2 ? '01' : '11'}/${year}`,
    'INV-{seq}/{mm}/2025',
  ],
  ['FA-{yyyy}-{seq:5}', 'FA-2024-', (n, year = '2024') => `FA-${year}-${String(n).padStart(5, '0')}`, 'FA-2025-'],
];

describe.each(eachDatabase)('series on %s', (_name, createDatabase) => {
  const opened: NumbersFixture[] = [];
  const open = async (series: NonNullable<TableMap['series']>['invoice']): Promise<NumbersFixture> => {
    const fixture = await openNumbers(await createDatabase(), hostWith(series));
    opened.push(fixture);
    return fixture;
  };
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
  });

  test.each(PATTERNS)(
    'of %s are told apart, with their gaps and their next number',
    async (pattern, key, number, next) => {
      const { bear, series, gaps } = await open({ patterns: [pattern] });
      for (const n of [3, 4, 7, 12]) await bear(number(n), '2024-05-01');
      const isYearly = key !== next;
      if (isYearly) for (const n of [1, 3]) await bear(number(n, '2025'), '2025-01-09');
      await bear(`${number(1)}x`, '2024-05-01');
      await bear('X-1', '2024-05-01');

      const all = await series();
      expect(all[key]).toMatchObject({
        series: key,
        pattern,
        type: 'invoice',
        count: 4,
        gaps: 2,
        missing: 6,
        explained: 0,
      });
      expect(stretches(await gaps(key))).toEqual(['5-6', '8-11']);
      const [first] = await gaps(key);
      expect(first).toMatchObject({
        ...{
          before: { number: number(4), date: '2024-05-01' },
          after: { number: number(7) },
          cause: null,
          explained: null,
        },
      });
      if (isYearly) {
        expect(all[next]).toMatchObject({ count: 2, gaps: 1, missing: 1 });
        expect(all[key]?.period).toEqual({ from: '2024-01-01', before: '2025-01-01' });
      } else expect(all[key]).toMatchObject({ period: null, next: number(13), current: true });
    },
  );

  test('of two types are apart although they are called the same', async () => {
    const crm = crmHost();
    const host = hostWith(
      { patterns: ['{yyyy}-{seq}'] },
      {
        ...crm,
        map: { ...crm.map, series: { creditNote: { patterns: ['{yyyy}-{seq}'] } } },
      },
    );
    const fixture = await openNumbers(await createDatabase(), host);
    opened.push(fixture);
    await fixture.bear('2026-3');
    const take = (type: 'invoice' | 'credit_note') =>
      fixture.merge.transaction((trx) => fixture.merge.numbers.allocate(trx, type, 1, '2026-05-01'));
    expect([await take('invoice'), await take('credit_note'), await take('credit_note')]).toEqual([
      ['2026-4'],
      ['2026-1'],
      ['2026-2'],
    ]);
    const { '2026-': invoices, 'credit_note:2026-': notes } = await fixture.series();
    expect([invoices?.last, notes?.last, notes?.type]).toEqual(['2026-4', '2026-2', 'credit_note']);
  });

  test('that never begin anew though a year stands in their numbers, or each month, are as the host says', async () => {
    const never = await open({ patterns: ['FA-{yyyy}-{seq:5}'], restarts: 'never' });
    await never.bear('FA-2024-00007', '2024-12-31');
    await never.bear('FA-2025-00009', '2025-01-01');
    expect(stretches(await never.gaps('FA-{yyyy}-'))).toEqual(['8']);
    expect(
      await never.merge.transaction((trx) => never.merge.numbers.allocate(trx, 'invoice', 1, '2026-02-01')),
    ).toEqual(['FA-2026-00010']);
    const monthly = await open({ patterns: ['F{yy}{mm}-{seq:4}'], restarts: 'monthly' });
    await monthly.bear('F2601-0002', '2026-01-10');
    await monthly.bear('F2601-0004', '2026-01-11');
    await monthly.bear('F2602-0009', '2026-02-11');
    expect(stretches(await monthly.gaps('F2601-'))).toEqual(['3']);
    expect(await monthly.gaps('F2602-')).toEqual([]);
  });

  test('of an older pattern that the newer one would read as its own keep their documents', async () => {
    const { bear, gaps } = await open({ patterns: ['{yyyy}{seq:5}', '{seq}'] });
    for (const number of ['202600001', '202600003', '7', '9']) await bear(number);
    expect(stretches(await gaps('2026'))).toEqual(['2']);
    expect(stretches(await gaps('{seq}'))).toEqual(['8']);
  });

  test('documents that fit no pattern are listed, a page at a time, the newest first', async () => {
    const { bear, ask } = await open({ patterns: ['FA-{yyyy}-{seq:5}', 'F{seq}'] });
    const odd = ['FA-20A6-00001', 'FA-2026-', 'F-1', 'FA-2026-1.5', 'FA-2026-1234567890123456', 'Fx'];
    for (const [index, number] of odd.entries()) await bear(number, `2026-03-0${index + 1}`);
    for (const number of ['FA-2026-00001', 'F12', '']) await bear(number);
    await bear('F٣');
    const { body } = await ask('/series/FA-2026-/unmatched');
    expect((body.documents as Row[]).map(({ number }) => number)).toEqual(['F٣', ...odd.reverse()]);
    expect(body.total).toBe(7);
    expect((await ask('/series/FA-2026-/unmatched?page=2')).body.documents).toEqual([]);
  });

  test('a sequence without its zeros, twice or thrice the same, is one number', async () => {
    const { bear, gaps, series } = await open({ patterns: ['FA-{yyyy}-{seq:5}'] });
    for (const number of ['FA-2026-00001', 'FA-2026-1', 'FA-2026-2', 'FA-2026-00004', 'FA-2026-000004'])
      await bear(number);
    expect((await series())['FA-2026-']).toMatchObject({ count: 5, gaps: 1, missing: 1, last: 'FA-2026-00004' });
    expect((await gaps('FA-2026-'))[0]).toMatchObject({
      ...{ from: 3, to: 3, fromNumber: 'FA-2026-00003', before: { number: 'FA-2026-2' } },
    });
  });

  test('a host that keeps sequence, prefix and date apart has a series for each prefix and year', async () => {
    const crm = perfexLikeHost();
    const fixture = await openMerging(await createDatabase(), crm);
    try {
      const row = { clientid: 1, status: 1 };
      await fixture.knex('tblinvoices').insert(
        [
          { number: 3, prefix: 'INV-', date: '2026-01-05' },
          { number: 5, prefix: 'INV-', date: '2026-02-05' },
          { number: 7, prefix: 'FA-', date: '2026-03-05' },
          { number: 10, prefix: 'FA-', date: '2026-04-05' },
          { number: 1, prefix: 'INV-', date: '2025-02-05' },
          { number: null, prefix: 'INV-', date: '2026-02-06' },
        ].map((one) => ({ ...row, ...one })),
      );
      const { body } = await fixture.http('/api/series');
      const found = (body.series as Row[]).filter(({ count }) => count !== 0).map(({ series, gaps }) => [series, gaps]);
      expect(found).toEqual([
        ['FA-2026/', 1],
        ['INV-2026/', 1],
        ['INV-2025/', 0],
      ]);
      const gap = (await fixture.http(`/api/series/${encodeURIComponent('FA-2026/')}/gaps`)).body.gaps;
      expect(gap).toMatchObject([
        {
          from: 8,
          to: 9,
          fromNumber: 'FA-2026/000008',
          before: { number: 'FA-2026/000007' },
          after: { date: '2026-04-05' },
        },
      ]);
      const id = (await fixture.knex('tblinvoices').where({ number: 10 }).first<{ id: number }>('id')).id;
      expect((await fixture.load(String(id))).number).toBe('FA-2026/000010');
      expect(await fixture.merge.findByNumber(fixture.knex, 'FA-2026/000010')).toEqual([
        { invoiceId: String(id), how: 'itself' },
      ]);
    } finally {
      await fixture.close();
    }
  });

  test('pages hold fifty gaps each, and those at the ends of the series stand in their place', async () => {
    const fixture = await open({ patterns: ['F{seq}'] });
    const { bear, gaps, merge, remove, ask } = fixture;
    await merge.transaction((trx) => merge.numbers.allocate(trx, 'invoice', 3, '2026-01-01'));
    for (let n = 2; n <= 202; n += 2) await bear(`F${n}`);
    await merge.transaction((trx) => merge.numbers.allocate(trx, 'invoice', 2, '2026-01-01'));
    const odd = Array.from({ length: 101 }, (_none, index) => `${index * 2 + 1}`);
    const all = [...odd, '203-204'];
    expect([...stretches(await gaps('F')), ...stretches(await gaps('F', 2)), ...stretches(await gaps('F', 3))]).toEqual(
      all,
    );
    expect(stretches(await gaps('F', 4))).toEqual([]);
    expect((await ask('/series/F/gaps?page=2')).body).toMatchObject({ page: 2, pages: 3, total: 102 });
    for (let n = 2; n <= 202; n += 2) await remove(`F${n}`);
    expect(stretches(await gaps('F'))).toEqual(['1-204']);
  });

  test('what is no series is not found, and nobody without the permission reads any', async () => {
    const { ask, plugin } = await open({ patterns: ['FA-{yyyy}-{seq:5}'] });
    for (const path of ['gaps', 'strip', 'unmatched', 'cancelled', 'gaps/export.csv'])
      expect([path, (await ask(`/series/XX/${path}`)).status]).toEqual([path, 404]);
    const strict = plugin({ authorize: (_actor, action) => action !== 'numbers.view' });
    expect((await ask('/series', { plugin: strict })).status).toBe(403);
  });
});
