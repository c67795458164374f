// @ts-check
/** Copies the letter to the customer; everything else on the panel are plain forms and links. */

/** @param {Element} letter */
function offerCopy(letter) {
  const button = /** @type {HTMLButtonElement} */ (letter.querySelector('[data-im-copy]'));
  const subject = /** @type {HTMLInputElement} */ (letter.querySelector('[data-im-subject]'));
  const body = /** @type {HTMLTextAreaElement} */ (letter.querySelector('[data-im-body]'));
  const said = /** @type {HTMLElement} */ (letter.querySelector('[role="status"]'));
  button.hidden = false;
  button.addEventListener('click', () => {
    const write = navigator.clipboard?.writeText(`${subject.value}\n\n${body.value}`) ?? Promise.reject(new Error());
    write.then(
      () => {
        said.textContent = button.dataset.imCopied ?? '';
      },
      () => {
        // Not on plain http: what is selected can be copied by hand.
        body.select();
        said.textContent = button.dataset.imFailed ?? '';
      },
    );
  });
}

for (const letter of document.querySelectorAll('[data-im="after"] form.im-letter')) offerCopy(letter);

// A link to the letter opens it, also from the message on this page.
function openLetter() {
  const letter = location.hash === '#im-tell' ? document.getElementById('im-tell') : null;
  if (letter instanceof HTMLDetailsElement) letter.open = true;
}
openLetter();
addEventListener('hashchange', openLetter);
for (const link of document.querySelectorAll('[data-im="after"] a[href$="#im-tell"]'))
  link.addEventListener('click', () => setTimeout(openLetter));
