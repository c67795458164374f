// @ts-check
/** Calls to the plugin's own API; a refusal's message is in the person's language already. */

/** @typedef {{ base: string, csrf: { header: string, token: string } | null, words: import('./words.js').Words }} ApiConfig */

/** @param {ApiConfig} config */
export function createApi({ base, csrf, words }) {
  /** @param {string} path @param {RequestInit} [init] @returns {Promise<Response>} */
  async function call(path, init = {}) {
    const headers = { Accept: 'application/json', ...init.headers };
    const response = await fetch(`${base}${path}`, { credentials: 'same-origin', ...init, headers }).catch(() => null);
    if (!response) throw new Error(words.say('banner.offline'));
    if (response.ok) return response;
    const body = await response.json().catch(() => null);
    throw new Error(body?.error?.message ?? words.say('banner.offline'));
  }

  return {
    /** @param {string} sourceId @param {string | null} targetId @returns {Promise<import('./rows.js').SourceLines>} */
    async lines(sourceId, targetId) {
      const query = targetId ? `?targetId=${encodeURIComponent(targetId)}` : '';
      const response = await call(`/api/invoices/${encodeURIComponent(sourceId)}/lines${query}`);
      return response.json();
    },
    /** @param {{ targetId?: string, customerId?: string, sourceIds: string[] }} body @returns {Promise<Record<string, any>>} */
    async preview(body) {
      const headers = { 'Content-Type': 'application/json', ...(csrf && { [csrf.header]: csrf.token }) };
      const response = await call('/api/merges/preview', { method: 'POST', headers, body: JSON.stringify(body) });
      return response.json();
    },
    /** @param {Record<string, string | null>} query @param {AbortSignal} [signal] @returns {Promise<Element | null>} the banner again */
    async banner(query, signal) {
      const given = Object.entries(query).filter(([, value]) => value !== null);
      const search = new URLSearchParams(/** @type {[string, string][]} */ (given));
      const response = await call(`/banner?${search}`, { signal });
      const page = new DOMParser().parseFromString(await response.text(), 'text/html');
      return page.querySelector('[data-im="banner"]');
    },
  };
}
