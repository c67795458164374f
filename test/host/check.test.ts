import knex, { type Knex } from 'knex';
import { migrate } from '../../migrations';
import { checkHost, deleteBlockers, type HostFault } from '../../plugin/host/check';
import type { TableMap } from '../../plugin/host/contract';
import { eachDatabase, type TestDatabase } from '../support/databases';

const TABLES = [
  'CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(100))',
  `CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer_id INTEGER, number VARCHAR(40), issue_date DATE, due_date DATE,
     currency CHAR(3), total DECIMAL(15,2), status VARCHAR(20))`,
  `CREATE TABLE invoice_items (id INTEGER PRIMARY KEY, invoice_id INTEGER, description VARCHAR(200), quantity DECIMAL(15,4),
     price DECIMAL(15,4), tax_rate DECIMAL(7,3))`,
  'CREATE TABLE payments (id INTEGER PRIMARY KEY, invoice_id INTEGER, amount DECIMAL(15,2), method_id INTEGER, paid_on DATE)',
  'CREATE TABLE expenses (id INTEGER PRIMARY KEY, label VARCHAR(100), invoice_id INTEGER)',
  'CREATE TABLE views_log (id INTEGER PRIMARY KEY, invoice_id INTEGER)',
];

function tableMap(): TableMap {
  return {
    invoices: {
      table: 'invoices',
      id: 'id',
      customer: 'customer_id',
      number: 'number',
      issueDate: 'issue_date',
      dueDate: 'due_date',
      currency: 'currency',
      total: 'total',
      status: {
        column: 'status',
        values: {
          draft: 'draft',
          unpaid: 'unpaid',
          overdue: 'overdue',
          partial: 'partial',
          paid: 'paid',
          cancelled: 'cancelled',
        },
      },
    },
    lines: {
      table: 'invoice_items',
      id: 'id',
      invoice: 'invoice_id',
      description: 'description',
      quantity: 'quantity',
      unitPrice: 'price',
    },
    taxes: { rate: 'tax_rate' },
    customers: { table: 'customers', id: 'id', name: 'name' },
    payments: {
      table: 'payments',
      id: 'id',
      invoice: 'invoice_id',
      amount: 'amount',
      method: 'method_id',
      date: 'paid_on',
    },
    owned: [{ table: 'views_log', invoice: 'invoice_id' }],
    links: [{ name: 'expenses', table: 'expenses', id: 'id', to: 'invoice', column: 'invoice_id', policy: 'move' }],
  };
}

/** The faults apart from what migrate() would add. */
async function faultsOf(handle: Knex, map: TableMap): Promise<HostFault[]> {
  const { faults } = await checkHost(handle, map);
  return faults.filter((fault) => fault.code !== 'not_migrated');
}
const codesOf = (faults: HostFault[]): string[] => faults.map(({ code, where }) => `${code} ${where}`);

describe.each(eachDatabase)('checkHost on %s', (name, createDatabase) => {
  let database: TestDatabase;
  let handle: Knex;
  beforeEach(async () => {
    database = await createDatabase({ max: 1 });
    handle = database.knex;
    for (const sql of TABLES) await handle.raw(sql);
  });
  afterEach(() => database.close());

  it('finds nothing wrong with a host whose map fits, apart from what migrate() adds', async () => {
    expect(await faultsOf(handle, tableMap())).toEqual([]);
  });

  it('says which tables and columns migrate() has not added yet, with the prefix of the map', async () => {
    const { ok, faults } = await checkHost(handle, { ...tableMap(), tablePrefix: 'zz_' });
    expect(ok).toBe(false);
    expect(codesOf(faults)).toEqual([
      'not_migrated zz_migrations',
      'not_migrated zz_save_keys',
      'not_migrated zz_merges',
      'not_migrated zz_merge_sources',
      'not_migrated zz_merge_links',
      'not_migrated zz_carried_lines',
      'not_migrated zz_series',
      'not_migrated zz_activity',
      'not_migrated zz_settings',
      'not_migrated zz_received_payments',
      'not_migrated zz_customer_notices',
      'not_migrated zz_dismissals',
      'not_migrated zz_claimed_numbers',
      'not_migrated zz_number_changes',
      'not_migrated zz_explained_gaps',
      'not_migrated zz_vacated_numbers',
      'not_migrated invoices.zz_version',
      'not_migrated invoices.zz_merged_into_id',
      'not_migrated invoices.zz_merged_at',
      'not_migrated invoices.zz_reminders_off',
      'not_migrated invoice_items.zz_source_invoice_id',
      'not_migrated invoice_items.zz_source_line_id',
    ]);
    expect(faults[0]?.mend).toContain('merge.migrate()');
  });

  it('finds nothing wrong at all once migrate() has run, its own columns that name invoices included', async () => {
    await migrate(handle, tableMap());
    expect(await checkHost(handle, tableMap())).toEqual({ ok: true, faults: [] });
  });

  it('lists every missing table and column at once, each with the entry of the map that names it', async () => {
    const map = tableMap();
    map.invoices.total = 'totl';
    map.invoices.mustMatch = ['seller_id'];
    map.lines.fixed = { rel_type: 'invoice' };
    map.links.push({ name: 'tasks', table: 'tasks', id: 'id', to: 'line', column: 'line_id', policy: 'copy' });
    const faults = await faultsOf(handle, map);
    expect(codesOf(faults)).toEqual([
      'missing_column invoices.totl',
      'missing_column invoices.seller_id',
      'missing_column invoice_items.rel_type',
      'missing_table tasks',
    ]);
    expect(faults[0]?.mend).toMatch(/invoices\.total names the column 'totl'.*currency, total, status/);
    expect(faults[3]?.mend).toMatch(/links\[1\] names the table 'tasks'/);
  });

  it('names a next-number setting whose row is not there', async () => {
    await handle.raw('CREATE TABLE options (name VARCHAR(40) PRIMARY KEY, value VARCHAR(40))');
    const next = { table: 'options', column: 'value', where: { name: 'next_invoice' } };
    const map = { ...tableMap(), series: { invoice: { patterns: ['F{seq}'], next } } };
    const [fault, ...others] = await faultsOf(handle, map);
    expect([fault?.code, fault?.where, others]).toEqual(['missing_row', 'options', []]);
    expect(fault?.mend).toContain('series.invoice.next looks for the row {"name":"next_invoice"}');
    await handle('options').insert({ name: 'next_invoice', value: '1' });
    expect(await faultsOf(handle, map)).toEqual([]);
  });

  it('names an id column whose values the database would have to convert to compare them', async () => {
    await handle.schema.alterTable('payments', (table) => table.string('invoice_ref', 20));
    const map = tableMap();
    if (map.payments) map.payments.invoice = 'invoice_ref';
    const faults = await faultsOf(handle, map);
    expect(codesOf(faults)).toEqual(['unfit_type payments.invoice_ref', 'unmapped_reference payments.invoice_id']);
    expect(faults[0]?.mend).toMatch(/payments\.invoice_ref \(the map's payments\.invoice\).*invoices\.id/);
  });

  it('refuses an amount kept as text and a day kept as a number', async () => {
    await handle.schema.alterTable('invoices', (table) => {
      table.string('total_text', 20);
      table.integer('issued_at');
    });
    const map = tableMap();
    map.invoices.total = 'total_text';
    map.invoices.issueDate = 'issued_at';
    expect(codesOf(await faultsOf(handle, map))).toEqual([
      'unfit_type invoices.issued_at',
      'unfit_type invoices.total_text',
    ]);
  });

  it.each([
    [
      'a foreign key to the invoices',
      'CREATE TABLE t (id INTEGER PRIMARY KEY, bill INTEGER REFERENCES invoices(id))',
      'bill',
    ],
    [
      'a foreign key to the lines',
      'CREATE TABLE t (id INTEGER PRIMARY KEY, pos INTEGER REFERENCES invoice_items(id))',
      'pos',
    ],
    ['the name invoice_id', 'CREATE TABLE t (id INTEGER PRIMARY KEY, invoice_id INTEGER)', 'invoice_id'],
    ['the name invoiceid', 'CREATE TABLE t (id INTEGER PRIMARY KEY, invoiceid INTEGER)', 'invoiceid'],
    ['the name parentInvoiceId', 'CREATE TABLE t (id INTEGER PRIMARY KEY, parentInvoiceId INTEGER)', 'parentInvoiceId'],
    ['the name facture_id', 'CREATE TABLE t (id INTEGER PRIMARY KEY, facture_id INTEGER)', 'facture_id'],
    ['the name invoice_item_id', 'CREATE TABLE t (id INTEGER PRIMARY KEY, invoice_item_id INTEGER)', 'invoice_item_id'],
  ])(
    'finds a column that points at an invoice by %s, and until then delete is not offered',
    async (_how, sql, column) => {
      // MariaDB takes an inline REFERENCES, MySQL before 9 ignores it.
      await handle.raw(sql);
      const faults = await faultsOf(handle, tableMap());
      expect(codesOf(faults)).toEqual([`unmapped_reference t.${column}`]);
      expect(faults[0]?.mend).toContain(`table: 't', id: 'id'`);
      expect(faults[0]?.mend).toContain(`column: '${column}'`);
      expect(deleteBlockers(faults)).toEqual(faults);
    },
  );

  it('finds the singular of whatever the invoices table is called, also in a self-reference', async () => {
    await handle.raw('ALTER TABLE invoices RENAME TO tblbills');
    await handle.raw('CREATE TABLE t (id INTEGER PRIMARY KEY, bill_id INTEGER, waybill_id INTEGER)');
    await handle.raw('ALTER TABLE tblbills ADD COLUMN replaces_invoice_id INTEGER');
    const map = tableMap();
    map.invoices.table = 'tblbills';
    expect(codesOf(await faultsOf(handle, map)).sort()).toEqual([
      'unmapped_reference t.bill_id',
      'unmapped_reference tblbills.replaces_invoice_id',
    ]);
    await handle.raw('ALTER TABLE tblbills RENAME TO deliveries');
    await handle.raw('ALTER TABLE t ADD COLUMN delivery_id INTEGER');
    map.invoices.table = 'deliveries';
    expect(codesOf(await faultsOf(handle, map))).toContain('unmapped_reference t.delivery_id');
  });

  it('leaves alone a provider id kept as text, a reference to another table, views and the tables of the plugin', async () => {
    await handle.raw('CREATE TABLE supplier_invoices (id INTEGER PRIMARY KEY)');
    await handle.raw(
      'CREATE TABLE t (id INTEGER PRIMARY KEY, stripe_invoice_id VARCHAR(64), supplier_invoice_id INTEGER)',
    );
    await handle.raw('CREATE TABLE quotes (id INTEGER PRIMARY KEY)');
    await handle.raw('CREATE TABLE u (invoice_id INTEGER, FOREIGN KEY (invoice_id) REFERENCES quotes(id))');
    await handle.raw('CREATE TABLE im_carried (id INTEGER PRIMARY KEY, invoice_id INTEGER)');
    await handle.raw('CREATE VIEW v AS SELECT invoice_id FROM expenses');
    expect(await faultsOf(handle, tableMap())).toEqual([]);
  });

  it('finds pairs like rel_type/rel_id once the map has polymorphic rows, and not before', async () => {
    await handle.raw('CREATE TABLE notes (id INTEGER PRIMARY KEY, rel_type VARCHAR(20), rel_id INTEGER)');
    await handle.raw(
      'CREATE TABLE tags (tag_id INTEGER, taggable_type VARCHAR(20), taggable_id INTEGER, PRIMARY KEY (tag_id, taggable_id))',
    );
    await handle.raw('CREATE TABLE files (id INTEGER PRIMARY KEY, rel_type VARCHAR(20), rel_id INTEGER)');
    expect(await faultsOf(handle, tableMap())).toEqual([]);
    const map = tableMap();
    map.owned.push({ table: 'files', invoice: 'rel_id', fixed: { rel_type: 'inv' } });
    const faults = await faultsOf(handle, map);
    expect(codesOf(faults).sort()).toEqual(['unmapped_reference notes.rel_id', 'unmapped_reference tags.taggable_id']);
    expect(faults.find(({ where }) => where === 'notes.rel_id')?.mend).toContain(`fixed: { rel_type: 'inv' }`);
    expect(faults.find(({ where }) => where === 'tags.taggable_id')?.mend).toContain(`id: ['tag_id', 'taggable_id']`);
  });

  it('says that a handle which rewrites names is not fit, and still lists everything else', async () => {
    const snake = (text: string): string => text.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const camel = (text: string): string => text.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());
    const rewriting = (database.connect().client as { config: Knex.Config }).config;
    const other = knex({
      ...rewriting,
      wrapIdentifier: (value, quote) => quote(value === '*' ? value : snake(value)),
      postProcessResponse: (result: unknown) =>
        JSON.parse(JSON.stringify(result), (_key, value: unknown) =>
          value !== null && typeof value === 'object' && !Array.isArray(value)
            ? Object.fromEntries(Object.entries(value).map(([key, one]) => [camel(key), one]))
            : value,
        ) as unknown,
    });
    try {
      const map = tableMap();
      map.invoices.total = 'totl';
      map.invoices.note = 'clientNote';
      const faults = await faultsOf(other, map);
      expect(codesOf(faults)).toEqual([
        'names_rewritten knex',
        'missing_column invoices.totl',
        'missing_column invoices.clientNote',
      ]);
      expect(faults[0]?.mend).toMatch(/answers im_version under another name/);
    } finally {
      await other.destroy();
    }
  });

  if (name !== 'sqlite') {
    it('names amounts in floating point, ids that are too narrow or compare differently, and tables that cannot roll back', async () => {
      await handle.raw('ALTER TABLE invoices MODIFY total DOUBLE, MODIFY id BIGINT UNSIGNED');
      await handle.raw('ALTER TABLE invoice_items MODIFY price FLOAT');
      await handle.raw('ALTER TABLE payments ENGINE=MyISAM');
      const faults = await faultsOf(handle, tableMap());
      expect(codesOf(faults)).toEqual([
        'unfit_type invoices.total',
        'unfit_type invoice_items.invoice_id',
        'unfit_type invoice_items.price',
        'unfit_type payments.invoice_id',
        'unfit_type views_log.invoice_id',
        'unfit_type expenses.invoice_id',
        'not_transactional payments',
      ]);
      expect(faults[0]?.mend).toContain('DECIMAL');
      expect(deleteBlockers(faults)).toEqual([]);
    });

    it('does not mind that increments() is unsigned where integer() is not', async () => {
      await handle.raw('ALTER TABLE invoices MODIFY id INT UNSIGNED');
      expect(await faultsOf(handle, tableMap())).toEqual([]);
    });

    it('names text ids whose collation differs from that of the invoices', async () => {
      await handle.raw('ALTER TABLE invoices MODIFY id CHAR(36) COLLATE utf8mb4_bin');
      await handle.raw('ALTER TABLE invoice_items MODIFY invoice_id CHAR(36) COLLATE utf8mb4_general_ci');
      const faults = await faultsOf(handle, tableMap());
      expect(faults.find(({ where }) => where === 'invoice_items.invoice_id')?.mend).toContain('collation');
    });
  }
});
