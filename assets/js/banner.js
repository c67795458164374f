// @ts-check
/** The banner at work: ticks, lines, totals, buttons. Everything it says comes from data-im-config. */
import { createApi, SignedOut } from './api.js';
import { createChoices } from './choices.js';
import {
  holdButtons,
  holdCreditOnly,
  holdDraftButton,
  keepRoomFor,
  labelButtons,
  repeatRefusal,
  saveButtons,
  settlementOf,
  tellDraft,
  tellGaps,
} from './controls.js';
import { watchCustomer } from './customer.js';
import { add } from './decimal.js';
import { tellDiffering } from './fields.js';
import { showKept } from './kept.js';
import { monthOf, tellMonths } from './months.js';
import { createLines } from './lines.js';
import { dropLeftOver, installRows } from './rows.js';
import { makeHeading } from './server-rows.js';
import { forgetTicks, recallPressed, recallTicks, rememberPressed, rememberTicks } from './ticks.js';
import { fromHostForm, fromPreview, showSummary } from './totals.js';
import { createWords } from './words.js';

/** @param {HTMLElement} root @param {boolean} [typed] the form differs from the saved invoice already */
function start(root, typed = false) {
  const config = JSON.parse(root.dataset.imConfig ?? '{}');
  const words = createWords(config.locale, config.words);
  const { say, money } = words;
  const api = createApi({ base: config.base, csrf: config.csrf, words });
  const ending = new AbortController();
  const { signal } = ending;

  /** @type {import('./totals.js').Changed | null} */
  let changed = null;
  let typedSinceLoad = typed;
  /** What is to be said of ticks that a reload brought back. */
  let recalled = '';
  let previewTurn = 0;
  let wasBusy = false;
  let frame = 0;

  const part = (/** @type {string} */ name) =>
    /** @type {HTMLElement | null} */ (root.querySelector(`[data-im="${name}"]`));
  const field = (/** @type {string} */ name) =>
    /** @type {HTMLInputElement | null} */ (root.querySelector(`input[type="hidden"][name="invoiceMerge${name}"]`));
  const form = () =>
    config.formId
      ? /** @type {HTMLFormElement | null} */ (document.getElementById(config.formId))
      : root.closest('form');
  const tell = (/** @type {string} */ text) => {
    const live = part('live');
    if (live) live.textContent = text;
  };
  /** @param {unknown} error @returns {boolean} whether it means that nobody is signed in, which is said then */
  const signedOut = (error) => {
    if (!(error instanceof SignedOut)) return false;
    const link = document.createElement('a');
    // Its own address leads to the host's sign-in, wherever that is.
    Object.assign(link, { href: location.href, target: '_blank', rel: 'noopener', textContent: say('banner.signIn') });
    const place = part('live') ?? part('placeholder');
    place?.replaceChildren(error.message, ' ', link);
    return true;
  };
  const write = (/** @type {string} */ name, /** @type {string} */ value) => {
    const input = field(name);
    if (input) input.value = value;
  };

  const credited = () => settlementOf(root, config.settlement) === 'credit';
  const choices = createChoices({ root, config, api, words, signal, tell, credited, changed: () => sync() });
  const lines = createLines({
    ...{ root, config, api, words, choices, signal, tell },
    changed: () => sync(),
    failed: (error) => {
      // Rows that a refused save gave back may wait for these lines.
      setAside();
      return signedOut(error);
    },
  });

  /** Rows that the host gave back of sources that are not ticked: out of the form, kept to read. */
  function setAside() {
    const ids = choices.ticked().map((box) => box.dataset.imId ?? '');
    showKept(root, dropLeftOver(ids), choices.labelOf, tell, words);
  }

  /** Makes lines and figures agree with the ticks; whoever changes a tick calls it. */
  function sync() {
    const isShort = lines.follow(counted);
    if (recalled && !lines.isBusy()) {
      // Once nothing that is loaded talks over it.
      if (!isShort) tell(recalled);
      recalled = '';
    }
    // Of many loads that end one after the other, what lies between the first and the last is drawn once a frame.
    if (wasBusy && lines.isBusy()) frame ||= requestAnimationFrame(show);
    else show();
    wasBusy = lines.isBusy();
  }

  function show() {
    cancelAnimationFrame(frame);
    frame = 0;
    if (signal.aborted) return;
    rememberTicks(config, choices.ticked());
    draw();
  }

  /** After reload or back. @param {{ found: number, missing: number } | null} recalled @returns {string} */
  function explainRecalled(recalled) {
    const { found, missing } = recalled ?? { found: 0, missing: 0 };
    const restored = found > 0 ? say('banner.restored') : '';
    return [restored, missing > 0 ? say('banner.restoredNot', { count: missing }) : ''].join(' ').trim();
  }

  // ---------------------------------------------------------------- what is on screen

  /** "2 sélectionnées · + 835,20 €" */
  function counted() {
    const chosen = choices.ticked();
    if (chosen.length === 0) return say('banner.selectedNone');
    const sum = add('0', ...chosen.map((box) => box.dataset.imTotal ?? '0'));
    return say('banner.selected', { count: chosen.length, amount: money(sum, config.currency) });
  }

  function draw() {
    const chosen = choices.ticked();
    const elsewhere = choices.elsewhere();
    const more = elsewhere > 0 ? `, ${say('banner.selectedElsewhere', { count: elsewhere })}` : '';
    for (const [name, text] of /** @type {[string, string][]} */ ([
      ['count', counted() + more],
      ['bar-count', counted()],
    ])) {
      const place = part(name);
      if (place) place.textContent = text;
    }
    part('actions')?.removeAttribute('hidden');
    const bar = part('bar');
    if (bar) bar.hidden = chosen.length === 0;
    const own = /** @type {HTMLButtonElement | null} */ (root.querySelector('[data-im-action="save"]'));
    const buttons = saveButtons(form());
    // Of a new invoice only the host's own button says what it will be.
    const draft = config.draft || buttons.some((button) => button.dataset.invoiceMergeSubmit === 'draft');
    const mustIssue = draft && credited() && chosen.some((box) => box.hasAttribute('data-im-issued'));
    labelButtons(buttons, own, chosen.length, mustIssue, words);
    holdButtons(form(), own, lines.isBusy() || choices.isBusy());
    holdDraftButton(buttons, mustIssue, 'im-draft-note');
    holdCreditOnly(root, credited());
    choices.drawAll();
    const note = part('gap-note');
    if (note) tellGaps(note, settlementOf(root, config.settlement), chosen, words);
    const draftNote = part('draft-note');
    if (draftNote) tellDraft(draftNote, draft, credited(), chosen, words, config.currency);
    const merged = [...lines.shown.values()].map(({ source, fields }) => ({
      label: source.label,
      fields: fields ?? [],
    }));
    tellDiffering(part('differ'), config.fields ?? [], merged, words);
    const issued = new Set(chosen.filter((box) => box.hasAttribute('data-im-issued')).map((box) => box.dataset.imId));
    const dated = [...lines.shown].map(([id, { source }]) => ({
      ...{ issueDate: source.issueDate, totals: source.totals },
      issued: issued.has(id),
    }));
    const months = { ...config.months, current: monthOf(form(), config.dateField, config.months.current) };
    tellMonths(root, months, dated, settlementOf(root, config.settlement), words, config.currency);
    drawTotals();
  }

  /** The host may have a better place for it: next to its own totals. */
  const summaryPlace = () => {
    const own = /** @type {HTMLElement | null} */ (document.querySelector('[data-im="summary"]'));
    const wanted = document.querySelector('[data-invoice-merge-summary]');
    if (own && wanted && own.parentElement !== wanted) wanted.prepend(own);
    return own;
  };

  function drawTotals() {
    const summary = summaryPlace();
    if (!summary) return;
    // A preview that is on its way was asked of ticks or totals that are not these.
    previewTurn += 1;
    write('Lines', lines.mode() ?? 'server');
    summary.hidden = choices.ticked().length === 0;
    if (summary.hidden) {
      write('Shown', '');
      return;
    }
    if (lines.isBusy() || lines.shown.size === 0) return;
    const isInForm = lines.mode() === 'form';
    // The host's last total knows nothing of the rows that have just come or gone: its next one is on the way.
    if (isInForm && changed && lines.isOutdated()) write('Shown', '');
    else if (isInForm && changed) finish(fromHostForm(changed, [...lines.shown.values()], words), true);
    else void drawPreview(summary);
  }

  /** @param {HTMLElement} summary */
  async function drawPreview(summary) {
    const turn = previewTurn;
    const sourceIds = [...lines.shown.keys()];
    // Both where both are known: the form may have changed the saved invoice's customer.
    const about = {
      ...(config.invoiceId && { targetId: config.invoiceId }),
      ...(config.customerId && { customerId: config.customerId }),
    };
    if (!summary.hasChildNodes()) summary.textContent = say('summary.loading');
    try {
      const preview = await api.preview({ ...about, sourceIds });
      if (turn !== previewTurn || signal.aborted) return;
      // Only what the server will find at the save counts as shown: not what is typed but unsaved.
      const certain = lines.mode() === 'server' && config.invoiceId && !typedSinceLoad;
      finish(fromPreview(preview, certain ? null : changed, words), Boolean(certain));
    } catch (error) {
      if (turn !== previewTurn || signal.aborted) return;
      signedOut(error);
      summary.textContent = say('summary.failed');
      write('Shown', '');
    }
  }

  /** @param {import('./summary.js').Summary} result @param {boolean} certain */
  function finish(result, certain) {
    const summary = summaryPlace();
    if (summary) showSummary(summary, root, result, words, config.currency);
    write('Shown', certain ? result.after.total : '');
    const total = part('bar-total');
    if (total) total.textContent = money(result.after.total, config.currency);
  }

  // ---------------------------------------------------------------- what people do

  root.addEventListener('change', (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const isBox = target.matches('input[name="invoiceMergeSource"]');
    if (isBox && !choices.admit(/** @type {HTMLInputElement} */ (target))) return;
    if (target.matches('[data-im="settlement"]')) choices.dropCreditOnly();
    if (isBox || target.matches('[data-im="cancel"], [data-im="settlement"]')) sync();
  });
  document.addEventListener(
    'click',
    (event) => {
      const button = /** @type {HTMLElement | null} */ (
        event.target instanceof Element ? event.target.closest('[data-im-action]') : null
      );
      const action = button?.dataset.imAction;
      if (action === 'all') void choices.toggleAll();
      else if (action === 'none') {
        choices.clear();
        sync();
      } else if (action === 'remove') {
        const id = button?.dataset.imId ?? '';
        const box = choices.boxOf(id);
        if (!box) return;
        choices.untick(id);
        // The button goes with its rows; the focus must not fall to the top of the page.
        (box.isConnected ? box : root).focus({ preventScroll: true });
        sync();
      } else if (action === 'save') {
        form()?.requestSubmit(saveButtons(form()).find((one) => !one.disabled));
      } else if (action === 'without') {
        event.preventDefault();
        for (const id of /** @type {HTMLButtonElement} */ (button).value.split('~')) {
          choices.untick(id);
        }
        sync();
        // As it was sent the first time: saved, or issued.
        form()?.requestSubmit(saveButtons(form())[recallPressed()]);
      }
    },
    { signal },
  );
  document.addEventListener(
    'invoice-merge:changed',
    (event) => {
      changed = /** @type {CustomEvent} */ (event).detail;
      lines.markTold();
      drawTotals();
    },
    { signal },
  );
  document.addEventListener(
    'input',
    (event) => {
      const control = /** @type {HTMLInputElement} */ (event.target);
      if (lines.mode() !== 'form' && control.form && control.form === form() && !root.contains(control))
        typedSinceLoad = true;
      if (config.dateField && control.name === config.dateField && control.form === form()) show();
    },
    { signal },
  );
  form()?.addEventListener(
    'submit',
    (event) => {
      forgetTicks();
      rememberPressed(saveButtons(form()).findIndex((button) => button === event.submitter));
    },
    { signal },
  );
  // Back with the page kept whole: the browser may have restored boxes by itself.
  window.addEventListener('pageshow', () => sync(), { signal });

  installRows((source) => makeHeading(source, words), signal);
  watchCustomer({
    config,
    words,
    api,
    root,
    form,
    signal,
    signedOut,
    count: () => choices.ticked().length,
    clear: () => {
      choices.clear();
      sync();
    },
    leave: () => {
      choices.clear();
      sync();
      // Its key and the invoice's age are posted all the same: they guard every save.
      root.hidden = true;
    },
    replace: (next) => {
      // Ticked while this list was on its way: its rows would stay in the form without their tick.
      choices.clear();
      sync();
      // The form is as old as it was: a newer target's version would let it overwrite.
      const age = next.querySelector('input[name="invoiceMergeTarget"]');
      if (age instanceof HTMLInputElement && config.invoiceId) age.value = field('Target')?.value ?? '';
      document.querySelector('[data-invoice-merge-summary] > [data-im="summary"]')?.remove();
      ending.abort();
      root.replaceWith(next);
      start(/** @type {HTMLElement} */ (next), true);
      // For people who do not see that the list has changed.
      const live = next.querySelector('[data-im="live"]');
      if (live) live.textContent = next.querySelector('#im-title')?.textContent ?? '';
    },
  });
  if (config.restored) {
    setAside();
    // What else the host keeps of them goes too: its own script, further down the page, must be listening.
    const leave = () => {
      for (const place of root.querySelectorAll('[data-im="kept"]')) {
        const id = /** @type {HTMLElement} */ (place).dataset.imId ?? '';
        const gone = { bubbles: true, detail: { source: { id } } };
        if (!choices.isTicked(id)) root.dispatchEvent(new CustomEvent('invoice-merge:removed', gone));
      }
    };
    if (document.readyState === 'complete') leave();
    else window.addEventListener('load', leave, { once: true, signal });
  }
  if (config.cameToMerge) {
    // Asked for once: a reload finds what was ticked and unticked since.
    const here = new URL(location.href);
    for (const name of ['invoiceMergeAll', 'invoiceMergeSource']) here.searchParams.delete(name);
    history.replaceState(history.state, '', here);
  }
  recalled = explainRecalled(recallTicks(config, choices));
  const alert = root.querySelector('[role="alert"]');
  if (alert instanceof HTMLElement) {
    repeatRefusal(alert, saveButtons(form()), signal);
    alert.focus();
  }
  keepRoomFor(part('bar'), signal);
  sync();
}

for (const root of document.querySelectorAll('[data-im="banner"][data-im-config]'))
  start(/** @type {HTMLElement} */ (root));
