/**
 * The invoice form: rows are added and removed here, all amounts come from the server, so that what is shown is what
 * will be saved. Merged rows are put in by the plugin's own helper; this page only adds them up.
 */
const form = document.getElementById('invoice');
const rows = form.querySelector('[data-invoice-merge-rows]');
const carried = form.querySelector('[data-carried]');
const DEBOUNCE = 150;

// ---------------------------------------------------------------- rows

function nextIndex() {
  const taken = [...form.querySelectorAll('[name^="lines["]')].map((field) => Number.parseInt(field.name.slice(6), 10));
  return Math.max(-1, ...taken.filter(Number.isFinite)) + 1;
}

function addLine() {
  const template = form.querySelector('template[data-invoice-merge-template="line"]');
  const content = template.content.cloneNode(true);
  const index = String(nextIndex());
  for (const element of content.querySelectorAll('*')) {
    for (const attribute of element.attributes) attribute.value = attribute.value.replaceAll('__i__', index);
  }
  // Own lines stand before the merged ones.
  const firstMerged = rows.querySelector(':scope > [data-im-source]');
  rows.insertBefore(content, firstMerged);
  const added = firstMerged ? firstMerged.previousElementSibling : rows.lastElementChild;
  showButtons();
  added.querySelector('input:not([type="hidden"])').focus();
}

function showButtons() {
  for (const button of form.querySelectorAll('[data-add-line], [data-remove-line], [data-remove-allowance]')) {
    button.hidden = false;
  }
}

/** The plugin hands numbers over with a point and as short as can be; people here write '24,00'. */
function writeAsHere(sourceId) {
  const sign = form.dataset.decimalSign;
  for (const row of form.querySelectorAll(`[data-im-source="${CSS.escape(sourceId)}"]`)) {
    for (const field of row.querySelectorAll('[data-decimal]')) field.value = field.value.replace('.', sign);
    for (const field of row.querySelectorAll('[data-money]')) {
      const [whole, part = ''] = field.value.split(sign);
      if (whole && part.length < 2) field.value = `${whole}${sign}${part.padEnd(2, '0')}`;
    }
  }
}

// ---------------------------------------------------------------- totals

let timer = 0;
let asked = 0;
let answered = 0;
let waiting = null;

const pending = () => timer !== 0 || asked !== answered;
const isLast = (turn) => turn === asked && timer === 0;

function ask() {
  clearTimeout(timer);
  form.setAttribute('aria-busy', 'true');
  timer = setTimeout(() => {
    timer = 0;
    void compute();
  }, DEBOUNCE);
}

/** With names for indexes: the server closes the gaps between numbers, and its answer would speak of other rows. */
function fields() {
  const named = [...new FormData(form)].map(([name, value]) => [name.replace(/^lines\[(?=\d)/, 'lines[row'), value]);
  return new URLSearchParams(named);
}

async function compute() {
  asked += 1;
  const turn = asked;
  form.setAttribute('aria-busy', 'true');
  try {
    const answer = await fetch(form.dataset.totalsUrl, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: fields(),
    });
    const totals = answer.ok ? await answer.json() : null;
    // What changed since has its own question under way: this is no total of what stands there now.
    if (totals && isLast(turn)) show(totals);
  } catch {
    // Off line: the totals stay as they were, the save will say what is wrong.
  }
  if (turn === asked) answered = turn;
  if (!isLast(turn)) return;
  form.removeAttribute('aria-busy');
  release();
}

function show({ total, taxes, own, lines, rows: list, display }) {
  for (const output of form.querySelectorAll('[data-line-total]')) {
    output.textContent = lines[`row${output.dataset.lineTotal}`] ?? '';
  }
  form.querySelector('[data-totals]').replaceChildren(
    ...list.map(({ label, value, kind }) => {
      const row = document.createElement('div');
      row.className = kind;
      const name = document.createElement('dt');
      name.textContent = label;
      const amount = document.createElement('dd');
      amount.className = 'num';
      amount.textContent = value;
      row.append(name, amount);
      return row;
    }),
  );
  form.querySelector('[data-payable]').textContent = display;
  document.dispatchEvent(new CustomEvent('invoice-merge:changed', { detail: { total, taxes, own } }));
}

// ---------------------------------------------------------------- saving

/** A save waits for the totals that the person is about to agree to. */
form.addEventListener('submit', (event) => {
  if (!pending() || event.defaultPrevented) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  waiting = { submitter: event.submitter };
});

function release() {
  if (!waiting || pending()) return;
  const { submitter } = waiting;
  waiting = null;
  form.requestSubmit(submitter);
}

// ---------------------------------------------------------------- events

form.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.matches('[data-add-line]')) addLine();
  if (!button.matches('[data-remove-line], [data-remove-allowance]')) return;
  const row = button.closest('[data-line], [data-allowance]');
  const next = row.nextElementSibling?.querySelector('input:not([type="hidden"])');
  row.remove();
  (next ?? form.querySelector('[data-add-line]')).focus();
  ask();
});
form.addEventListener('input', ask);
form.addEventListener('change', ask);

document.addEventListener('invoice-merge:lines', (event) => {
  // After the helper has put the rows in.
  setTimeout(() => {
    if (!event.defaultPrevented) return;
    const { source, adjustment } = event.detail;
    writeAsHere(source.id);
    showButtons();
    const name = `carriedAdjustments[${source.id}]`;
    if (Number(adjustment) !== 0 && ![...carried.children].some((field) => field.name === name)) {
      const field = document.createElement('input');
      Object.assign(field, { type: 'hidden', name, value: adjustment });
      carried.append(field);
    }
    ask();
  });
});
document.addEventListener('invoice-merge:removed', (event) => {
  setTimeout(() => {
    const name = `carriedAdjustments[${event.detail.source.id}]`;
    for (const field of [...carried.children]) if (field.name === name) field.remove();
    ask();
  });
});

showButtons();
// Not before: the banner, whose script comes after this one, is told this total too.
window.addEventListener('load', () => void compute());
