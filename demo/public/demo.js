/** Small comforts of all pages; each page works without them. */
for (const form of document.querySelectorAll('[data-dismiss]')) {
  form.addEventListener('submit', (event) => {
    // What is being typed on the page stays.
    event.preventDefault();
    void fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), redirect: 'manual' });
    form.closest('[data-notice]').remove();
  });
}
// Signed in again: back to the form that was kept.
document.querySelector('[data-resume]')?.requestSubmit();
for (const select of document.querySelectorAll('[data-submit]')) {
  select.addEventListener('change', () => select.form.requestSubmit());
}
for (const form of document.querySelectorAll('[data-confirm]')) {
  form.addEventListener('submit', (event) => {
    if (!window.confirm(form.dataset.confirm)) event.preventDefault();
  });
}
// On a narrow screen the menu scrolls: the page one is on stays in sight.
document.querySelector('nav [aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' });
for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => window.print());
}
