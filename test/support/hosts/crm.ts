/** A small CRM with one status column, allowances of documents and of lines, and links of every policy. */
import type { Knex } from 'knex';
import type { InvoiceStatus, TableMap } from '../../../plugin/host/contract';
import { makeHost, storedTotal, type HostShape } from './base';
import type { TestHost } from './types';

const STATUS: Record<InvoiceStatus, string> = {
  draft: 'brouillon',
  unpaid: 'a_payer',
  overdue: 'en_retard',
  partial: 'partielle',
  paid: 'payee',
  cancelled: 'annulee',
};

const map: TableMap = {
  invoices: {
    table: 'app_factures',
    id: 'id',
    customer: 'client_id',
    number: 'numero',
    issueDate: 'emise_le',
    dueDate: 'echeance',
    currency: 'devise',
    total: 'total_ttc',
    subtotal: 'total_ht',
    taxTotal: 'total_tva',
    adjustment: 'ajustement',
    prepaid: 'acompte',
    note: 'note',
    recurring: 'recurrente',
    reminderLevel: 'relances',
    sent: 'envoyee_le',
    blocked: 'litige',
    transmitted: 'transmise',
    discount: { value: 'remise', kind: 'remise_type', basis: 'remise_base' },
    kind: { column: 'type', invoice: 'facture' },
    status: { column: 'statut', values: { ...STATUS, overdue: [STATUS.overdue, 'relancee'] }, credited: 'avoir' },
    mustMatch: ['entite'],
    askIfDiffer: ['conditions'],
    copy: ['conditions'],
  },
  lines: {
    table: 'app_lignes',
    id: 'id',
    invoice: 'facture_id',
    position: 'rang',
    description: 'libelle',
    longDescription: 'details',
    quantity: 'quantite',
    unit: 'unite',
    unitPrice: 'prix',
    baseQuantity: 'base',
    supplyDate: 'livree_le',
    copy: ['compte'],
  },
  taxes: { rate: 'tva', name: 'tva_nom', category: 'tva_code' },
  allowances: [
    {
      table: 'app_remises',
      of: 'invoice',
      key: 'facture_id',
      kind: 'sens',
      amount: 'montant',
      reason: 'motif',
      rate: 'tva',
      category: 'tva_code',
    },
    { table: 'app_remises_lignes', of: 'line', key: 'ligne_id', kind: 'sens', amount: 'montant', reason: 'motif' },
  ],
  customers: { table: 'app_clients', id: 'id', name: 'nom' },
  payments: {
    table: 'app_reglements',
    id: 'id',
    invoice: 'facture_id',
    amount: 'montant',
    method: 'mode',
    date: 'regle_le',
  },
  paymentMethods: { table: 'app_modes', id: 'id', name: 'libelle', active: 'actif', cash: { id: 1 } },
  credits: { table: 'app_imputations', invoice: 'facture_id', amount: 'montant' },
  creditNotes: {
    table: 'app_avoirs',
    id: 'id',
    number: 'numero',
    customer: 'client_id',
    date: 'emis_le',
    invoice: 'facture_id',
    currency: 'devise',
    total: 'total_ttc',
    subtotal: 'total_ht',
    taxTotal: 'total_tva',
    adjustment: 'ajustement',
    note: 'objet',
    copy: ['entite'],
    lines: {
      table: 'app_avoir_lignes',
      id: 'id',
      invoice: 'avoir_id',
      position: 'rang',
      description: 'libelle',
      longDescription: 'details',
      quantity: 'quantite',
      unit: 'unite',
      unitPrice: 'prix',
      baseQuantity: 'base',
      supplyDate: 'livree_le',
      copy: ['compte'],
    },
    taxes: { rate: 'tva', name: 'tva_nom', category: 'tva_code' },
    allowances: [
      {
        table: 'app_avoir_remises',
        of: 'invoice',
        key: 'avoir_id',
        kind: 'sens',
        amount: 'montant',
        reason: 'motif',
        rate: 'tva',
        category: 'tva_code',
      },
      {
        table: 'app_avoir_remises_lignes',
        of: 'line',
        key: 'ligne_id',
        kind: 'sens',
        amount: 'montant',
        reason: 'motif',
      },
    ],
    appliedTo: { table: 'app_imputations', note: 'avoir_id', invoice: 'facture_id', amount: 'montant' },
  },
  series: {
    invoice: {
      patterns: ['FA-{yyyy}-{seq:5}', 'F{seq}'],
      next: { table: 'app_reglages', column: 'valeur', where: { cle: 'prochaine_facture' } },
    },
    creditNote: { patterns: ['AV-{yyyy}-{seq:4}'] },
  },
  owned: [{ table: 'app_journal', invoice: 'facture_id' }],
  links: [
    { name: 'expenses', table: 'app_frais', id: 'id', to: 'invoice', column: 'facture_id', policy: 'move' },
    { name: 'lineExpenses', table: 'app_frais_lignes', id: 'id', to: 'line', column: 'ligne_id', policy: 'move' },
    { name: 'estimates', table: 'app_devis', id: 'id', to: 'invoice', column: 'facture_id', policy: 'move' },
    {
      name: 'tags',
      table: 'app_etiquettes',
      id: ['facture_id', 'etiquette'],
      to: 'invoice',
      column: 'facture_id',
      policy: 'move',
    },
    { name: 'attachments', table: 'app_pieces', id: 'id', to: 'invoice', column: 'facture_id', policy: 'copy' },
    { name: 'subscriptions', table: 'app_abonnements', id: 'id', to: 'invoice', column: 'facture_id', policy: 'keep' },
    { name: 'disputes', table: 'app_litiges', id: 'id', to: 'invoice', column: 'facture_id', policy: 'refuse' },
    { name: 'warranties', table: 'app_garanties', id: 'id', to: 'line', column: 'ligne_id', policy: 'keep' },
    { name: 'seizures', table: 'app_saisies', id: 'id', to: 'line', column: 'ligne_id', policy: 'refuse' },
  ],
};

const OF_LINES = ['app_frais_lignes', 'app_garanties', 'app_saisies'];

async function createSchema(knex: Knex): Promise<void> {
  await knex.schema.createTable('app_clients', (t) => {
    t.increments('id');
    t.string('nom').notNullable();
  });
  await knex.schema.createTable('app_reglages', (t) => {
    t.string('cle', 50).primary();
    t.string('valeur', 50);
  });
  await knex('app_reglages').insert({ cle: 'prochaine_facture', valeur: '1' });
  await knex.schema.createTable('app_factures', (t) => {
    t.increments('id');
    t.integer('client_id').unsigned().notNullable();
    t.string('numero', 50);
    t.string('type', 20).notNullable().defaultTo('facture');
    t.string('statut', 20).notNullable();
    t.date('emise_le').notNullable();
    t.date('echeance');
    t.string('devise', 3).notNullable();
    for (const column of ['total_ht', 'total_tva', 'total_ttc', 'ajustement', 'acompte'])
      t.decimal(column, 18, 3).notNullable().defaultTo(0);
    t.decimal('remise', 18, 6).notNullable().defaultTo(0);
    t.string('remise_type', 10).notNullable().defaultTo('percent');
    t.string('remise_base', 10).notNullable().defaultTo('before_tax');
    t.text('note');
    t.boolean('recurrente').notNullable().defaultTo(false);
    t.integer('relances').notNullable().defaultTo(0);
    t.dateTime('envoyee_le');
    t.boolean('litige').notNullable().defaultTo(false);
    t.boolean('transmise').notNullable().defaultTo(false);
    t.string('entite', 20);
    t.string('conditions', 20);
    t.binary('signature');
    t.double('taux_interne');
  });
  await knex.schema.createTable('app_avoirs', (t) => {
    t.increments('id');
    t.integer('client_id').unsigned().notNullable();
    t.integer('facture_id').unsigned();
    t.string('numero', 50).notNullable();
    t.date('emis_le').notNullable();
    t.string('devise', 3).notNullable();
    for (const column of ['total_ht', 'total_tva', 'total_ttc', 'ajustement'])
      t.decimal(column, 18, 3).notNullable().defaultTo(0);
    t.text('objet');
    t.string('entite', 20);
  });
  for (const [table, document] of [
    ['app_lignes', 'facture_id'],
    ['app_avoir_lignes', 'avoir_id'],
  ] as const)
    await knex.schema.createTable(table, (t) => {
      t.increments('id');
      t.integer(document).unsigned().notNullable();
      t.integer('rang').notNullable();
      t.string('libelle').notNullable();
      t.text('details');
      t.decimal('quantite', 18, 6).notNullable();
      t.string('unite', 20).notNullable().defaultTo('');
      t.decimal('prix', 18, 6).notNullable();
      t.decimal('base', 18, 6).notNullable().defaultTo(1);
      t.decimal('tva', 7, 3);
      t.string('tva_nom', 50);
      t.string('tva_code', 3);
      t.date('livree_le');
      t.string('compte', 20).notNullable().defaultTo('706000');
    });
  for (const [table, key] of [
    ['app_remises', 'facture_id'],
    ['app_remises_lignes', 'ligne_id'],
    ['app_avoir_remises', 'avoir_id'],
    ['app_avoir_remises_lignes', 'ligne_id'],
  ] as const)
    await knex.schema.createTable(table, (t) => {
      t.increments('id');
      t.integer(key).unsigned().notNullable();
      t.string('sens', 10).notNullable();
      t.decimal('montant', 18, 3).notNullable();
      t.string('motif');
      t.decimal('tva', 7, 3);
      t.string('tva_code', 3);
    });
  await knex.schema.createTable('app_modes', (t) => {
    t.increments('id');
    t.string('libelle', 100).notNullable();
    t.boolean('actif').notNullable().defaultTo(true);
  });
  await knex('app_modes').insert(['Espèces', 'Carte', 'Virement'].map((libelle) => ({ libelle })));
  await knex.schema.createTable('app_reglements', (t) => {
    t.increments('id');
    t.integer('facture_id').unsigned().notNullable();
    t.decimal('montant', 18, 3).notNullable();
    t.string('mode', 20).notNullable();
    t.date('regle_le').notNullable();
  });
  await knex.schema.createTable('app_imputations', (t) => {
    t.increments('id');
    t.integer('avoir_id').unsigned();
    t.integer('facture_id').unsigned().notNullable();
    t.decimal('montant', 18, 3).notNullable();
  });
  for (const table of [
    'app_journal',
    'app_frais',
    'app_devis',
    'app_pieces',
    'app_abonnements',
    'app_litiges',
    'app_frais_lignes',
    'app_garanties',
    'app_saisies',
  ])
    await knex.schema.createTable(table, (t) => {
      t.increments('id');
      t.integer(OF_LINES.includes(table) ? 'ligne_id' : 'facture_id').unsigned();
      t.string('texte');
      t.binary('contenu');
    });
  await knex.schema.createTable('app_etiquettes', (t) => {
    t.integer('facture_id').unsigned().notNullable();
    t.string('etiquette', 50).notNullable();
    t.primary(['facture_id', 'etiquette']);
  });
}

const shape: HostShape = {
  name: 'crm',
  map,
  createSchema,
  customerRow: (nom) => ({ nom }),
  invoiceRow: (spec, totals, sequence) => ({
    client_id: spec.customerId,
    numero: spec.number ?? (sequence === null ? null : `FA-2026-${String(sequence).padStart(5, '0')}`),
    emise_le: spec.issueDate ?? '2026-03-02',
    echeance: spec.dueDate ?? null,
    devise: spec.currency ?? 'EUR',
    total_ht: totals.taxExclusive,
    total_tva: totals.tax,
    total_ttc: storedTotal(totals),
    ajustement: spec.adjustment ?? '0',
    acompte: spec.prepaid ?? '0',
    remise: spec.discount?.value ?? '0',
    remise_type: spec.discount?.kind ?? 'percent',
    remise_base: spec.discount?.basis ?? 'before_tax',
    note: spec.note ?? null,
  }),
  statusRow: (status) => ({ statut: STATUS[status] }),
  lineRow: (facture_id, line, rang) => ({
    facture_id,
    rang,
    libelle: line.description,
    details: line.longDescription ?? null,
    quantite: line.quantity,
    unite: line.unit ?? '',
    prix: line.unitPrice,
    base: line.baseQuantity ?? '1',
    tva: line.taxes?.[0]?.rate ?? null,
    tva_nom: line.taxes?.[0]?.name ?? null,
    tva_code: line.taxes?.[0]?.category ?? null,
  }),
  lineParts: (_invoiceId, ligne_id, line) => [
    {
      table: 'app_remises_lignes',
      rows: (line.allowancesCharges ?? []).map((part) => ({
        ligne_id,
        sens: part.kind,
        montant: part.amount,
        motif: part.reason ?? null,
      })),
    },
  ],
  linePartKeys: [{ table: 'app_remises_lignes', line: 'ligne_id' }],
  invoiceParts: (facture_id, spec) => [
    {
      table: 'app_remises',
      rows: (spec.allowancesCharges ?? []).map((part) => ({
        facture_id,
        sens: part.kind,
        montant: part.amount,
        motif: part.reason ?? null,
        tva: part.tax?.rate ?? null,
        tva_code: part.tax?.category ?? null,
      })),
    },
    { table: 'app_journal', rows: [{ facture_id, texte: 'saved' }] },
  ],
  invoicePartKeys: [
    { table: 'app_remises', invoice: 'facture_id' },
    { table: 'app_journal', invoice: 'facture_id' },
  ],
  paymentRow: (facture_id, montant) => ({ facture_id, montant, mode: 'cash', regle_le: '2026-03-10' }),
  linkRow: (name, id, value) => {
    if (name === 'tags') return { facture_id: id, etiquette: value };
    const { table = '' } = map.links.find((link) => link.name === name) ?? {};
    return { [OF_LINES.includes(table) ? 'ligne_id' : 'facture_id']: id, texte: value };
  },
};

export function crmHost(): TestHost {
  return makeHost({ ...shape });
}

/** The same CRM, but each save deletes its lines and inserts them anew: ids and tags are lost. */
export function rewritingHost(): TestHost {
  return makeHost({ ...shape, name: 'rewriting', rewritesLines: true });
}
