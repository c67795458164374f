/** Deliveries that an earlier program invoiced one by one: a customer with more open invoices than a page shows, and one with several currencies. */
import { l, type SeedInvoice, type SeedLine } from './seed-data';

const OCEANE = 12;
const LE_GOFF = 13;

const ROUNDS: SeedLine[] = [
  l('Denrées, tournée du mardi', '1', '186.40', '5.5'),
  l('Produits d’entretien, réassort', '3', '27.90', '20', 'bidon'),
  l('Denrées, tournée du vendredi', '1', '214.75', '5.5'),
  l('Linge de cuisine, rotation', '45', '1.15', '20', 'pièce'),
];

/** Twice a week for fifteen weeks, each at sixty days: 30 open invoices, the oldest of them late. */
const rounds: SeedInvoice[] = Array.from({ length: 30 }, (_, index) => {
  const issued = -76 + Math.floor(index / 2) * 5 + (index % 2) * 3;
  const lines = [ROUNDS[index % 4], index % 5 === 0 ? ROUNDS[(index + 1) % 4] : undefined];
  return {
    customer: OCEANE,
    issued,
    due: issued + 60,
    state: issued + 60 < 0 ? 'late' : 'open',
    lines: lines.filter((line) => line !== undefined),
    tags: index % 6 === 0 ? [2] : [],
  };
});

const abroad = (issued: number, currency: string, line: SeedLine): SeedInvoice => ({
  customer: LE_GOFF,
  issued,
  due: issued + 45,
  state: issued + 45 < 0 ? 'late' : 'open',
  currency,
  lines: [line],
});

const currencies: SeedInvoice[] = [
  abroad(-58, 'EUR', l('Visserie inox A4, assortiment', '6', '88.00', '20', 'boîte')),
  abroad(-41, 'USD', l('Winch d’occasion, import', '1', '1250.00', '0')),
  abroad(-33, 'EUR', l('Peinture antifouling', '12', '46.20', '20', 'pot')),
  abroad(-27, 'GBP', l('Voilerie, réparation à Falmouth', '1', '640.00', '0')),
  abroad(-18, 'USD', l('Capteurs de vent, import', '3', '219.00', '0', 'pièce')),
  abroad(-9, 'CHF', l('Instruments de navigation', '2', '385.00', '0', 'pièce')),
  abroad(-4, 'EUR', l('Cordages, bobine de 200 m', '2', '174.50', '20', 'bobine')),
];

const byDay = [...rounds, ...currencies].sort((a, b) => a.issued - b.issued);

/** Bear the numbers LV-…-00101 onwards, in the order of their dates. */
export const DELIVERIES: SeedInvoice[] = byDay.map((invoice, index) => ({
  ...invoice,
  ref: `LV-{yyyy}-${String(index + 101).padStart(5, '0')}`,
}));
