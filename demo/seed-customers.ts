/** The customers that a full demo starts with. */

export interface SeedCustomer {
  company: string;
  email: string;
  street: string;
  postcode: string;
  city: string;
  siret: string;
  vat_number: string | null;
  phone: string;
  contact: string;
}

const customer = (
  company: string,
  email: string,
  address: [street: string, postcode: string, city: string],
  siret: string,
  vat_number: string | null,
  phone: string,
  contact: string,
): SeedCustomer => {
  const [street, postcode, city] = address;
  return { company, email, street, postcode, city, siret, vat_number, phone, contact };
};

/** Made up; their telephone numbers are those that France keeps for fiction. */
export const CUSTOMERS: SeedCustomer[] = [
  customer(
    'Boulangerie Martin',
    'compta@boulangerie-martin.example',
    ['14 rue des Moulins', '44000', 'Nantes'],
    '41022334100018',
    'FR92410223341',
    '02\u00a061\u00a091\u00a030\u00a011',
    'Sophie Martin',
  ),
  customer(
    'Hôtel des Tilleuls',
    'reception@hotel-tilleuls.example',
    ['3 place de la Gare', '37000', 'Tours'],
    '50233445100015',
    'FR16502334451',
    '02\u00a061\u00a091\u00a030\u00a012',
    'Marc Aubry',
  ),
  customer(
    'Garage Lefèvre & Fils',
    'garage.lefevre@example.com',
    ['128 route de Vannes', '44800', 'Saint-Herblain'],
    '40355667300016',
    'FR33403556673',
    '02\u00a061\u00a091\u00a030\u00a013',
    'Denis Lefèvre',
  ),
  customer(
    'Café de la Marine',
    'bonjour@cafe-marine.example',
    ['7 quai des Antilles', '44200', 'Nantes'],
    '81299887000016',
    'FR07812998870',
    '02\u00a061\u00a091\u00a030\u00a014',
    'Inès Caradec',
  ),
  customer(
    'Cabinet Dubreuil Avocats',
    'facturation@dubreuil-avocats.example',
    ['22 rue Crébillon', '44000', 'Nantes'],
    '39211445000019',
    'FR15392114450',
    '02\u00a061\u00a091\u00a030\u00a015',
    'Hélène Dubreuil',
  ),
  customer(
    'Pharmacie du Château',
    'pharmacie.chateau@example.com',
    ['5 rue de Strasbourg', '49100', 'Angers'],
    '43322110800015',
    'FR09433221108',
    '02\u00a061\u00a091\u00a030\u00a016',
    'Paul Renou',
  ),
  customer(
    'École Sainte-Anne',
    'intendance@ecole-sainte-anne.example',
    ['41 avenue Pasteur', '85000', 'La Roche-sur-Yon'],
    '21850191400012',
    null,
    '02\u00a061\u00a091\u00a030\u00a017',
    'Anne Guérin',
  ),
  customer(
    'Menuiserie Kerguelen',
    'atelier@kerguelen.example',
    ['ZA du Moulin Neuf', '56400', 'Auray'],
    '51988776400016',
    'FR13519887764',
    '02\u00a061\u00a091\u00a030\u00a018',
    'Yann Kerguelen',
  ),
  customer(
    'Domaine de l’Orangerie',
    'mariages@orangerie.example',
    ['Lieu-dit Les Orangers', '49400', 'Saumur'],
    '78866554500018',
    'FR01788665545',
    '02\u00a061\u00a091\u00a030\u00a019',
    'Claire Beaumont',
  ),
  customer(
    'Atelier Vélo Loire',
    'atelier@velo-loire.example',
    ['60 boulevard de la Loire', '45000', 'Orléans'],
    '90122334700013',
    'FR14901223347',
    '02\u00a061\u00a091\u00a030\u00a020',
    'Nicolas Petit',
  ),
  customer(
    'Traiteur Bonnefoy',
    'commande@bonnefoy-traiteur.example',
    ['9 rue du Marché', '35000', 'Rennes'],
    '34455667500017',
    'FR13344556675',
    '02\u00a061\u00a091\u00a030\u00a021',
    'Luc Bonnefoy',
  ),
  customer(
    'Mairie de Saint-Aubin',
    'finances@saint-aubin.example',
    ['1 place de l’Église', '44110', 'Saint-Aubin'],
    '21440150700014',
    null,
    '02\u00a061\u00a091\u00a030\u00a022',
    'Service des finances',
  ),
  customer(
    'Restaurants Océane',
    'comptabilite@restaurants-oceane.example',
    ['18 quai de la Fosse', '44000', 'Nantes'],
    '44012345300019',
    'FR66440123453',
    '02\u00a061\u00a091\u00a030\u00a023',
    'Julie Océan',
  ),
  customer(
    'Chantiers Navals Le Goff',
    'achats@legoff-naval.example',
    ['Quai du Commerce', '56100', 'Lorient'],
    '75310284700013',
    'FR73753102847',
    '02\u00a061\u00a091\u00a030\u00a024',
    'Gwenaël Le Goff',
  ),
];
