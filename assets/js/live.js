// @ts-check
/** A part of a page that goes on by itself: asked for anew while it says so, and put in the place of the old one. */

const EVERY = 2000;
/** After a fault of the network: slower, and never louder. */
const SLOWEST = 30_000;

/** The page as it is now; what was done is said once. */
function here() {
  const url = new URL(location.href);
  url.searchParams.delete('done');
  return url.href;
}

/** @returns {Promise<{ page: Document, url: string } | null>} */
async function freshPage() {
  try {
    const reply = await fetch(here(), { headers: { accept: 'text/html' }, credentials: 'same-origin' });
    if (!reply.ok) return null;
    return { page: new DOMParser().parseFromString(await reply.text(), 'text/html'), url: reply.url };
  } catch {
    return null;
  }
}

const isTyping = () =>
  [...document.querySelectorAll('[data-im="page"] input:not([type="hidden"])')].some(
    (input) =>
      input instanceof HTMLInputElement &&
      (input === document.activeElement ||
        input.value !== input.defaultValue ||
        input.checked !== input.defaultChecked),
  );

/** @param {Element | null} from */
const wordsOf = (from) => from?.textContent?.replace(/\s+/g, ' ').trim() ?? '';

/** @param {HTMLElement} part @param {HTMLElement} fresh */
function put(part, fresh) {
  const [before, now] = [part, fresh].map((one) => wordsOf(one.querySelector('[data-im-say]')));
  if (fresh.innerHTML === part.innerHTML || part.contains(document.activeElement)) return;
  part.innerHTML = fresh.innerHTML;
  const said = document.querySelector('[data-im-said]');
  if (said && now !== before) said.textContent = now ?? '';
}

/** @param {HTMLElement} part @param {number} wait */
function watch(part, wait) {
  setTimeout(async () => {
    const answer = document.hidden ? null : await freshPage();
    if (!answer) return watch(part, document.hidden ? EVERY : Math.min(wait * 2, SLOWEST));
    const fresh = answer.page.getElementById(part.id);
    // Led elsewhere: back to payment, say.
    if (!fresh) return location.replace(answer.url);
    const isOver = !('imLive' in fresh.dataset);
    // What the rest of the page offers has changed too; but nobody loses what is half typed.
    if (isOver && !isTyping()) return location.replace(here());
    put(part, fresh);
    if (!isOver) watch(part, EVERY);
  }, wait);
}

for (const part of document.querySelectorAll('[data-im-live]')) if (part instanceof HTMLElement) watch(part, EVERY);
