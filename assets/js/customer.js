// @ts-check
/** A change of customer or currency: asks before merged lines leave, then fetches the banner anew. */

/**
 * @typedef {object} Watch
 * @property {Record<string, any>} config
 * @property {import('./words.js').Words} words
 * @property {ReturnType<typeof import('./api.js').createApi>} api
 * @property {HTMLElement} root
 * @property {() => HTMLFormElement | null} form
 * @property {AbortSignal} signal
 * @property {() => number} count how many are ticked
 * @property {() => void} clear unticks all
 * @property {(next: Element) => void} replace puts the new banner in place
 * @property {(error: unknown) => boolean} signedOut says so where that is what the error means
 */

/** @typedef {HTMLInputElement | HTMLSelectElement} Field */

/** @param {Watch} watch */
export function watchCustomer(watch) {
  const { config, words, api, root, form, signal } = watch;
  /** @returns {Record<'customer' | 'currency', Field | null>} */
  const fields = () => {
    const named = (/** @type {string | null} */ name) =>
      name ? /** @type {Field | null} */ (form()?.elements.namedItem(name) ?? null) : null;
    return { customer: named(config.customerField), currency: named(config.currencyField) };
  };
  let customerId = config.customerId;
  let currency = config.currencyField ? (fields().currency?.value ?? null) : null;
  let turn = 0;

  /** @param {string | null} nextCustomer @param {string | null} nextCurrency @param {() => void} restore */
  async function change(nextCustomer, nextCurrency, restore) {
    if (nextCustomer === customerId && nextCurrency === currency) return;
    if (watch.count() > 0) {
      if (!(await confirmRemoval())) {
        restore();
        return;
      }
      watch.clear();
    }
    customerId = nextCustomer;
    currency = nextCurrency;
    await reload();
  }

  async function reload() {
    const mine = ++turn;
    const placeholder = root.querySelector('[data-im="placeholder"]');
    if (placeholder) placeholder.textContent = words.say('banner.searching');
    const { page, invoiceId, formId, customerField, currencyField } = config;
    try {
      const next = await api.banner({ page, customerId, invoiceId, currency, formId, customerField, currencyField });
      if (mine === turn && !signal.aborted && next) watch.replace(next);
    } catch (error) {
      if (!watch.signedOut(error) && placeholder && mine === turn)
        placeholder.textContent = error instanceof Error ? error.message : '';
    }
  }

  /** @returns {Promise<boolean>} */
  function confirmRemoval() {
    const dialog = document.createElement('dialog');
    dialog.setAttribute('data-im', 'dialog');
    const vars = { count: watch.count(), customer: config.customer };
    const question = document.createElement('p');
    question.id = 'im-question';
    question.textContent = words.say('banner.removeCustomer', vars);
    dialog.setAttribute('aria-labelledby', question.id);
    const buttons = document.createElement('div');
    buttons.className = 'im-buttons';
    for (const [answer, key] of /** @type {[string, string][]} */ ([
      ['no', 'banner.removeCustomerNo'],
      ['yes', 'banner.removeCustomerYes'],
    ])) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = answer === 'yes' ? 'im-button im-main' : 'im-button';
      button.textContent = words.say(key, vars);
      button.addEventListener('click', () => dialog.close(answer));
      buttons.append(button);
    }
    dialog.append(question, buttons);
    root.append(dialog);
    return new Promise((resolve) => {
      // Escape closes without an answer: nothing is taken out.
      dialog.addEventListener('close', () => {
        dialog.remove();
        resolve(dialog.returnValue === 'yes');
      });
      dialog.showModal();
    });
  }

  document.addEventListener(
    'change',
    (event) => {
      const { customer, currency: money } = fields();
      if (event.target !== customer && event.target !== money) return;
      const restore = () => {
        for (const [field, value] of /** @type {[Field | null, string | null][]} */ ([
          [customer, customerId],
          [money, currency],
        ])) {
          if (!field || value === null || field.value === value) continue;
          field.value = value;
          field.dispatchEvent(new Event('change', { bubbles: true }));
        }
      };
      void change(customer ? customer.value || null : customerId, money ? money.value : currency, restore);
    },
    { signal },
  );
  document.addEventListener(
    'invoice-merge:customer',
    (event) => {
      const detail = /** @type {CustomEvent} */ (event).detail;
      void change(detail.customerId ?? null, detail.currency ?? currency, () => {});
    },
    { signal },
  );
  // The browser may have restored the host's customer after reload or back.
  const now = fields().customer?.value;
  if (now && now !== customerId) {
    customerId = now;
    void reload();
  }
}
