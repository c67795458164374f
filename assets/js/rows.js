// @ts-check
/**
 * The ready-made helper: fills the host's own template rows with a source's lines.
 *
 * The host marks the place with `[data-invoice-merge-rows]` and gives `<template data-invoice-merge-template="line">`
 * (and `"allowance"` where it keeps document allowances), whose fields bear `data-invoice-merge="<field>"` and
 * names with `__i__`. Without them, or when a line needs a field that the template lacks, the event is not taken.
 *
 * After a refused save the host draws its rows again as they were posted: a line is recognised by its `key`, an
 * allowance by its `source` (the id of the invoice that it came from), so that both fields are always needed.
 */
import { plain } from './decimal.js';

/** @typedef {Record<string, any>} Line */
/** @typedef {{ source: Line, lines: Line[], allowancesCharges: Line[], adjustment: string, pricesIncludeTax: boolean, fields?: import('./fields.js').Field[] }} SourceLines */

const FIELD = 'data-invoice-merge';

/** @param {string} kind @returns {HTMLTemplateElement | null} */
const templateOf = (kind) => document.querySelector(`template[data-invoice-merge-template="${kind}"]`);

/** What a line says to a field of the template. @param {Line} line @returns {Record<string, string>} */
function lineFields(line) {
  const [tax = {}] = line.taxes ?? [];
  return {
    key: line.key,
    kind: line.kind,
    description: line.description,
    longDescription: line.longDescription ?? '',
    quantity: line.quantity,
    unit: line.unit ?? '',
    unitPrice: line.unitPrice,
    baseQuantity: line.baseQuantity,
    supplyDate: line.supplyDate ?? '',
    taxRate: tax.rate ?? '',
    taxCategory: tax.category ?? '',
    taxName: tax.name ?? '',
    taxes: JSON.stringify(line.taxes ?? []),
    allowancesCharges: JSON.stringify(line.allowancesCharges ?? []),
    extra: JSON.stringify(line.extra ?? {}),
    sourceInvoiceId: line.sourceInvoiceId ?? '',
  };
}

/** @param {Line} item @param {string} sourceId @returns {Record<string, string>} */
function allowanceFields(item, sourceId) {
  return {
    source: sourceId,
    kind: item.kind,
    amount: item.amount,
    reason: item.reason ?? '',
    taxRate: item.tax?.rate ?? '',
    taxCategory: item.tax?.category ?? '',
  };
}

/** Fields without which a line would lose something. @param {Line} line @returns {string[]} */
function neededFields(line) {
  return [
    'key',
    ...((line.taxes ?? []).length > 1 ? ['taxes'] : []),
    ...((line.allowancesCharges ?? []).length > 0 ? ['allowancesCharges'] : []),
    ...(plain(line.baseQuantity ?? '1') === '1' ? [] : ['baseQuantity']),
  ];
}

/** @param {SourceLines} detail @param {HTMLTemplateElement} template @returns {boolean} */
function fits(detail, template) {
  const has = (/** @type {HTMLTemplateElement | null} */ one, /** @type {string} */ field) =>
    Boolean(one?.content.querySelector(`[${FIELD}="${field}"]`));
  if (detail.allowancesCharges.length > 0 && !has(templateOf('allowance'), 'source')) return false;
  return detail.lines.every((line) => neededFields(line).every((field) => has(template, field)));
}

/** @param {Element} element @param {string} value */
function fill(element, value) {
  if (element instanceof HTMLSelectElement) {
    const decimal = /^-?\d+(\.\d+)?$/;
    const same = (/** @type {string} */ other) =>
      other === value || (decimal.test(other) && decimal.test(value) && plain(other) === plain(value));
    const option = [...element.options].find((one) => same(one.value));
    // A rate that the host does not offer any more must still come along.
    if (!option) element.add(new Option(value, value));
    element.value = option ? option.value : value;
  } else if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) {
    element.value = value;
  } else {
    element.textContent = value;
  }
}

/**
 * The first index that no row of the form bears yet. The host's own rows need not have every field of the template
 * (a key, above all): what stands before the index and the character after it tell them.
 * @param {HTMLTemplateElement} template @returns {number}
 */
function nextIndex(template) {
  const shapes = new Set();
  for (const field of template.content.querySelectorAll('[name*="__i__"]')) {
    const [before = '', after = ''] = (field.getAttribute('name') ?? '').split('__i__');
    shapes.add(`${before}__i__${after.slice(0, 1)}`);
  }
  const taken = [...document.querySelectorAll('[name]')].flatMap((field) => {
    const name = field.getAttribute('name') ?? '';
    return [...shapes].flatMap((shape) => {
      const [before, after] = shape.split('__i__');
      const index = name.startsWith(before) ? /^\d+/.exec(name.slice(before.length))?.[0] : undefined;
      if (index === undefined) return [];
      const rest = name.slice(before.length + index.length);
      return (after === '' ? rest === '' : rest.startsWith(after)) ? [Number(index)] : [];
    });
  });
  return taken.reduce((highest, index) => Math.max(highest, index), -1) + 1;
}

/** @param {HTMLTemplateElement} template @param {string} index @param {Record<string, string>} fields @param {string} sourceId @returns {Element[]} */
function makeRows(template, index, fields, sourceId) {
  const content = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  for (const element of content.querySelectorAll('*')) {
    for (const attribute of element.attributes) {
      if (attribute.value.includes('__i__')) attribute.value = attribute.value.replaceAll('__i__', index);
    }
    const field = element.getAttribute(FIELD);
    if (field !== null && field in fields) fill(element, fields[field] ?? '');
  }
  const rows = [...content.children];
  for (const row of rows) mark(row, sourceId);
  return rows;
}

/** @param {Element} row @param {string} sourceId */
function mark(row, sourceId) {
  row.setAttribute('data-im', 'carried');
  row.setAttribute('data-im-source', sourceId);
}

/**
 * Rows that a refused save gave back: the host has drawn them already.
 * @param {Element | null} place @param {string} name the field that tells @param {Set<string>} values
 * @returns {Element[]}
 */
function givenBack(place, name, values) {
  if (!place) return [];
  return [...place.querySelectorAll(`[${FIELD}="${name}"]`)].flatMap((field) => {
    if (!(field instanceof HTMLInputElement) || field.value === '' || !values.has(field.value)) return [];
    const row = [...place.children].find((child) => child.contains(field));
    return row && !row.hasAttribute('data-im-source') ? [row] : [];
  });
}

/** @returns {Element | null} */
const allowancePlace = () =>
  document.querySelector('[data-invoice-merge-allowances]') ?? templateOf('allowance')?.parentElement ?? null;

/** @typedef {Record<'description' | 'longDescription' | 'quantity' | 'unit' | 'unitPrice' | 'amount' | 'taxRate', string>} KeptRow */

/** What stands in a row, as it was typed. @param {Element} row @returns {KeptRow} */
function readRow(row) {
  const read = (/** @type {string} */ name) => {
    const field = row.querySelector(`[${FIELD}="${name}"]`);
    return field instanceof HTMLInputElement ||
      field instanceof HTMLTextAreaElement ||
      field instanceof HTMLSelectElement
      ? field.value
      : '';
  };
  return {
    description: read('description') || read('reason'),
    longDescription: read('longDescription'),
    quantity: read('quantity'),
    unit: read('unit'),
    unitPrice: read('unitPrice'),
    amount: read('kind') === 'allowance' && read('amount') ? `\u2212${read('amount')}` : read('amount'),
    taxRate: read('taxRate'),
  };
}

/**
 * A refused save gives all rows back, also those of a source that is no longer ticked: staying in the form they would
 * be billed twice. A line's key begins with its source's id.
 * @param {string[]} ticked ids of the sources
 * @returns {Map<string, KeptRow[]>} what stood in the rows taken out, by source
 */
export function dropLeftOver(ticked) {
  const place = document.querySelector('[data-invoice-merge-rows]');
  const sourceOf = (/** @type {string} */ key) => key.slice(0, key.lastIndexOf('.'));
  const left = (
    /** @type {Element | null} */ where,
    /** @type {string} */ name,
    /** @type {(v: string) => string} */ idOf,
  ) => {
    const fields = /** @type {HTMLInputElement[]} */ ([...(where?.querySelectorAll(`[${FIELD}="${name}"]`) ?? [])]);
    const values = fields.map((field) => field.value).filter((value) => value !== '' && !ticked.includes(idOf(value)));
    return [...new Set(values)].flatMap((value) =>
      givenBack(where, name, new Set([value])).map((row) => ({ row, id: idOf(value) })),
    );
  };
  const rows = [...left(place, 'key', sourceOf), ...left(allowancePlace(), 'source', (source) => source)];
  /** @type {Map<string, KeptRow[]>} */
  const kept = new Map();
  for (const { row, id } of rows) {
    kept.set(id, [...(kept.get(id) ?? []), readRow(row)]);
    row.remove();
  }
  if (place && rows.length > 0) tellHost(place);
  return kept;
}

/** @param {Element} element */
const tellHost = (element) => element.dispatchEvent(new Event('change', { bubbles: true }));

/** @param {string} sourceId @returns {Element[]} */
const rowsOf = (sourceId) => [...document.querySelectorAll(`[data-im-source="${CSS.escape(sourceId)}"]`)];

/**
 * @param {(source: Line) => DocumentFragment} heading what stands above a source's rows
 * @param {AbortSignal} signal ends it
 */
export function installRows(heading, signal) {
  document.addEventListener(
    'invoice-merge:lines',
    (event) => {
      const detail = /** @type {CustomEvent<SourceLines>} */ (event).detail;
      const place = document.querySelector('[data-invoice-merge-rows]');
      const template = templateOf('line');
      if (event.defaultPrevented || !place || !template || !fits(detail, template)) return;
      const { id } = detail.source;
      const head = makeHeading(place, id, heading(detail.source));
      const lines = givenBack(place, 'key', new Set(detail.lines.map((line) => line.key)));
      const known = [...lines, ...givenBack(allowancePlace(), 'source', new Set([id]))];
      if (lines[0]) lines[0].before(head);
      else place.append(head);
      if (known.length > 0) {
        for (const row of known) mark(row, id);
      } else {
        // Looked up once for all rows: it reads every field of the form.
        const first = nextIndex(template);
        detail.lines.forEach((line, at) =>
          place.append(...makeRows(template, String(first + at), lineFields(line), id)),
        );
        addAllowances(detail);
      }
      event.preventDefault();
      tellHost(place);
    },
    { signal },
  );
  document.addEventListener(
    'invoice-merge:removed',
    (event) => {
      const place = document.querySelector('[data-invoice-merge-rows]');
      const rows = rowsOf(/** @type {CustomEvent} */ (event).detail.source.id);
      for (const row of rows) row.remove();
      if (place && rows.length > 0) tellHost(place);
    },
    { signal },
  );
}

/** @param {SourceLines} detail */
function addAllowances(detail) {
  const template = templateOf('allowance');
  const place = allowancePlace();
  if (!template || !place) return;
  const { id } = detail.source;
  const first = nextIndex(template);
  detail.allowancesCharges.forEach((item, at) =>
    place.append(...makeRows(template, String(first + at), allowanceFields(item, id), id)),
  );
}

/** @param {Element} place @param {string} id @param {DocumentFragment} content @returns {Element} */
function makeHeading(place, id, content) {
  const inTable = place instanceof HTMLTableSectionElement || place instanceof HTMLTableElement;
  const head = document.createElement(inTable ? 'tr' : 'div');
  head.setAttribute('data-im', 'source');
  head.setAttribute('data-im-source', id);
  if (!inTable) {
    head.append(content);
    return head;
  }
  const cell = document.createElement('td');
  const table = place.closest('table');
  cell.colSpan = Math.max(1, ...[...(table?.rows ?? [])].map((row) => row.cells.length));
  cell.append(content);
  head.append(cell);
  return head;
}
