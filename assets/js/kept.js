// @ts-check
/** What was typed into rows of an invoice that is merged no more: out of the form, but not lost without a word. */

/** @typedef {import('./rows.js').KeptRow} KeptRow */

/** @param {string} tag @param {string} text @param {string} className */
function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

/**
 * @param {HTMLElement} root
 * @param {Map<string, KeptRow[]>} rows by source
 * @param {(id: string) => string} labelOf
 * @param {(text: string) => void} tell
 * @param {import('./words.js').Words} words
 */
export function showKept(root, rows, labelOf, tell, words) {
  for (const [id, list] of rows) {
    const place =
      root.querySelector(`[data-im="kept"][data-im-id="${CSS.escape(id)}"]`) ?? addPlace(root, id, labelOf(id), words);
    const items = list.map((row) => {
      const item = document.createElement('li');
      const text = [row.description, row.longDescription].filter(Boolean).join('\n');
      const amount = [row.quantity, row.unitPrice || row.amount].filter(Boolean).join(' × ');
      item.append(
        element('span', text, 'im-description'),
        element('span', amount, 'im-amount'),
        element('span', row.taxRate && words.percent(row.taxRate.replace(',', '.')), 'im-rate'),
      );
      return item;
    });
    const all = document.createElement('ul');
    all.className = 'im-carried';
    all.append(...items);
    place.append(all);
    if (navigator.clipboard) place.append(copyButton(list, tell, words));
    place.removeAttribute('hidden');
  }
}

/** @param {HTMLElement} root @param {string} id @param {string} label @param {import('./words.js').Words} words */
function addPlace(root, id, label, words) {
  const place = document.createElement('div');
  place.className = 'im-kept';
  place.dataset.im = 'kept';
  place.dataset.imId = id;
  place.append(element('p', words.say('kept.title', { number: label }), 'im-kept-title'));
  const live = root.querySelector('[data-im="live"]');
  if (live) live.after(place);
  else root.append(place);
  return place;
}

/** A row a line, a tab between its fields: a form and a spreadsheet both take it. @param {KeptRow[]} rows @param {(text: string) => void} tell @param {import('./words.js').Words} words */
function copyButton(rows, tell, words) {
  const button = /** @type {HTMLButtonElement} */ (element('button', words.say('kept.copy'), 'im-link'));
  button.type = 'button';
  button.addEventListener('click', () => {
    const text = rows.map((row) => Object.values(row).filter(Boolean).join('\t')).join('\n');
    void navigator.clipboard.writeText(text).then(() => tell(words.say('kept.copied')));
  });
  return button;
}
