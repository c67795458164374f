import { filesIn, readSource } from '../support/source-files';

/** The selectors of a sheet, but for those within @media: there a rule says again what it changes. */
function selectorsOf(path: string): string[] {
  const rules = readSource(path)
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/@[^{]+\{([^{}]*\{[^{}]*\})*[^{}]*\}/g, '');
  return [...rules.matchAll(/([^{}]+)\{/g)].map(([, selector]) => selector!.trim());
}

it.each(filesIn(['assets/css', 'demo/public/css'], '.css'))(
  '%s has one rule for each selector: a second one restyles what another page or branch meant',
  (path) => {
    const selectors = selectorsOf(path);
    expect(selectors.length).toBeGreaterThan(0);
    expect(selectors.filter((selector, index) => selectors.indexOf(selector) !== index)).toEqual([]);
  },
);
