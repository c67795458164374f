/** The invoices that a full demo starts with; days count from the day it is filled. */
import type { AllowanceCharge, Discount } from 'crm-invoice-merge';
import type { PAYMENT_TERMS } from './invoice-input';

export interface SeedLine {
  label: string;
  qty: string;
  price: string;
  vat: string;
  unit?: string;
  code?: string;
  category?: string;
  adjustments?: AllowanceCharge[];
}
export interface SeedInvoice {
  /** Index into CUSTOMERS. */
  customer: number;
  issued: number;
  due: number | null;
  state: 'draft' | 'open' | 'late' | 'part' | 'settled' | 'credited' | 'void';
  lines: SeedLine[];
  currency?: string;
  discount?: Discount;
  adjustments?: AllowanceCharge[];
  /** For a part-paid one. */
  paid?: string;
  /** A credit note against it: of the whole, or of one line; `day` counts as `issued` does. */
  credit?: { day: number; motive: string; line?: SeedLine };
  tags?: number[];
  level?: number;
  buyerRef?: string;
  terms?: (typeof PAYMENT_TERMS)[number];
  /** Where it bears a number of another series than FA-. */
  ref?: string;
}

export const TAGS = ['Contrat annuel', 'À relancer par téléphone', 'Livraison', 'Nouveau client'];
/** Ways to pay. */
export const METHODS = ['Espèces', 'Carte bancaire', 'Virement'];

/** A line in short. */
export const l = (label: string, qty: string, price: string, vat: string, unit?: string, code?: string): SeedLine => ({
  label,
  qty,
  price,
  vat,
  unit,
  code,
});

/** What each customer usually buys, in the order of CUSTOMERS. */
const USUAL: SeedLine[][] = [
  [
    l('Farine T65, sac de 25 kg', '10', '21.50', '5.5', 'sac', 'FAR-T65'),
    l('Levure fraîche, carton', '6', '14.80', '5.5', 'carton'),
    l('Étalonnage de la balance', '1', '95.00', '20'),
  ],
  [
    l('Entretien des chambres froides', '1', '310.00', '20'),
    l('Linge de table, location', '40', '3.20', '20', 'pièce'),
    l('Petits déjeuners, denrées', '24', '6.40', '10', 'panier'),
  ],
  [
    l('Contrôle du pont élévateur', '1', '240.00', '20'),
    l('Huile 5W30, fût de 60 l', '2', '212.40', '20', 'fût', 'HUI-60'),
  ],
  [
    l('Café en grains, 1 kg', '18', '16.90', '5.5', 'kg', 'CAF-ARA'),
    l('Détartrage de la machine', '1', '140.00', '20'),
  ],
  [
    l('Archivage, boîte et trimestre', '36', '4.15', '20', 'boîte'),
    l('Hébergement du site', '1', '89.00', '20', 'mois'),
  ],
  [
    l('Maintenance de la croix lumineuse', '1', '180.00', '20'),
    l('Rouleaux d’étiquettes', '12', '7.35', '20', 'rouleau'),
  ],
  [l('Repas scolaires', '212', '3.85', '5.5', 'repas'), l('Nettoyage des filtres', '2', '76.00', '20')],
  [l('Affûtage de lames', '14', '18.50', '20', 'lame'), l('Location d’une aspiration', '3', '65.00', '20', 'jour')],
  [l('Location de mobilier', '80', '4.90', '20', 'chaise'), l('Livraison et reprise', '1', '160.00', '20')],
  [l('Pièces détachées, lot', '1', '418.75', '20', 'lot'), l('Formation à la caisse', '2', '75.00', '20', 'heure')],
  [l('Caisses isothermes', '9', '32.00', '20'), l('Produits laitiers', '30', '8.25', '5.5', 'kg')],
  [l('Vin d’honneur, denrées', '65', '5.40', '10', 'part'), l('Sonorisation de la salle', '1', '220.00', '20')],
];

const QUANTITIES = ['1', '2', '3', '1', '4', '2'];
const CYCLE = [1, 3, 5, 2, 8, 4, 6, 10, 7, 11, 9, 0];

/** A plausible invoice for the n-th number, the same at every filling. */
function usual(n: number, issued: number, state: SeedInvoice['state']): SeedInvoice {
  const customer = CYCLE[n % CYCLE.length] ?? 1;
  const known = USUAL[customer] ?? [];
  const first = known[n % known.length];
  const second = known[(n + 1) % known.length];
  const times = QUANTITIES[n % QUANTITIES.length] ?? '1';
  const lines = [first, n % 3 === 0 ? undefined : second].filter((line) => line !== undefined);
  return {
    customer,
    issued,
    due: issued + 30,
    state,
    lines: lines.map((line) => (line.qty === '1' ? { ...line, qty: times } : line)),
    tags: n % 7 === 0 ? [0] : n % 11 === 0 ? [2] : [],
  };
}

const LATE = new Set([19, 22, 26, 29, 32, 34, 36]);
const VOID = new Set([9]);
const SETTLED_LATER = new Set([33, 37, 41, 46]);

const stateOf = (n: number): SeedInvoice['state'] => {
  if (VOID.has(n)) return 'void';
  if (LATE.has(n)) return 'late';
  return n <= 31 || SETTLED_LATER.has(n) ? 'settled' : 'open';
};

/** 1 to 31 until 100 days ago, 32 to 38 until 21 days ago, then up to yesterday. */
const issuedDay = (n: number): number => {
  if (n <= 31) return -318 + Math.round(((n - 1) * 218) / 30);
  if (n <= 37) return -95 + (n - 32) * 11;
  return n === 38 ? -21 : -20 + Math.round(((n - 39) * 19) / 13);
};

const SPECIAL: Record<number, Partial<SeedInvoice>> = {
  12: {
    adjustments: [{ kind: 'charge', amount: '12.00', reason: 'Frais de port', tax: { category: 'S', rate: '20' } }],
  },
  18: { state: 'credited', credit: { day: -189, motive: 'Commande facturée deux fois' } },
  24: {
    state: 'part',
    paid: '150.00',
    customer: 3,
    lines: [
      l('Machine à café, location', '3', '129.00', '20', 'mois'),
      l('Café en grains, 1 kg', '12', '16.90', '5.5', 'kg', 'CAF-ARA'),
    ],
  },
  27: {
    state: 'part',
    paid: '100.00',
    customer: 0,
    lines: [
      l('Étalonnage de la balance', '1', '95.00', '20'),
      l('Levure fraîche, carton', '8', '14.80', '5.5', 'carton'),
    ],
  },
  31: {
    state: 'late',
    due: -70,
    customer: 0,
    discount: { kind: 'percent', value: '10', basis: 'before_tax' },
    lines: [l('Entretien du four, août', '1', '560.00', '20')],
    tags: [0, 1],
    level: 2,
  },
  33: {
    credit: {
      day: -60,
      motive: 'Geste commercial\u202f: matériel livré en retard',
      line: l('Sonorisation de la salle, une heure en moins', '1', '40.00', '20'),
    },
  },
  35: {
    state: 'late',
    customer: 0,
    currency: 'USD',
    lines: [l('Moule à brioche, import', '6', '45.00', '0', 'pièce')],
  },
  38: {
    state: 'open',
    due: 9,
    customer: 0,
    lines: [l('Sacs kraft, lot de 500', '8', '24.00', '20', 'lot', 'SAC-500')],
    tags: [2],
  },
  // One customer with two orders, and terms that differ within one of them.
  39: { buyerRef: 'BC-2026-114', terms: 'days30' },
  51: { buyerRef: 'BC-2026-131', terms: 'days30' },
  40: { customer: 1, lines: [l('Linge de table, location', '60', '3.20', '20', 'pièce')] },
  43: {
    customer: 1,
    lines: [
      l('Entretien des chambres froides', '1', '310.00', '20'),
      l('Petits déjeuners, denrées', '30', '6.40', '10', 'panier'),
    ],
    tags: [0],
  },
  45: {
    customer: 2,
    buyerRef: 'BC-2026-114',
    terms: 'month45',
    lines: [
      {
        ...l('Huile 5W30, fût de 60 l', '3', '212.40', '20', 'fût', 'HUI-60'),
        adjustments: [{ kind: 'allowance', amount: '37.20', reason: 'Fût consigné repris' }],
      },
    ],
  },
  47: { customer: 4, lines: [l('Archivage, boîte et trimestre', '36', '4.15', '20', 'boîte')] },
  48: {
    customer: 1,
    discount: { kind: 'percent', value: '5', basis: 'before_tax' },
    lines: [l('Linge de table, location', '80', '3.20', '20', 'pièce')],
  },
};

/** Bears the numbers 1 to 52, in the order of their dates. */
export const NUMBERED: SeedInvoice[] = Array.from({ length: 52 }, (_, index) => {
  const n = index + 1;
  const issued = issuedDay(n);
  return { ...usual(n, issued, stateOf(n)), ...SPECIAL[n] };
});

const draft = (customer: number, issued: number, lines: SeedLine[], due: number | null = null): SeedInvoice => ({
  customer,
  issued,
  due,
  state: 'draft',
  lines,
});

export const DRAFTS: SeedInvoice[] = [
  draft(0, -18, [l('Location d’un pétrin, journée', '1', '80.00', '20', 'jour')]),
  draft(0, 0, [l('Farine T65, 25 kg', '12', '21.50', '5.5', 'sac', 'FAR-T65')], 30),
  draft(1, -2, [l('Linge de table, location', '24', '3.20', '20', 'pièce')]),
  draft(3, -4, [l('Café en grains, 1 kg', '9', '16.90', '5.5', 'kg', 'CAF-ARA')]),
  draft(8, -6, [
    l('Location de mobilier', '120', '4.90', '20', 'chaise'),
    l('Livraison et reprise', '1', '160.00', '20'),
  ]),
  draft(10, -1, [l('Caisses isothermes', '4', '32.00', '20')]),
  draft(11, -9, [l('Vin d’honneur, denrées', '110', '5.40', '10', 'part')]),
  draft(7, -3, [l('Affûtage de lames', '22', '18.50', '20', 'lame')]),
];
