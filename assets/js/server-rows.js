// @ts-check
/** Read-only rows in the banner, for hosts whose form takes no lines: the server adds them at the save. */

/** @param {string} tag @param {string} text @param {string} [className] @returns {HTMLElement} */
function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/**
 * "From invoice FA-… of … · amount · Remove": the same above the host's rows and above ours.
 * @param {Record<string, any>} source @param {import('./words.js').Words} words @returns {DocumentFragment}
 */
export function makeHeading(source, words) {
  const total = source.total;
  const vars = {
    number: source.number ?? '',
    date: words.day(source.issueDate),
    amount: words.money(total, source.currency),
  };
  const heading = document.createDocumentFragment();
  const text = element('span', words.say(source.number ? 'rows.heading' : 'rows.headingDraft', vars), 'im-source-text');
  const remove = /** @type {HTMLButtonElement} */ (element('button', words.say('rows.remove'), 'im-link'));
  remove.type = 'button';
  remove.dataset.imAction = 'remove';
  remove.dataset.imId = source.id;
  remove.setAttribute('aria-label', words.say('rows.removeLabel', { number: source.number ?? vars.date }));
  heading.append(text, remove);
  return heading;
}

/**
 * @param {HTMLElement} place
 * @param {import('./rows.js').SourceLines} detail
 * @param {import('./words.js').Words} words
 */
export function addServerRows(place, detail, words) {
  const { source } = detail;
  const group = document.createElement('div');
  group.className = 'im-group';
  group.dataset.imSource = source.id;
  const head = element('p', '', 'im-source');
  head.append(makeHeading(source, words));
  const list = document.createElement('ul');
  list.className = 'im-carried';
  for (const line of detail.lines) {
    const row = document.createElement('li');
    const rates = (line.taxes ?? []).map((/** @type {{ rate: string }} */ tax) => words.percent(tax.rate)).join(' + ');
    const price = words.money(line.unitPrice, source.currency);
    row.append(
      element('span', line.description, 'im-description'),
      element('span', `${words.number(line.quantity)} × ${price}`, 'im-amount'),
      element('span', rates, 'im-rate'),
    );
    list.append(row);
  }
  for (const item of detail.allowancesCharges) {
    const row = document.createElement('li');
    const key = item.kind === 'charge' ? 'rows.charge' : 'rows.allowance';
    const amount = words.money(item.kind === 'charge' ? item.amount : `-${item.amount}`, source.currency);
    const label = item.reason || words.say(key, { number: source.number ?? '' });
    row.append(
      element('span', label, 'im-description'),
      element('span', amount, 'im-amount'),
      element('span', item.tax ? words.percent(item.tax.rate) : '', 'im-rate'),
    );
    list.append(row);
  }
  if (list.children.length === 0) list.append(element('li', words.say('rows.none')));
  group.append(head, list);
  if (place.children.length === 0) place.append(element('p', words.say('rows.serverNote'), 'im-hint'));
  place.append(group);
  place.hidden = false;
}

/** @param {HTMLElement} place @param {string} sourceId */
export function removeServerRows(place, sourceId) {
  place.querySelector(`[data-im-source="${CSS.escape(sourceId)}"]`)?.remove();
  if (place.querySelector('[data-im-source]')) return;
  place.replaceChildren();
  place.hidden = true;
}
