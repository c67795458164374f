/** A MergingService with fixed answers, and what it was asked. */
import { PluginError } from '../../plugin/errors';
import type { Candidate, CarriedLine, Merge } from '../../plugin/host/contract';
import type {
  CandidateList,
  InvoiceMerges,
  MergingService,
  SettlementOffer,
  SourceLines,
} from '../../plugin/merging/contract';
import type { Totals } from '../../plugin/money/types';

export const actor = { id: '7', name: 'Claire' };
export const VERSION = 'v'.repeat(22);

export function candidate(values: Partial<Candidate> = {}): Candidate {
  return {
    id: '31',
    number: 'FA-2026-00031',
    status: 'overdue',
    issueDate: '2026-08-12',
    dueDate: '2026-09-12',
    currency: 'EUR',
    total: '604.80',
    eligible: true,
    reasons: [],
    creditOnly: [],
    ...values,
  };
}

export const candidates: Candidate[] = [
  candidate(),
  candidate({ id: '38', number: 'FA-2026-00038', status: 'unpaid', dueDate: '2026-11-30', total: '230.40' }),
  candidate({ id: '40', number: null, status: 'draft', issueDate: '2026-11-03', dueDate: null, total: '96.00' }),
  candidate({
    id: '27',
    number: 'FA-2026-00027',
    status: 'partial',
    total: '300.00',
    eligible: false,
    reasons: [{ code: 'payments', vars: { sum: '100.00', currency: 'EUR' } }],
  }),
  candidate({
    id: '35',
    number: 'FA-2026-00035',
    status: 'unpaid',
    currency: 'USD',
    total: '80.00',
    eligible: false,
    reasons: [{ code: 'currency', vars: { currency: 'USD' } }],
  }),
];

export function totals(taxable: string, tax: string, total: string, rate = '20'): Totals {
  return {
    lineExtension: taxable,
    allowances: '0.00',
    charges: '0.00',
    taxExclusive: taxable,
    tax,
    taxInclusive: total,
    adjustment: '0.00',
    prepaid: '0.00',
    rounding: '0.00',
    payable: total,
    taxes: [{ category: 'S', name: 'TVA', rate, taxable, tax }],
  };
}

function line(key: string, values: Partial<CarriedLine>): CarriedLine {
  return {
    key,
    kind: 'line',
    sourceInvoiceId: '31',
    sourceLineId: '1',
    description: 'Entretien du four, août',
    longDescription: null,
    quantity: '1',
    unit: null,
    unitPrice: '560.00',
    baseQuantity: '1',
    taxes: [{ category: 'S', name: 'TVA', rate: '20' }],
    allowancesCharges: [],
    supplyDate: null,
    extra: {},
    ...values,
  };
}

const lineSets: Record<string, { totals: Totals; lines: CarriedLine[] }> = {
  '31': {
    totals: totals('504.00', '100.80', '604.80'),
    lines: [
      line('31-1', {}),
      line('31-d', {
        kind: 'allowance',
        sourceLineId: null,
        description: 'Remise de la facture FA-2026-00031 (10 %)',
        quantity: '-1',
        unitPrice: '56.00',
      }),
    ],
  },
  '38': {
    totals: totals('192.00', '38.40', '230.40'),
    lines: [
      line('38.1', { sourceInvoiceId: '38', description: 'Sacs kraft, lot de 500', quantity: '8', unitPrice: '24.00' }),
    ],
  },
  '40': {
    totals: totals('80.00', '16.00', '96.00'),
    lines: [
      line('40-1', {
        sourceInvoiceId: '40',
        description: '<img src=x onerror="document.title=1"></textarea>',
        unitPrice: '80.00',
      }),
    ],
  },
};

/** `count` invoices of 12,00 € with tax, FA-2026-01001 and on; each says its number in its line. */
export const manyCandidates = (count: number): Candidate[] =>
  Array.from({ length: count }, (_none, index) =>
    candidate({ id: String(1001 + index), number: `FA-2026-0${1001 + index}`, status: 'unpaid', total: '12.00' }),
  );

/** Of a candidate that has no set of its own: one line with its number. */
const plainSet = ({ id, number }: Candidate) => ({
  totals: totals('10.00', '2.00', '12.00'),
  lines: [line(`${id}.1`, { sourceInvoiceId: id, description: `Ligne de ${number}`, unitPrice: '10.00' })],
});

const sourceLines = (list: Candidate[], id: string): SourceLines => {
  const found = list.find((one) => one.id === id);
  const set = found && (lineSets[id] ?? plainSet(found));
  if (!found || !set) throw new PluginError('IM_NOT_FOUND', 404, { invoiceId: id });
  const { number, issueDate, currency } = found;
  return {
    source: { id, number, issueDate, currency, version: VERSION, totals: set.totals, askIfDiffer: {} },
    lines: set.lines,
    allowancesCharges: [],
    adjustment: '0.00',
    pricesIncludeTax: false,
  };
};

const merge: Merge = {
  id: '12',
  targetId: '42',
  currency: 'EUR',
  sources: [
    {
      ...{ invoiceId: '31', number: 'FA-2026-00031', issueDate: '2026-09-12', total: '604.80' },
      ...{ settlement: 'cancel', creditNote: null },
    },
  ],
  totalsBefore: null,
  totalsAfter: totals('954.00', '153.39', '1107.39'),
  difference: '0.00',
  causes: [],
  acknowledged: [],
  targetNumber: 'FA-2026-00042',
  customerId: '3',
  actor,
  createdAt: '2026-11-21T13:32:00.000Z',
  undone: null,
  corrected: null,
};

/** By number only. */
const searched = (list: CandidateList, search: string | undefined): CandidateList => ({
  ...list,
  candidates: list.candidates.filter(({ number }) => search === undefined || number?.includes(search)),
});

export interface FakeMerging {
  service: MergingService;
  /** Names of the calls, in order. */
  calls: string[];
  list: CandidateList;
  enabled: boolean;
  offer: SettlementOffer;
  merges: InvoiceMerges;
  mergeable: Map<string, number>;
  /** By source: what its columns that are asked about say. */
  asked: Record<string, Record<string, string | null>>;
  /** Keys that were merged: a second one is replayed. */
  keys: Set<string>;
  fail: Partial<Record<keyof MergingService, Error>>;
}

export function createFakeMerging(): FakeMerging {
  const note = <T>(name: keyof MergingService, answer: () => T): Promise<T> => {
    fake.calls.push(name);
    const failure = fake.fail[name];
    return failure ? Promise.reject(failure) : new Promise((resolve) => resolve(answer()));
  };
  const target = {
    id: '42',
    version: 't'.repeat(22),
    status: 'draft',
    currency: 'EUR',
    askIfDiffer: {},
  } as CandidateList['target'];
  const fake: FakeMerging = {
    calls: [],
    keys: new Set(),
    fail: {},
    asked: {},
    enabled: true,
    list: {
      customer: { id: '3', name: 'Boulangerie Martin' },
      target,
      refusal: null,
      mayRegroup: false,
      candidates,
      currency: 'EUR',
      currencies: [],
      together: [],
    },
    mergeable: new Map([['3', 3]]),
    offer: {
      issued: { offered: ['cancel', 'delete'], default: 'cancel' },
      draft: { offered: ['cancel', 'delete'], default: 'cancel' },
      ...{ preset: 'none', issuedTargets: true, warnsAcrossMonths: false },
      months: { today: '2026-11-21', earlier: true, several: false },
      mayChoose: true,
      deleteBlockedBy: [],
    },
    merges: { mergedInto: null, replaces: [] },
    service: {
      enabled: () => note('enabled', () => fake.enabled),
      settlements: () => note('settlements', () => fake.offer),
      candidates: (_db, { search }) => note('candidates', () => searched(fake.list, search)),
      versions: (_db, ids) => note('versions', () => new Map(ids.map((id) => [id, VERSION]))),
      lines: (_db, { sourceIds }) =>
        note('lines', () =>
          sourceIds.map((sourceId) => {
            const brought = sourceLines(fake.list.candidates, sourceId);
            const askIfDiffer = fake.asked[sourceId] ?? {};
            return { sourceId, lines: { ...brought, source: { ...brought.source, askIfDiffer } } };
          }),
        ),
      preview: (_db, { sourceIds }) =>
        note('preview', () => ({
          sources: sourceIds.map((id) => sourceLines(fake.list.candidates, id)),
          target: totals('258.00', '14.19', '272.19', '5.5'),
          merged: totals('696.00', '139.20', '835.20'),
          after: {
            ...totals('954.00', '153.39', '1107.39'),
            taxes: [
              { category: 'S', name: 'TVA', rate: '5.5', taxable: '258.00', tax: '14.19' },
              { category: 'S', name: 'TVA', rate: '20', taxable: '696.00', tax: '139.20' },
            ],
          },
          difference: '0.00',
          causes: [],
          refusals: [],
        })),
      merge: ({ key }) =>
        note('merge', () => {
          const replayed = fake.keys.has(key);
          fake.keys.add(key);
          return { merge, replayed };
        }),
      mergeById: () => note('mergeById', () => merge),
      correct: () => note('correct', () => merge),
      dossier: () =>
        note('dossier', () => ({
          ...{ merge, target: null, currency: 'EUR', sources: [], lines: 0 },
          ...{ links: [], undo: null, correct: null, left: null },
        })),
      mayUndo: () => note('mayUndo', () => false),
      undo: () => note('undo', () => ({ merge, linksLeft: [], renumbered: [] })),
      merges: (_db, { page }) => note('merges', () => ({ merges: [merge], page, pages: 1, total: 1 })),
      lineage: async () => null,
      mergesOf: () => note('mergesOf', () => fake.merges),
      mergeable: () => note('mergeable', () => fake.mergeable),
      demand: () => note('demand', () => undefined),
    },
  };
  return fake;
}
