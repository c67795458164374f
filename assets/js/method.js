// @ts-check
/** The form of a payment method: shows the chosen picture, sends one of one's own, and shows an example of the format. */

/** @param {HTMLElement} form */
function showPicture(form) {
  const picture = /** @type {HTMLImageElement} */ (form.querySelector('[data-im="picture"]'));
  form.addEventListener('change', (event) => {
    const { target } = event;
    if (target instanceof HTMLInputElement && target.name === 'imageId') picture.src = target.dataset.imUrl ?? '';
  });
}

/**
 * Sends a picture as soon as it is chosen, and adds it to the gallery, chosen; it is kept when the form is saved.
 * @param {HTMLElement} form @param {HTMLElement} part
 */
function offerUpload(form, part) {
  const { imUrl = '', imOwn = '', imBusy = '', imDone = '', imFailed = '', imHeader, imToken = '' } = part.dataset;
  const input = /** @type {HTMLInputElement} */ (part.querySelector('input[type="file"]'));
  const said = /** @type {HTMLElement} */ (part.querySelector('[data-im="uploaded"]'));
  const gallery = /** @type {HTMLElement} */ (form.querySelector('[data-im="gallery"]'));
  part.hidden = false;
  /** @type {HTMLElement} */ (part.querySelector('[data-im="send"]')).hidden = true;

  /** @param {string} imageId @param {string} imageUrl */
  function choose(imageId, imageUrl) {
    gallery.querySelector('[data-im-uploaded]')?.remove();
    const label = document.createElement('label');
    label.className = 'im-choice';
    label.dataset.imUploaded = '';
    const radio = document.createElement('input');
    Object.assign(radio, { type: 'radio', name: 'imageId', value: imageId, autocomplete: 'off' });
    radio.dataset.imUrl = imageUrl;
    const image = document.createElement('img');
    Object.assign(image, { className: 'im-picture', src: imageUrl, alt: imOwn, width: 44, height: 44 });
    label.append(radio, image);
    gallery.prepend(label);
    radio.checked = true;
    radio.dispatchEvent(new Event('change', { bubbles: true }));
  }

  input.addEventListener('change', async () => {
    const [file] = input.files ?? [];
    if (!file) return;
    said.textContent = imBusy;
    const body = new FormData();
    body.append('file', file);
    const headers = { Accept: 'application/json', ...(imHeader && { [imHeader]: imToken }) };
    const reply = await fetch(imUrl, { method: 'POST', credentials: 'same-origin', headers, body }).catch(() => null);
    const answer = await reply?.json().catch(() => null);
    if (reply?.ok && answer?.imageId) {
      choose(answer.imageId, answer.imageUrl);
      said.textContent = imDone;
    } else {
      input.value = '';
      said.textContent = answer?.error?.message ?? imFailed;
    }
  });
}

/** As exampleOf() of rules.ts says it. @param {string} mask */
function exampleOf(mask) {
  let [digits, letters, places] = [0, 0, 0];
  const example = mask.replace(/\\(.)|[A9?]/gu, (whole, literal) => {
    if (literal !== undefined) return literal;
    places += 1;
    return whole === 'A' ? 'BCDEFGH'.charAt(letters++ % 7) : String((digits++ % 9) + 1);
  });
  return places > 0 ? example : null;
}

/** @param {HTMLElement} form */
function showExample(form) {
  const mask = /** @type {HTMLInputElement} */ (form.querySelector('[name="referenceMask"]'));
  const shown = /** @type {HTMLElement} */ (form.querySelector('[data-im="example"]'));
  mask.addEventListener('input', () => {
    const example = exampleOf(mask.value.trim());
    shown.textContent = example === null ? '' : (shown.dataset.imText ?? '').replace('{example}', () => example);
  });
}

const form = /** @type {HTMLElement} */ (document.querySelector('[data-im="method"]'));
showPicture(form);
showExample(form);
const upload = form.querySelector('[data-im="upload"]');
if (upload instanceof HTMLElement) offerUpload(form, upload);
