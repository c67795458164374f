import type { Settings } from '../../plugin/settings/contract';
import { eachDatabase } from '../support/databases';
import { refusal } from '../support/merging-fixture';
import { openSettings, PEOPLE, type SettingsApp } from './settings-app';

type Rule = Settings['draft'];
const ONLY_CANCEL: Rule = { offered: ['cancel'], default: 'cancel' };
const ONLY_DELETE: Rule = { offered: ['delete'], default: 'delete' };
const CANCEL_FIRST: Rule = { offered: ['cancel', 'delete'], default: 'cancel' };
const DELETE_FIRST: Rule = { offered: ['cancel', 'delete'], default: 'delete' };

describe.each(eachDatabase)('what the settings offer, on %s', (_name, createDatabase) => {
  let crm: SettingsApp;
  let target: string;
  let issued: string;
  let draft: string;
  beforeAll(async () => {
    crm = await openSettings(await createDatabase());
  });
  afterAll(() => crm.fixture.close());

  async function invoices(): Promise<void> {
    const customer = await crm.fixture.customer();
    target = await crm.fixture.invoice(customer);
    issued = await crm.fixture.invoice(customer);
    draft = await crm.fixture.invoice(customer, { status: 'draft', number: null });
  }
  beforeEach(invoices);

  const save = (more: object, who: keyof typeof PEOPLE = 'sales') =>
    crm.fixture.save({ target, sources: [issued, draft], plugin: crm.merge, actor: PEOPLE[who], ...more });
  const settled = async (attempt: ReturnType<typeof save>): Promise<string[]> =>
    (await attempt).merge?.sources.map(({ settlement }) => settlement) ?? [];
  /** What the banner posts when nothing is touched: of the fields of one name the last one that is ticked. */
  async function untouched(
    who: 'sales' | 'books',
  ): Promise<{ issued: string; draft: string; $: Awaited<ReturnType<SettingsApp['get']>>['$'] }> {
    const { $ } = await crm.get(who, `/invoices/${target}/edit`);
    const posted = (name: string): string =>
      $(`input[name=${name}]`)
        .toArray()
        .filter(({ attribs }) => attribs.type === 'hidden' || 'checked' in attribs)
        .at(-1)?.attribs.value ?? '';
    return { issued: posted('invoiceMergeIssued'), draft: posted('invoiceMergeDraft'), $ };
  }

  it.each([
    [ONLY_CANCEL, ONLY_DELETE],
    [ONLY_DELETE, CANCEL_FIRST],
    [CANCEL_FIRST, DELETE_FIRST],
    [DELETE_FIRST, ONLY_CANCEL],
  ])('lets sales staff and bookkeepers finish a merge with the default: %j, drafts %j', async (one, other) => {
    await crm.set({ issued: one, draft: other });
    for (const who of ['sales', 'books'] as const) {
      const { $, ...posted } = await untouched(who);
      expect($('#im-title').text()).toContain('2 factures');
      expect(await settled(save(posted, who))).toEqual([one.default, other.default]);
      await invoices();
    }
    // Without the banner's fields, as over a host's own API.
    expect(await settled(save({}))).toEqual([one.default, other.default]);
  });

  it('refuses a page that is older than the settings what is offered no more, and the next page posts what is', async () => {
    await crm.set({ issued: ONLY_CANCEL, draft: ONLY_CANCEL });
    for (const choice of [{ issued: 'delete' }, { issued: 'cancel', draft: 'delete' }])
      expect(await refusal(save(choice, 'books'))).toMatchObject({ code: 'IM_SETTLEMENT_NOT_OFFERED', status: 422 });
    const { $, ...posted } = await untouched('books');
    expect($('.im-settlement input[type=checkbox]')).toHaveLength(0);
    expect(await settled(save(posted, 'books'))).toEqual(['cancel', 'cancel']);
  });

  it('refuses who may not choose the default of yesterday', async () => {
    await crm.set({ issued: DELETE_FIRST, draft: DELETE_FIRST });
    expect(await refusal(save({ issued: 'cancel', draft: 'cancel' }))).toMatchObject({
      code: 'IM_SETTLEMENT_FORBIDDEN',
      status: 403,
    });
    expect(await settled(save({ issued: 'cancel', draft: 'cancel' }, 'books'))).toEqual(['cancel', 'cancel']);
  });

  it('lets drafts go the way that was chosen for issued invoices, unless something is said of them', async () => {
    await crm.set({ issued: CANCEL_FIRST, draft: CANCEL_FIRST });
    expect(await settled(save({ issued: 'delete' }, 'books'))).toEqual(['delete', 'delete']);
    await invoices();
    await crm.set({ issued: CANCEL_FIRST, draft: ONLY_CANCEL });
    expect(await settled(save({ issued: 'delete' }, 'books'))).toEqual(['delete', 'cancel']);
  });

  it('gives each kind its own box or sentence where they differ', async () => {
    await crm.set({ issued: CANCEL_FIRST, draft: DELETE_FIRST });
    const boxes = (await untouched('books')).$('.im-settlement label');
    expect(boxes.toArray().map((_one, index) => boxes.eq(index).find('input').is(':checked'))).toEqual([true, false]);
    expect(boxes.text()).toContain('Marquer les brouillons comme annulés');
    await crm.set({ issued: ONLY_CANCEL, draft: ONLY_DELETE });
    expect((await untouched('books')).$('.im-sentence').text()).toBe(
      'Les factures émises seront marquées comme annulées et garderont leur numéro. Elles quittent les rapports et ne sont plus relancées. Les brouillons seront supprimés\u202f; ils n’ont pas de numéro\u202f: aucun trou.',
    );
  });

  it('cancels where deleting is the default but a column of the host forbids it', async () => {
    await crm.set({ issued: ONLY_DELETE, draft: DELETE_FIRST });
    const { crm: testHost } = crm.fixture;
    const links = testHost.map.links.filter((link) => link.name !== 'estimates');
    const host = { ...testHost.host, map: { ...testHost.map, links } };
    const plugin = crm.fixture.plugin({ host });
    expect(await settled(save({ plugin }))).toEqual(['cancel', 'cancel']);
    await invoices();
    const error = await refusal(save({ plugin, issued: 'delete' }, 'books'));
    expect(error).toMatchObject({
      code: 'IM_SETTLEMENT_NOT_OFFERED',
      vars: { blockedBy: [{ where: 'app_devis.facture_id' }] },
    });
  });
});
