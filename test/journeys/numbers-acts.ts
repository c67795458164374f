/// <reference lib="dom" />
/** What people do to numbers, over the API: journeys and pictures begin after it. */
import type { Page } from 'playwright-core';
import type { Crm } from './crm';

/** Merges these into Martin's draft, as the banner does. @param page of somebody who may choose the settlement */
export async function mergeOverApi(
  page: Page,
  crm: Crm,
  numbers: string[],
  issued: 'cancel' | 'delete',
): Promise<void> {
  const ids = await Promise.all(numbers.map((number) => crm.idOf(number)));
  const status = await page.evaluate(
    async ([targetId, sources, settlement]) => {
      const headers = { 'content-type': 'application/json' };
      const versions = await Promise.all(
        sources.map(async (id) => {
          const reply = await fetch(`/invoice-merge/api/invoices/${id}/lines`);
          return ((await reply.json()) as { source: { id: string; version: string } }).source;
        }),
      );
      const body = JSON.stringify({
        ...{ targetId, sources: versions.map(({ id, version }) => ({ id, version })) },
        ...{ settlement: { issued: settlement, draft: 'cancel' }, key: `numbers-${sources.join('-')}` },
        acknowledged: ['total_changed', 'fields_differ'],
      });
      return (await fetch('/invoice-merge/api/merges', { method: 'POST', headers, body })).status;
    },
    [crm.draft, ids, issued] as const,
  );
  if (status !== 201) throw new Error(`the merge was answered with ${status}`);
}

/** Writes down why these numbers are missing. */
export async function explainOverApi(page: Page, series: string, sequence: number, reason: string): Promise<void> {
  const status = await page.evaluate(
    async ([key, from, why]) => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ from, to: from, reason: why });
      const url = `/invoice-merge/api/series/${encodeURIComponent(key)}/gaps/explain`;
      return (await fetch(url, { method: 'POST', headers, body })).status;
    },
    [series, sequence, reason] as const,
  );
  if (status >= 300) throw new Error(`the explanation was answered with ${status}`);
}
