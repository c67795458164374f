import type { TableMap } from '../../plugin/host/contract';
import { numberOf, sequenceIn } from '../../plugin/host/patterns';
import { mapFaults } from '../../plugin/host/table-map';
import { eachHost } from '../support/hosts';

describe('a table map', () => {
  it.each(eachHost)('%s: has no fault', (_name, make) => {
    expect(mapFaults(make().map)).toEqual([]);
  });

  it('tells all its faults at once, each with its place', () => {
    const map = eachHost[0]![1]().map;
    const bad = {
      ...map,
      tablePrefix: 'im-',
      invoices: { ...map.invoices, id: 'id; DROP TABLE x', total: undefined, status: { of: () => 'paid', where: 1 } },
      lines: { ...map.lines, fixed: { 'a b': 1 } },
      creditNotes: { ...map.creditNotes, adjustment: undefined, lines: { ...map.creditNotes?.lines, id: 'a.b' } },
      series: { invoice: { patterns: ['FA-{yyyy}', '{seq}{day}'] } },
      owned: undefined,
      links: [{ ...map.links[0]!, policy: 'steal' }, map.links[0]!],
    } as unknown as TableMap;
    expect(
      mapFaults(bad)
        .map(({ where }) => where)
        .sort(),
    ).toEqual([
      'creditNotes.adjustment',
      'creditNotes.lines.id',
      'invoices.id',
      'invoices.status.set.cancelled',
      'invoices.status.where',
      'invoices.total',
      'lines.fixed',
      'links.0.policy',
      'links.1.name',
      'owned',
      'series.creditNote',
      'series.invoice.patterns.0',
      'series.invoice.patterns.1',
      'tablePrefix',
    ]);
    for (const { mend } of mapFaults(bad)) expect(mend).toMatch(/^[a-z"].{10}/);
  });

  it('writes and reads numbers by pattern', () => {
    expect(numberOf('FA{yy}{mm}-{seq:4}', 12, '2026-03-01')).toBe('FA2603-0012');
    expect(sequenceIn('FA{yy}{mm}-{seq:4}', 'FA2512-10012')).toBe(10012);
    expect(sequenceIn('FA.{seq}', 'FAx12')).toBeNull();
  });
});
