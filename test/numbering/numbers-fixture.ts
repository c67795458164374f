/** A host whose documents are made for their numbers alone, and what numbering says of them over its API. */
import type { Id, Row, TableMap } from '../../plugin/host/contract';
import { knexHost } from '../../plugin/host/knex-host';
import type { Gap, SeriesSummary } from '../../plugin/numbering/contract';
import type { Options } from '../../plugin/contract';
import type { Request } from 'express';
import type { TestDatabase } from '../support/databases';
import { crmHost, type TestHost } from '../support/hosts';
import { openMerging, type HttpAsk, type MergingFixture, type Plugin } from '../support/merging-fixture';

/** The small CRM with these patterns; without a next-number setting unless asked for. */
export function hostWith(series: NonNullable<TableMap['series']>['invoice'], crm = crmHost()): TestHost {
  const map = { ...crm.map, series: { ...crm.map.series, invoice: series } };
  return { ...crm, map, host: knexHost(map) };
}

export interface NumbersFixture extends MergingFixture {
  customerId: Id;
  plugin(options?: Partial<Options<Request>>): Plugin;
  /** An issued invoice with this number, of this day; `status` in the host's words. */
  bear(number: string, date?: string, more?: Row): Promise<Id>;
  remove(number: string): Promise<void>;
  ask(path: string, how?: HttpAsk): Promise<{ status: number; body: Row }>;
  /** All series, by their key. */
  series(): Promise<Record<string, SeriesSummary>>;
  gaps(series: string, page?: number): Promise<Gap[]>;
}

const DAY = '2026-03-20';

export async function openNumbers(database: TestDatabase, crm: TestHost): Promise<NumbersFixture> {
  const fixture = await openMerging(database, crm);
  const customerId = await fixture.customer();
  const model = await fixture.invoice(customerId, { status: 'draft' });
  const [row = {}] = await fixture.rows('app_factures', { id: model });
  await fixture.knex('app_factures').where({ id: model }).delete();

  const ask: NumbersFixture['ask'] = async (path, how = {}) => fixture.http(`/api${path}`, how);
  return {
    ...fixture,
    customerId,
    ask,
    async bear(number, date = DAY, more = {}) {
      const rows = { ...row, id: undefined, numero: number, emise_le: date, statut: 'a_payer', ...more };
      const [id] = await fixture.knex('app_factures').insert(rows);
      return String(id);
    },
    async remove(number) {
      await fixture.knex('app_factures').where({ numero: number }).delete();
    },
    async series() {
      const { body } = await ask('/series');
      return Object.fromEntries((body.series as SeriesSummary[]).map((one) => [one.series, one]));
    },
    async gaps(series, page = 1) {
      const { body } = await ask(`/series/${encodeURIComponent(series)}/gaps?page=${page}`);
      return body.gaps as Gap[];
    },
  };
}

/** '3-4' for each gap. */
export const stretches = (gaps: Gap[]): string[] =>
  gaps.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
