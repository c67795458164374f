// @ts-check
/** Columns of the host that the invoices fill in differently: told at the tick, with the answer that the save would ask for. */

/** @typedef {{ column: string, label: string, value: string | null, text: string }} Field */

/**
 * @param {HTMLElement | null} place its box is posted only while there is something to agree to
 * @param {Field[]} own of the saved invoice; none of a new one
 * @param {{ label: string, fields: Field[] }[]} merged
 * @param {import('./words.js').Words} words
 */
export function tellDiffering(place, own, merged, words) {
  const box = place?.querySelector('input');
  const list = place?.querySelector('ul');
  if (!place || !box || !list) return;
  const texts = differing(own, merged, words);
  const before = [...list.children].map((item) => item.textContent);
  if (texts.length !== before.length || texts.some((text, index) => text !== before[index])) {
    // Agreed to other differences than these.
    box.checked = false;
    list.replaceChildren(
      ...texts.map((text) => {
        const item = document.createElement('li');
        item.textContent = text;
        return item;
      }),
    );
  }
  // A save that asked has its own box for it.
  const asked = document.querySelector(`.im-questions input[value="${box.value}"]`) !== null;
  place.hidden = texts.length === 0 || asked;
  box.disabled = place.hidden;
}

/** @param {Field[]} own @param {{ label: string, fields: Field[] }[]} merged @param {import('./words.js').Words} words */
function differing(own, merged, words) {
  const all = [...own, ...merged.flatMap(({ fields }) => fields)];
  const labels = new Map(all.map(({ column, label }) => [column, label]));
  return [...labels].flatMap(([column, label]) => {
    const of = (/** @type {Field[]} */ fields) => fields.find((field) => field.column === column);
    const here = of(own);
    /** @type {Map<string | null, { text: string, numbers: string[] }>} */
    const others = new Map();
    for (const one of merged) {
      const field = of(one.fields);
      if (!field || (here && field.value === here.value)) continue;
      const same = others.get(field.value) ?? { text: field.text, numbers: [] };
      same.numbers.push(one.label);
      others.set(field.value, same);
    }
    if (others.size < (here ? 1 : 2)) return [];
    const values = [
      ...(here ? [words.say('differ.here', { value: here.text })] : []),
      ...[...others.values()].map(({ text, numbers }) =>
        words.say('differ.on', { value: text, numbers: words.list(numbers) }),
      ),
    ];
    return [words.say('differ.field', { label, values: words.list(values) })];
  });
}
