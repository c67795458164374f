/** Small comforts of all pages; each page works without them. */
for (const button of document.querySelectorAll('[data-dismiss]')) {
  button.hidden = false;
  button.addEventListener('click', () => button.closest('[data-notice]').remove());
}
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
