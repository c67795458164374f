// @ts-check
/** Calls to the plugin's own API; a refusal's message is in the person's language already. */

/** @typedef {{ base: string, csrf: { header: string, token: string } | null, words: import('./words.js').Words }} ApiConfig */

/** Nobody is signed in any more: the page keeps what was typed, and the person can sign in elsewhere. */
export class SignedOut extends Error {}

/** @param {ApiConfig} config */
export function createApi({ base, csrf, words }) {
  /** @param {string} path @param {RequestInit} [init] @param {string} [type] of the answer @returns {Promise<Response>} */
  async function call(path, init = {}, type = 'json') {
    const headers = { Accept: 'application/json', ...init.headers };
    const response = await fetch(`${base}${path}`, { credentials: 'same-origin', ...init, headers }).catch(() => null);
    if (!response) throw new Error(words.say('banner.offline'));
    // Many hosts answer everything with their sign-in page then.
    const elsewhere = response.redirected || (response.ok && !response.headers.get('Content-Type')?.includes(type));
    if (response.status === 401 || elsewhere) throw new SignedOut(words.say('banner.signedOut'));
    if (response.ok) return response;
    const body = await response.json().catch(() => null);
    throw new Error(body?.error?.message ?? words.say('banner.offline'));
  }

  /** @param {string} path @param {object} body @returns {Promise<any>} */
  async function post(path, body) {
    const headers = { 'Content-Type': 'application/json', ...(csrf && { [csrf.header]: csrf.token }) };
    const response = await call(path, { method: 'POST', headers, body: JSON.stringify(body) });
    return response.json();
  }

  return {
    /**
     * @param {string[]} sourceIds @param {string | null} targetId
     * @returns {Promise<{ sources: import('./rows.js').SourceLines[], refused: { sourceId: string, error: { message: string } }[] }>}
     */
    lines: (sourceIds, targetId) => post('/api/invoices/lines', { sourceIds, ...(targetId && { targetId }) }),
    /** @param {{ targetId?: string, customerId?: string, sourceIds: string[] }} body @returns {Promise<Record<string, any>>} */
    preview: (body) => post('/api/merges/preview', body),
    /** @param {Record<string, string | null>} query @param {AbortSignal} [signal] @returns {Promise<Element | null>} the banner again */
    async banner(query, signal) {
      const given = Object.entries(query).filter(([, value]) => value !== null);
      const search = new URLSearchParams(/** @type {[string, string][]} */ (given));
      const response = await call(`/banner?${search}`, { signal }, 'html');
      const page = new DOMParser().parseFromString(await response.text(), 'text/html');
      return page.querySelector('[data-im="banner"]');
    },
  };
}
