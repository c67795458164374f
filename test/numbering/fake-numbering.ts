/** A numbering service that answers what a test wants and notes what it was asked: for what the pages make of it. */
import type {
  CancelledNumber,
  FreeNumbers,
  Gap,
  GapExplanation,
  GapRow,
  NumberChange,
  NumberChangeNow,
  NumberingAction,
  NumberingService,
  SeriesSummary,
  Strip,
  Taker,
} from '../../plugin/numbering/contract';
import { PluginError } from '../../plugin/errors';

export const BOOKS = { id: '8', name: 'Bea Books' };
const AT = '2026-11-21T10:00:00.000Z';

export const SERIES: SeriesSummary = {
  series: 'FA-2026-',
  type: 'invoice',
  pattern: 'FA-{yyyy}-{seq:5}',
  period: { from: '2026-01-01', before: '2027-01-01' },
  current: true,
  first: 'FA-2026-00001',
  last: 'FA-2026-00052',
  next: 'FA-2026-00053',
  count: 47,
  gaps: 3,
  missing: 5,
  explained: 1,
};
const OLD: SeriesSummary = {
  ...SERIES,
  ...{ series: 'INV-{seq}-24', pattern: 'INV-{seq:4}-{yy}', period: { from: '2024-01-01', before: '2025-01-01' } },
  ...{ current: false, first: 'INV-0001-24', last: 'INV-0310-24', next: 'INV-0311-24' },
  ...{ count: 310, gaps: 0, missing: 0, explained: 0 },
};
const NOTES: SeriesSummary = {
  ...SERIES,
  ...{ series: 'AV-2026-', type: 'credit_note', pattern: 'AV-{yyyy}-{seq:5}' },
  ...{ first: 'AV-2026-00001', last: 'AV-2026-00004', next: 'AV-2026-00005' },
  ...{ count: 3, gaps: 1, missing: 1, explained: 1 },
};

export const numberOf = (sequence: number): string => `FA-2026-${String(sequence).padStart(5, '0')}`;
const document = (sequence: number, date: string) => ({ id: String(sequence), number: numberOf(sequence), date });

export const EXPLAINED: GapExplanation = {
  ...{ from: 36, to: 36, by: BOOKS, at: AT },
  reason: 'Imprimée par erreur le 7 octobre, jamais remise au client.',
};

export const GAPS: Gap[] = [
  {
    ...{ series: 'FA-2026-', from: 24, to: 24, fromNumber: numberOf(24), toNumber: numberOf(24) },
    before: document(23, '2026-06-22'),
    after: document(25, '2026-07-06'),
    cause: {
      ...{ kind: 'merge', at: AT, by: { id: '7', name: 'Claire' }, documentId: '24', mergeId: '12' },
      ...{ newNumber: null, reason: null },
    },
    ...{ causes: [], explained: null, explanations: [] },
  },
  {
    ...{ series: 'FA-2026-', from: 28, to: 30, fromNumber: numberOf(28), toNumber: numberOf(30) },
    before: document(27, '2026-07-21'),
    after: { ...document(31, '2026-08-19'), id: null },
    cause: null,
    causes: [
      {
        ...{ sequence: 28, number: numberOf(28) },
        cause: {
          ...{ kind: 'renumbered', at: AT, by: BOOKS, documentId: '60', mergeId: null },
          ...{ newNumber: numberOf(49), reason: 'Le client a déjà comptabilisé ce numéro.' },
        },
      },
    ],
    ...{ explained: null, explanations: [] },
  },
  {
    ...{ series: 'FA-2026-', from: 36, to: 36, fromNumber: numberOf(36), toNumber: numberOf(36) },
    ...{ before: document(35, '2026-09-26'), after: document(37, '2026-10-18') },
    ...{ cause: null, causes: [], explained: EXPLAINED, explanations: [EXPLAINED] },
  },
];

export const CHANGE: NumberChangeNow = {
  ...{ id: '3', act: 'give', type: 'invoice', documentId: '49', series: 'FA-2026-' },
  ...{ from: numberOf(28), to: numberOf(49), actor: BOOKS, at: AT },
  reason: 'Le client a déjà comptabilisé ce numéro.',
  confirmed: ['issued', 'date_order'],
  undone: null,
  undo: { refusals: [] },
};

export interface FakeNumbering {
  service: NumberingService;
  /** What was asked of it to write. */
  calls: unknown[][];
  may: Set<NumberingAction>;
  /** Thrown by the next write. */
  fails: PluginError | null;
  list: SeriesSummary[];
  gaps: Gap[];
  strip: Strip;
  cancelled: CancelledNumber[];
  free: FreeNumbers;
  takers: Taker[];
  changes: NumberChangeNow[];
  former: string[];
  outside: number;
}

export function createFakeNumbering(): FakeNumbering {
  const fake: FakeNumbering = {
    calls: [],
    may: new Set(['numbers.view', 'numbers.adjust']),
    fails: null,
    list: [SERIES, OLD, NOTES],
    gaps: GAPS,
    strip: {
      ...{ series: 'FA-2026-', from: 1, to: 52, page: 1, pages: 1 },
      runs: [
        { from: 1, to: 8, kind: 'filled' },
        { from: 9, to: 9, kind: 'cancelled' },
        { from: 10, to: 23, kind: 'filled' },
        { from: 24, to: 24, kind: 'gap' },
        { from: 25, to: 27, kind: 'filled' },
        { from: 28, to: 30, kind: 'gap' },
        { from: 31, to: 35, kind: 'filled' },
        { from: 36, to: 36, kind: 'explained' },
        { from: 37, to: 52, kind: 'filled' },
      ],
    },
    cancelled: [
      { ...document(9, '2026-03-12'), mergedInto: null },
      { ...document(31, '2026-08-19'), mergedInto: { id: '60', number: numberOf(42), date: '2026-11-11' } },
      { ...document(38, '2026-11-06'), mergedInto: { id: null, number: null, date: null } },
    ],
    free: {
      invoice: { id: '49', number: numberOf(49), date: '2026-11-22', status: 'unpaid' },
      ...{ series: 'FA-2026-', refusals: [], freeing: null },
      free: [
        {
          ...{
            number: numberOf(24),
            sequence: 24,
            before: document(23, '2026-06-22'),
            after: document(25, '2026-07-06'),
          },
          ...{ cause: GAPS[0]!.cause, explained: null },
          questions: [
            { code: 'issued', vars: { number: numberOf(49) } },
            { code: 'date_order', vars: { after: { number: numberOf(25), date: '2026-07-06' } } },
          ],
        },
        {
          ...{ number: numberOf(36), sequence: 36, before: document(35, '2026-09-26'), after: null },
          ...{ cause: null, explained: EXPLAINED, questions: [{ code: 'reason', vars: {} }] },
        },
      ],
    },
    takers: [
      {
        ...{ id: '49', number: numberOf(49), date: '2026-11-22', status: 'unpaid', customer: 'Boulangerie Martin' },
        questions: [{ code: 'issued', vars: { number: numberOf(49) } }],
      },
      { id: '61', number: null, date: '2026-11-23', status: 'draft', customer: 'Hôtel des Voyageurs', questions: [] },
    ],
    changes: [],
    former: [],
    outside: 2,
    service: undefined as unknown as NumberingService,
  };
  const known = (series: string): SeriesSummary => {
    const found = fake.list.find((one) => one.series === series);
    if (!found) throw new PluginError('IM_NOT_FOUND', 404, { why: 'series' });
    return found;
  };
  const write =
    <A extends unknown[], R>(name: string, answer: R) =>
    async (...args: A): Promise<R> => {
      fake.calls.push([name, ...args]);
      const { fails } = fake;
      fake.fails = null;
      if (fails) throw fails;
      return answer;
    };
  const change: NumberChange = CHANGE;
  fake.service = {
    async demand(_actor, action) {
      if (!fake.may.has(action)) throw new PluginError('IM_FORBIDDEN', 403, { action });
    },
    may: async (_actor, action) => fake.may.has(action),
    series: async () => fake.list,
    oneSeries: async (_db, series) => known(series),
    gaps: async (_db, { series, page }) => ({
      ...{ series: known(series), gaps: fake.gaps, page, pages: 2, total: 53 },
    }),
    gapAt: async (_db, { sequence }) => fake.gaps.find(({ from, to }) => from <= sequence && sequence <= to) ?? null,
    strip: async () => fake.strip,
    cancelled: async (_db, { page }) => ({
      ...{ documents: fake.cancelled, page, pages: 1, total: fake.cancelled.length },
    }),
    unmatched: async (_db, { type, page }) => ({
      documents: type === 'invoice' ? [{ id: '5', number: 'VIEUX 12', date: '2019-03-01', type }] : [],
      ...{ page, pages: 1, total: type === 'invoice' ? fake.outside : 0 },
    }),
    async *exportRows(): AsyncGenerator<GapRow> {
      for (const { series, fromNumber, toNumber, from, to, before, after, cause, explained } of fake.gaps)
        yield { series, fromNumber, toNumber, count: to - from + 1, before, after, cause, explained };
    },
    freeNumbers: async () => fake.free,
    takers: async () => fake.takers,
    give: write('give', change),
    free: write('free', change),
    undo: write('undo', change),
    changesOf: async () => fake.changes,
    formerNumbers: async (_db, ids) => new Map(fake.former.length > 0 ? ids.map((id) => [id, fake.former]) : []),
    explain: write('explain', EXPLAINED),
    withdraw: write('withdraw', undefined),
  };
  return fake;
}
