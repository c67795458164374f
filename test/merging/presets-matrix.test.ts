import type { Actor, Id, Settlement } from '../../plugin/host/contract';
import { isPluginError } from '../../plugin/errors';
import type { Preset } from '../../plugin/settings/contract';
import { openSettings, PEOPLE, type SettingsApp } from '../settings/settings-app';
import { eachDatabase } from '../support/databases';
import type { InvoiceSpec } from '../support/hosts';
import { line } from '../support/merging-fixture';

const CLOSED_UNTIL = '2026-09-30';
const PRESETS: Preset[] = ['none', 'france', 'eu'];
type Who = 'sales' | 'books' | 'admin';

/** Everything an invoice may be when somebody merges; each is once a source and once a target of one customer. */
const KINDS = ['draft', 'unpaid', 'overdue', 'transmitted', 'closed', 'partial', 'paid', 'cancelled'] as const;
type Kind = (typeof KINDS)[number];
const TARGETS = ['new', ...KINDS] as const;
type Target = (typeof TARGETS)[number];

/** The law and the permissions as they are written down, not as the code has them. */
const receives = (preset: Preset, target: Target): boolean =>
  (preset === 'none' ? ['new', 'draft', 'unpaid', 'overdue'] : ['new', 'draft']).includes(target);
const chooses = (who: Who): boolean => who !== 'sales';
function lawful(preset: Preset, who: Who, source: Kind): Settlement[] {
  if (['partial', 'paid', 'cancelled'].includes(source)) return [];
  if (source === 'draft') {
    if (chooses(who)) return ['cancel', 'delete'];
    return [preset === 'none' ? 'cancel' : 'delete'];
  }
  const untouchable = source === 'transmitted' || source === 'closed';
  if (preset !== 'none') return ['credit'];
  if (!chooses(who)) return untouchable ? [] : ['cancel'];
  return untouchable ? ['credit'] : ['cancel', 'delete', 'credit'];
}

const LETTERS: Record<Settlement, string> = { cancel: 'c', delete: 'd', credit: 'n' };

// Hundreds of real saves each.
jest.setTimeout(120_000);

describe.each(eachDatabase)('preset x role x status, on %s', (name, createDatabase) => {
  let crm: SettingsApp;
  let customer: Id;
  const sources = {} as Record<Kind, Id>;
  const targets = {} as Record<Kind, Id>;
  const versions = new Map<Id, string>();
  const specs = new Map<Id, InvoiceSpec>();

  beforeAll(async () => {
    crm = await openSettings(await createDatabase());
    const { fixture } = crm;
    customer = await fixture.customer();
    for (const kinds of [sources, targets])
      for (const kind of KINDS) {
        const status = kind === 'transmitted' || kind === 'closed' || kind === 'partial' ? 'unpaid' : kind;
        const id = await fixture.invoice(customer, {
          status,
          issueDate: kind === 'closed' ? CLOSED_UNTIL : '2026-10-01',
          ...(kind === 'draft' && { number: null }),
        });
        if (kind === 'partial' || kind === 'paid')
          await fixture.crm.pay(fixture.knex, id, kind === 'paid' ? '120' : '20');
        if (kind === 'transmitted') await fixture.knex('app_factures').where({ id }).update({ transmise: true });
        kinds[kind] = id;
        versions.set(id, (await fixture.load(id)).version);
        specs.set(id, await fixture.formOf(id));
      }
  });
  afterAll(() => crm.fixture.close());

  const setPreset = (preset: Preset): Promise<void> =>
    crm.set({
      preset,
      lockedUntil: CLOSED_UNTIL,
      issued: { offered: ['cancel', 'delete', 'credit'], default: 'cancel' },
      draft: { offered: ['cancel', 'delete'], default: 'cancel' },
    });

  const isDone = new Error('rolled back, whatever came of it');

  /** The real save, in a transaction that is rolled back: 'merged' after a look at the books, else why it was refused. */
  async function attempt(who: Who, into: Target, from: Kind, settlement: Settlement): Promise<string> {
    const { fixture, merge } = crm;
    const target = into === 'new' ? undefined : targets[into];
    const saved = target === undefined ? undefined : specs.get(target);
    const spec: InvoiceSpec = saved ? { ...saved } : { customerId: customer, issueDate: '2026-11-05', lines: [] };
    // Who credits issues the draft in the same save.
    if (into === 'draft' && settlement === 'credit')
      Object.assign(spec, { status: 'unpaid', number: 'FA-2026-90001', issueDate: '2026-11-05' });
    if (into === 'new') spec.lines = [line('Own', '10')];
    const chosen = from === 'draft' ? { draft: settlement } : { issued: settlement };
    const actor: Actor = PEOPLE[who];
    const source = { id: sources[from], version: versions.get(sources[from]) ?? null };
    let outcome = 'merged';
    const tried = fixture.knex.transaction(async (trx) => {
      try {
        const targetVersion = target === undefined ? null : (versions.get(target) ?? null);
        await fixture.save({
          ...{ trx, spec, actor, plugin: merge, targetVersion, sources: [source], ...chosen },
          ...(target !== undefined && { target }),
        });
        const row = await trx('app_factures').where({ id: source.id }).first<{ statut: string } | undefined>('statut');
        const notes = (await trx('app_avoirs').where({ facture_id: source.id })).length;
        outcome = `merged, ${row?.statut ?? 'gone'}${notes > 0 ? `, ${notes} credit note` : ''}`;
      } catch (error) {
        if (!isPluginError(error)) throw error;
        const { invoices, reason } = error.vars as {
          invoices?: { reasons: { code: string }[] }[];
          reason?: { code: string };
        };
        const reasons =
          invoices?.flatMap((one) => one.reasons.map(({ code }) => code)) ?? (reason ? [reason.code] : []);
        outcome = [error.code, ...reasons].join(' ');
      }
      throw isDone;
    });
    await tried.catch((error: unknown) => {
      if (error !== isDone) throw error;
    });
    return outcome;
  }

  /**
   * A new invoice is asked for every source. What it takes, every other invoice that takes lines takes too: of them each
   * way of refusing or accepting once, on one database. Of those that take none, what everything else takes.
   */
  function asked(into: Target, open: boolean): readonly Kind[] {
    if (into === 'new') return KINDS;
    return open && name === 'sqlite' ? ['draft', 'unpaid', 'transmitted', 'paid'] : ['unpaid'];
  }
  function settlementsToTry(preset: Preset, from: Kind, open: boolean): Settlement[] {
    if (from === 'draft') return ['cancel', 'delete'];
    // What everybody may choose, so that it is refused for nothing but the invoice.
    if (!open || ['partial', 'paid', 'cancelled'].includes(from)) return [preset === 'none' ? 'cancel' : 'credit'];
    return ['cancel', 'delete', 'credit'];
  }

  const MERGED: Record<Settlement, string> = {
    cancel: 'merged, annulee',
    delete: 'merged, gone',
    credit: 'merged, avoir, 1 credit note',
  };

  /** What of each kind the page lets this person tick, into this target. */
  async function tickable(who: Who, into: Target): Promise<Kind[]> {
    const path = into === 'new' ? `/invoices/${customer}/create` : `/invoices/${targets[into]}/edit`;
    const { $ } = await crm.get(who, path);
    const ids = $('input[name="invoiceMergeSource"]:not([disabled])')
      .toArray()
      .map((box) => String($(box).attr('value')).split('~')[0]);
    return KINDS.filter((kind) => ids.includes(sources[kind]));
  }

  it.each(PRESETS)(
    '%s: what is offered is accepted, all else is refused, and nothing unlawful goes through',
    async (preset) => {
      await setPreset(preset);
      const rows: string[] = [];
      for (const into of name === 'sqlite' ? TARGETS : (['new', 'unpaid'] as const)) {
        const cells = KINDS.map(() => '');
        const open = receives(preset, into);
        for (const who of ['sales', 'books', 'admin'] as const) {
          // What differs by role is who may choose; into which invoice is asked of one that may, and one that may not.
          if (who === 'admin' && (into !== 'new' || name !== 'sqlite')) continue;
          const offered = await tickable(who, into);
          expect([preset, who, into, offered]).toEqual([
            ...[preset, who, into],
            open ? KINDS.filter((kind) => lawful(preset, who, kind).length > 0) : [],
          ]);
          // Who may do the most is refused too.
          for (const from of open || who === 'books' ? asked(into, open) : []) {
            const kinds = settlementsToTry(preset, from, open);
            const accepted: Settlement[] = [];
            for (const settlement of kinds) {
              const outcome = await attempt(who, into, from, settlement);
              if (!open)
                expect([preset, who, into, outcome]).toContainEqual(expect.stringMatching(/^IM_TARGET_CLOSED /));
              if (outcome.startsWith('merged')) {
                accepted.push(settlement);
                expect([preset, who, into, from, outcome]).toEqual([preset, who, into, from, MERGED[settlement]]);
              }
            }
            expect([preset, who, into, from, accepted]).toEqual([
              ...[preset, who, into, from],
              open ? lawful(preset, who, from) : [],
            ]);
            const letters = accepted.map((one) => LETTERS[one]).join('');
            if (open && who !== 'admin') cells[KINDS.indexOf(from)] += `${who === 'books' ? '/' : ''}${letters || '-'}`;
          }
        }
        rows.push(
          [into, ...(open ? cells.map((cell) => cell || '=') : KINDS.map(() => '.'))]
            .map((cell) => cell.padEnd(12))
            .join(''),
        );
      }
      // Once: both databases were just seen to agree with what is written down.
      if (name === 'sqlite')
        process.stdout.write(
          [
            `\n${preset}: sales/bookkeeper may c(ancel) d(elete) n: settle by credit note; . takes no lines, = as a new one`,
            ['into \\ from', ...KINDS].map((cell) => cell.padEnd(12)).join(''),
            ...rows,
            '',
          ].join('\n'),
        );
    },
  );

  it.each(PRESETS)(
    '%s: whoever may merge finishes one by default settlement, issued and draft together',
    async (preset) => {
      await setPreset(preset);
      const { fixture, merge } = crm;
      for (const who of ['sales', 'books', 'admin'] as const) {
        const issued = await fixture.invoice(customer, { issueDate: '2026-10-02' });
        const draft = await fixture.invoice(customer, { status: 'draft', number: null, issueDate: '2026-10-02' });
        const spec = { customerId: customer, issueDate: '2026-11-05', lines: [line('Own', '10')] };
        const result = await fixture.save({ spec, sources: [issued, draft], plugin: merge, actor: PEOPLE[who] });
        expect(result.merge?.sources.map(({ settlement }) => settlement)).toEqual(
          preset === 'none' ? ['cancel', 'cancel'] : ['credit', 'delete'],
        );
      }
    },
  );

  it('France: a draft that stays one takes no issued invoice, and an issued one takes nothing at all', async () => {
    await setPreset('france');
    const { fixture, merge } = crm;
    const kept = fixture.save({ target: targets.draft, sources: [sources.unpaid], plugin: merge, actor: PEOPLE.sales });
    await expect(kept).rejects.toMatchObject({ code: 'IM_TARGET_NOT_ISSUED', status: 422 });
    expect(await attempt('books', 'unpaid', 'draft', 'delete')).toBe('IM_TARGET_CLOSED target_issued');
    expect(await attempt('books', 'new', 'unpaid', 'cancel')).toBe('IM_SETTLEMENT_NOT_OFFERED');
    // The way out that the page shows instead.
    const { $ } = await crm.get('sales', `/invoices/${targets.unpaid}/edit`);
    expect($('.im-hint').text()).toContain('Cette facture est déjà émise');
    expect($('[data-im="regroup"]').attr('href')).toBe(
      `/new?customerId=${customer}&currency=EUR&invoiceMergeSource=${targets.unpaid}`,
    );
    const there = await crm.get('sales', `/invoices/${customer}/create?invoiceMergeSource=${targets.unpaid}`);
    const ticked = there.$('input[name="invoiceMergeSource"]:checked');
    expect(ticked.toArray().map((box) => String($(box).attr('value')).split('~')[0])).toEqual([targets.unpaid]);
  });
});
