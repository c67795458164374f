import { createDatabase, eachDatabase } from '../support/databases';
import { crmHost, rewritingHost, type LineSpec } from '../support/hosts';
import {
  ACTORS,
  line,
  openMerging,
  reasonsOf,
  refusal,
  type MergingFixture,
  type Save,
} from '../support/merging-fixture';

describe.each(eachDatabase)('what a save leaves out, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let customer: string;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  beforeEach(async () => {
    customer = await fixture.customer();
  });
  afterAll(() => fixture.close());

  async function withTaskOnFirstLine(): Promise<{ source: string; save: Save }> {
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer, { lines: [line('First', '50'), line('Second', '60')] });
    const [first] = (await fixture.load(source)).lines;
    await fixture.crm.addLink(fixture.knex, 'lineExpenses', first?.id ?? '', 'task');
    return {
      source,
      save: {
        target,
        sources: [source],
        mode: 'form',
        rows: (rows) => rows.filter(({ description }) => description !== 'First'),
        acknowledged: ['carried_lines_changed', 'total_changed'],
        actor: ACTORS.books,
      },
    };
  }

  it('a source is not deleted while something hangs on a line that the person took out', async () => {
    const { source, save } = await withTaskOnFirstLine();
    const before = await fixture.dump();
    const error = await refusal(fixture.save({ ...save, issued: 'delete' }));
    expect(error.code).toBe('IM_NOT_MERGEABLE');
    expect(reasonsOf(error, source)).toEqual(['link']);
    expect(await fixture.dump()).toEqual(before);
  });

  it('a cancelled source keeps its line and what hangs on it', async () => {
    const { source, save } = await withTaskOnFirstLine();
    const [first] = (await fixture.load(source)).lines;
    await fixture.save(save);
    expect((await fixture.load(source)).lines.map(({ id }) => id)).toContain(first?.id);
    const tasks = await fixture.rows('app_frais_lignes');
    expect(
      tasks.filter((task) =>
        Object.values(task)
          .map(String)
          .includes(first?.id ?? ''),
      ),
    ).not.toEqual([]);
  });

  it('rows of a source that is no longer ticked are not saved: they would be billed twice', async () => {
    const target = await fixture.invoice(customer);
    const [kept, unticked] = [
      await fixture.invoice(customer, { lines: [line('Kept', '50')] }),
      await fixture.invoice(customer, { lines: [line('Unticked', '60')] }),
    ];
    const [row] = (await fixture.load(unticked)).lines;
    const before = await fixture.dump();
    const stray = line('Unticked', '60', { key: `${unticked}.${row?.id}` });
    const own = (await fixture.load(target)).lines.map(({ id }) => line('Work', '100', { id }));
    for (const save of [
      { target, sources: [kept], mode: 'form' as const, rows: (rows: LineSpec[]) => [...rows, stray] },
      { target, mode: 'form' as const, spec: { customerId: customer, lines: [...own, stray] } },
    ]) {
      const error = await refusal(fixture.save(save));
      expect(error).toMatchObject({ code: 'IM_LINES_WITHOUT_SOURCE', status: 422, vars: { lines: ['Unticked'] } });
      expect(await fixture.dump()).toEqual(before);
    }
  });

  it('a new invoice that the host calls paid while it is worth nothing takes the lines, and is unpaid', async () => {
    const source = await fixture.invoice(customer);
    const { invoiceId } = await fixture.save({
      spec: { customerId: customer, status: 'paid', lines: [] },
      sources: [source],
    });
    const merged = await fixture.load(invoiceId);
    expect({ status: merged.status, total: merged.total }).toEqual({ status: 'unpaid', total: '120.00' });
  });
});

it('rows of an earlier merge may keep their keys on a host that writes its lines anew', async () => {
  const fixture = await openMerging(await createDatabase('sqlite'), rewritingHost());
  const customer = await fixture.customer();
  const target = await fixture.invoice(customer);
  const source = await fixture.invoice(customer, { lines: [line('Kept', '50')] });
  const [row] = (await fixture.load(source)).lines;
  await fixture.save({ target, sources: [source], mode: 'form' });
  const form = await fixture.formOf(target);
  const lines = form.lines.map((one) => (one.description === 'Kept' ? { ...one, key: `${source}.${row?.id}` } : one));
  expect(await fixture.save({ target, mode: 'form', spec: { ...form, lines } })).toMatchObject({ retagged: 1 });
  expect((await fixture.load(target)).lines.filter((one) => one.sourceInvoiceId === source)).toHaveLength(1);
  await fixture.close();
});
