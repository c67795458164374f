import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PluginError } from '../../plugin/errors';
import { createTranslator, explainError, explainReason, explainUndoRefusal } from '../../plugin/i18n';

const root = path.join(__dirname, '../..');
type Tree = { [key: string]: string | Tree };
const load = (locale: string) => JSON.parse(readFileSync(path.join(root, `lang/${locale}.json`), 'utf8')) as Tree;
const flat = (tree: Tree, prefix = ''): [string, string][] =>
  Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[prefix + key, value] as [string, string]] : flat(value, `${prefix}${key}.`),
  );
const codesIn = (file: string, type: string): string[] => {
  const source = readFileSync(path.join(root, file), 'utf8');
  const body = new RegExp(`export type ${type} =([^;]*);`).exec(source)?.[1] ?? '';
  return [...body.matchAll(/'(\w+)'/g)].map((match) => match[1] ?? '');
};

describe('the words', () => {
  const translator = createTranslator();
  const fr = translator('fr');
  const en = translator('en');

  it('have the same keys and the same variables in both languages', () => {
    const variables = (text: string): string => [...new Set(text.match(/\{\w+\}/g))].sort().join();
    const shape = (locale: string) =>
      Object.fromEntries(flat(load(locale)).map(([key, text]) => [key, variables(text)]));
    expect(shape('en')).toEqual(shape('fr'));
  });

  it('exist for every error and every reason, and end as sentences', () => {
    const codes = codesIn('plugin/errors.ts', 'ErrorCode');
    const reasons = codesIn('plugin/host/contract.ts', 'Reason');
    const refusals = codesIn('plugin/merging/contract.ts', 'UndoRefusalCode');
    // As many as there were once: an empty list would prove nothing.
    for (const [found, least] of [
      [codes, 87],
      [reasons, 21],
      [refusals, 17],
    ] as const)
      expect(found.length).toBeGreaterThanOrEqual(least);
    for (const words of [fr, en]) {
      for (const code of codes) {
        const text = explainError(words, new PluginError(code as 'IM_FORBIDDEN', 409)) ?? '';
        expect(text).toMatch(/^[A-ZÀ-Ý…].{40,}\.$/u);
        expect(text).not.toMatch(/[{}⟦⟧…\0]/);
      }
      for (const code of reasons) expect(explainReason(words, { code, vars: {} })).not.toMatch(/reasons|[{}⟦⟧…\0]/);
      for (const code of refusals) {
        const text = explainUndoRefusal(words, { code, vars: { number: 'FA-1' } });
        expect(text).toMatch(/^[A-ZÀ-Ý].{10,}\. .{20,}\.$/u);
        expect(text).not.toMatch(/[{}⟦⟧…\0]/);
      }
    }
  });

  it('follow French typography: narrow spaces before double signs, curly apostrophes', () => {
    const wrong = flat(load('fr')).filter(([, text]) => /[ \u00a0][;:!?»]|«[ \u00a0]|'|\w[;!?](?!\w)/.test(text));
    expect(wrong).toEqual([]);
  });

  it('count as each language does: 0 is singular in French, plural in English', () => {
    expect(fr.t('banner.selected', { count: 0, amount: 'x' })).toBe('0 sélectionnée · + x');
    expect(fr.t('banner.selected', { count: 2, amount: 'x' })).toBe('2 sélectionnées · + x');
    expect(en.t('rows.none')).toBe('This invoice has no lines.');
  });

  it('write amounts exactly, days and instants as the person’s language does', () => {
    expect(fr.money('1107.39', 'EUR')).toBe('1\u202f107,39\u00a0€');
    expect(fr.money('-12345678901234567.89', 'EUR')).toBe('−12\u202f345\u202f678\u202f901\u202f234\u202f567,89\u00a0€');
    expect(en.money('1107.39', 'EUR')).toBe('€1,107.39');
    expect(fr.money('500', 'JPY')).toBe('500\u00a0¥');
    expect(fr.money('12.5', 'points')).toBe('12,50\u00a0points');
    expect([fr.day('2026-11-21'), en.day('2026-11-21')]).toEqual(['21/11/2026', '21 Nov 2026']);
    expect(fr.instant('2026-11-20T23:30:00.000Z')).toBe('21/11/2026 à 00:30');
    expect([fr.percent('5.50'), en.percent('5.50')]).toEqual(['5,5\u202f%', '5.5%']);
  });

  it('are French without a wish, English for a language that we lack', () => {
    expect([undefined, 'fr-CA', 'en-US', 'de'].map((wish) => translator(wish).locale)).toEqual([
      'fr',
      'fr',
      'en',
      'en',
    ]);
  });

  it('come from the host first', () => {
    const host = createTranslator({
      translate: (key, _vars, locale) => (key === 'status.unpaid' ? `à régler (${locale})` : undefined),
    });
    expect([host().t('status.unpaid'), host().t('status.draft')]).toEqual(['à régler (fr)', 'Brouillon']);
  });

  it('say why the target receives nothing', () => {
    const reason = { code: 'status', vars: { status: 'partial' } };
    expect(explainError(fr, new PluginError('IM_TARGET_CLOSED', 422, { reason }))).toMatch(
      /^Cette facture est payée en partie/,
    );
  });

  it('leave out what is not known, and never interpret a name', () => {
    const error = new PluginError('IM_TOTAL_CHANGED', 422, { shown: '10.00', after: '10.01', currency: 'EUR' });
    expect(explainError(fr, error)).toContain('\u202f: 10,00\u00a0€ → 10,01\u00a0€.');
    expect(explainError(fr, new PluginError('IM_TOTAL_CHANGED', 422))).toContain('depuis l’affichage. Rien');
    expect(
      explainError(fr, new PluginError('IM_MERGED', 409, { number: '$t(errors.title){by}', other: 'B' })),
    ).toContain('$t(errors.title){by}');
    expect(explainError(fr, new Error('host'))).toBeNull();
  });
});
