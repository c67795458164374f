/** What a full demo's invoices have beside their lines: expenses, estimates, notes and files. */
import { l, type SeedLine } from './seed-data';

/** customer, day, supplier, label, amount, number of the invoice it was charged on (null: not yet), with its first line */
export const EXPENSES: [number, number, string, string, string, number | null, boolean][] = [
  [0, -104, 'Fours Rouergue', 'Sonde de température pour le four', '84.30', 31, true],
  [0, -23, 'Papeteries de l’Erdre', 'Sacs kraft, achat', '118.40', 38, true],
  [0, -22, 'Transports Guillou', 'Livraison des sacs', '26.00', 38, false],
  [0, -5, 'Minoterie Girardeau', 'Farine T65, palette', '164.00', null, false],
  [1, -16, 'Blanchisserie Armor', 'Traitement du linge', '73.50', 40, true],
  [1, -12, 'Frigoriste Ouest', 'Gaz R290', '58.20', 43, true],
  [2, -14, 'Lubrifiants Atlantique', 'Huile 5W30, trois fûts', '402.00', 45, true],
  [3, -140, 'Torréfaction du Port', 'Café vert', '96.00', 24, false],
  [8, -7, 'Location Anjou', 'Camion, une journée', '112.00', null, false],
  [5, -31, 'Enseignes Loire', 'Tubes pour la croix', '44.90', null, false],
];

export interface SeedEstimate {
  /** Index into CUSTOMERS. */
  customer: number;
  issued: number;
  label: string;
  state: 'sent' | 'accepted' | 'declined';
  /** Number of the invoice it led to. */
  invoice: number | null;
  lines: SeedLine[];
}

const estimate = (
  customer: number,
  issued: number,
  label: string,
  state: SeedEstimate['state'],
  invoice: number | null,
  lines: SeedLine[],
): SeedEstimate => ({ customer, issued, label, state, invoice, lines });

export const ESTIMATES: SeedEstimate[] = [
  estimate(0, -115, 'Entretien annuel du four', 'accepted', 31, [l('Entretien du four, août', '1', '504.00', '20')]),
  estimate(0, -30, 'Sacs imprimés, trois lots', 'accepted', 38, [
    l('Sacs kraft, lot de 500', '8', '24.00', '20', 'lot', 'SAC-500'),
  ]),
  estimate(1, -25, 'Linge de table pour la saison', 'accepted', 40, [
    l('Linge de table, location', '60', '3.20', '20', 'pièce'),
  ]),
  estimate(2, -19, 'Huile, trois fûts', 'accepted', 45, [l('Huile 5W30, fût de 60 l', '3', '212.40', '20', 'fût')]),
  estimate(8, -12, 'Mobilier pour mariage, 120 personnes', 'sent', null, [
    l('Location de mobilier', '120', '4.90', '20', 'chaise'),
    l('Livraison et reprise', '1', '160.00', '20'),
  ]),
  estimate(11, -15, 'Vœux du maire', 'sent', null, [
    l('Vin d’honneur, denrées', '110', '5.40', '10', 'part'),
    l('Sonorisation de la salle', '1', '220.00', '20'),
  ]),
  estimate(0, -9, 'Révision de la chambre de pousse', 'accepted', null, [
    l('Révision de la chambre de pousse', '1', '285.00', '20'),
    l('Joint de porte', '2', '46.50', '20', 'pièce'),
  ]),
  estimate(12, -6, 'Vitrine réfrigérée, location', 'accepted', null, [
    l('Vitrine réfrigérée, location', '3', '145.00', '20', 'mois'),
  ]),
  estimate(7, -48, 'Aspiration de l’atelier', 'declined', null, [l('Aspiration, pose comprise', '1', '2480.00', '20')]),
];

/** Number of the invoice, days ago, who, what. */
export const NOTES: [number, number, string, string][] = [
  [31, -40, 'Claire Fontaine', 'Madame Martin règle ses factures d’entretien en une fois, en fin de trimestre.'],
  [31, -8, 'Hugo Lemaire', 'Rappelée : elle demande une seule facture pour tout ce qui est ouvert.'],
  [38, -20, 'Hugo Lemaire', 'Sacs livrés le matin, bon signé par l’apprenti.'],
  [40, -11, 'Claire Fontaine', 'Bon de commande de l’hôtel : TILL-2211.'],
  [24, -60, 'Claire Fontaine', 'Premier versement reçu, le solde est promis pour décembre.'],
];

/** Number of the invoice, days ago, who, name, content. */
export const FILES: [number, number, string, string, Buffer][] = [
  [31, -100, 'Hugo Lemaire', 'rapport-entretien-four.pdf', onePagePdf("Rapport d'entretien du four")],
  [38, -20, 'Hugo Lemaire', 'bon-de-livraison-sacs.pdf', onePagePdf('Bon de livraison : 8 lots de sacs')],
  [
    40,
    -11,
    'Claire Fontaine',
    'commande TILL-2211.txt',
    Buffer.from('Commande TILL-2211 : 60 pièces de linge de table.\n'),
  ],
];

/** The smallest PDF that viewers open: one A5 page with one line. */
function onePagePdf(text: string): Buffer {
  const stream = `BT /F1 16 Tf 40 520 Td (${text.replace(/[()\\]/g, '\\$&')}) Tj ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let body = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = body.length;
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  const xref = body.length;
  body += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join('')}`;
  body += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${xref}\n%%EOF\n`;
  return Buffer.from(body, 'latin1');
}
