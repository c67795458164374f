/** The company that this CRM belongs to, as its invoices name it. Made up, with numbers that pass their check digits. */
export const SELLER = {
  name: 'Atelier Loire Services',
  form: { fr: 'SARL au capital de 20\u202f000\u00a0€', en: 'SARL (limited company), capital €20,000' },
  street: '12 rue des Chantiers',
  postcode: '44100',
  city: 'Nantes',
  email: 'facturation@atelier-loire.example',
  phone: '02\u00a061\u00a091\u00a020\u00a026',
  siren: '829140375',
  siret: '82914037500017',
  vatNumber: 'FR85829140375',
  register: 'RCS Nantes 829\u00a0140\u00a0375',
  activity: 'APE 46.69B',
  iban: 'FR76\u00a03000\u00a06000\u00a00112\u00a03456\u00a07890\u00a0189',
  bic: 'AGRIFRPPXXX',
};

/** '41022334100018' -> '410 223 341 00018', as the French write a SIRET; a SIREN likewise. */
export const spacedNumber = (digits: string): string =>
  digits.replace(/^(\d{3})(\d{3})(\d{3})(\d*)$/, (_all, a: string, b: string, c: string, nic: string) =>
    [a, b, c, nic].filter(Boolean).join('\u00a0'),
  );
