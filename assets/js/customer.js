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
 * @property {() => void} leave there is no banner for what the form says now
 * @property {(error: unknown) => boolean} signedOut says so where that is what the error means
 */

/** @typedef {HTMLInputElement | HTMLSelectElement} Field */

/** What stands in a currency field, where it is a code. @param {unknown} value @returns {string | null} */
const codeOf = (value) => (typeof value === 'string' && /^[a-z]{3}$/i.test(value) ? value.toUpperCase() : null);

/** @param {Field} field @param {string} value @returns {boolean} whether the field can say so, and does now */
function write(field, value) {
  if (field instanceof HTMLSelectElement && ![...field.options].some((option) => option.value === value)) return false;
  if (field.value === value) return true;
  field.value = value;
  field.dispatchEvent(new Event('change', { bubbles: true }));
  return true;
}

/** @param {Watch} watch */
export function watchCustomer(watch) {
  const { config, words, api, root, form, signal } = watch;
  /** @returns {Record<'customer' | 'currency', Field | null>} */
  const fields = () => {
    const named = (/** @type {string | null} */ name) =>
      name ? /** @type {Field | null} */ (form()?.elements.namedItem(name) ?? null) : null;
    return { customer: named(config.customerField), currency: named(config.currencyField) };
  };
  /** What the banner is about. @type {string | null} */
  let customerId = config.customerId;
  /** @type {string | null} */
  let currency = config.currency;
  /** What it is to be about; a host may say it in two steps, the customer and then the customer's currency. */
  let next = { customerId, currency };
  let asking = false;
  let turn = 0;

  /** @param {string | null} nextCustomer @param {string | null} nextCurrency null: no choice, the most of them decide */
  async function change(nextCustomer, nextCurrency) {
    next = { customerId: nextCustomer, currency: nextCurrency ?? (nextCustomer === customerId ? currency : null) };
    const same = () => next.customerId === customerId && next.currency === currency;
    if (asking || same()) return;
    if (watch.count() > 0) {
      asking = true;
      const sure = await confirmRemoval(next.customerId !== customerId);
      asking = false;
      if (signal.aborted || same()) return;
      if (!sure) return keep();
      watch.clear();
    }
    ({ customerId, currency } = next);
    await reload();
  }

  /** The form says again what it said; a picker that is no field of the form hears it. */
  function keep() {
    const { customer, currency: money } = fields();
    next = { customerId, currency };
    if (customer && customerId !== null) write(customer, customerId);
    if (money && currency !== null) write(money, currency);
    root.dispatchEvent(new CustomEvent('invoice-merge:kept', { bubbles: true, detail: { customerId, currency } }));
  }

  async function reload() {
    const mine = ++turn;
    const placeholder = root.querySelector('[data-im="placeholder"]') ?? root.querySelector('[data-im="live"]');
    if (placeholder) placeholder.textContent = words.say('banner.searching');
    const { page, invoiceId, formId, customerField, currencyField, dateField } = config;
    try {
      const fields = { customerField, currencyField, dateField };
      const banner = await api.banner({ page, customerId, invoiceId, currency, formId, ...fields });
      if (mine !== turn || signal.aborted) return;
      if (!banner) return watch.leave();
      const focused = root.contains(document.activeElement);
      watch.replace(banner);
      if (focused && banner instanceof HTMLElement) banner.focus();
    } catch (error) {
      if (!watch.signedOut(error) && placeholder && mine === turn)
        placeholder.textContent = error instanceof Error ? error.message : '';
    }
  }

  /** @param {boolean} ofCustomer else of the currency @returns {Promise<boolean>} */
  function confirmRemoval(ofCustomer) {
    const dialog = document.createElement('dialog');
    dialog.setAttribute('data-im', 'dialog');
    const vars = { count: watch.count(), customer: config.customer, currency: currency ?? '' };
    const text = `banner.remove${ofCustomer ? 'Customer' : 'Currency'}`;
    const question = document.createElement('p');
    question.id = 'im-question';
    question.textContent = words.say(text, vars);
    dialog.setAttribute('aria-labelledby', question.id);
    const buttons = document.createElement('div');
    buttons.className = 'im-buttons';
    for (const [answer, key] of /** @type {[string, string][]} */ ([
      ['no', `${text}No`],
      ['yes', `${text}Yes`],
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

  /** @param {Event} event */
  function read(event) {
    const { customer, currency: money } = fields();
    if (event.target !== customer && event.target !== money) return;
    void change(customer ? customer.value || null : customerId, codeOf(money?.value));
  }
  document.addEventListener('change', read, { signal });
  document.addEventListener(
    'input',
    (event) => {
      // Taken from a list of suggestions: some browsers say `change` only when the field is left.
      if (event instanceof InputEvent && event.inputType === 'insertReplacementText') read(event);
    },
    { signal },
  );
  document.addEventListener(
    'invoice-merge:customer',
    (event) => {
      const { customerId: chosen, currency: code } = /** @type {CustomEvent} */ (event).detail;
      const id = chosen === null || chosen === undefined || chosen === '' ? null : String(chosen);
      void change(id, codeOf(code) ?? codeOf(fields().currency?.value));
    },
    { signal },
  );
  root.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('[data-im-action="currency"]') : null;
    const wish = link?.getAttribute('data-im-currency');
    if (!wish) return;
    event.preventDefault();
    const { currency: money } = fields();
    if (!money || !write(money, wish)) void change(customerId, wish);
  });
  root.addEventListener('change', (event) => {
    // The first invoice that is ticked decides what nobody has decided.
    const { currency: money } = fields();
    const ticked = event.target instanceof HTMLInputElement && event.target.name === 'invoiceMergeSource';
    if (ticked && money?.value === '' && currency !== null) write(money, currency);
  });

  // The browser may have restored the host's customer after reload or back, and a new form begins with some currency.
  const { customer, currency: money } = fields();
  const code = codeOf(money?.value);
  if (customer?.value && customer.value !== customerId) {
    customerId = customer.value;
    currency = code;
    void reload();
  } else if (money && code !== null && currency !== null && code !== currency) {
    // Who came to merge all of them has chosen their currency.
    if (config.cameToMerge && write(money, currency)) return;
    currency = code;
    void reload();
  }
}
