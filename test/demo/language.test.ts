import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readNumber, speeches } from '../../demo/language';

type Words = { [key: string]: string | Words };
const flat = (words: Words, path = ''): [string, string][] =>
  Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'string' ? [[`${path}${key}`, value] as [string, string]] : flat(value, `${path}${key}.`),
  );
const wordsOf = (lang: string) =>
  new Map(flat(JSON.parse(readFileSync(join(__dirname, '../../demo/lang', `${lang}.json`), 'utf8')) as Words));

describe('the demo CRM’s words', () => {
  it('says everything in both languages', () => {
    expect([...wordsOf('fr').keys()]).toEqual([...wordsOf('en').keys()]);
  });

  it('fills every variable: none stands in single braces, and both languages have the same', () => {
    const variables = (text: string): string[] => (text.match(/\{+\w+\}+/g) ?? []).sort();
    const english = wordsOf('en');
    for (const [key, text] of wordsOf('fr')) {
      expect([key, variables(text)]).toEqual([key, variables(english.get(key) ?? '')]);
      expect([key, variables(text).filter((one) => !/^\{\{\w+\}\}$/.test(one))]).toEqual([key, []]);
    }
  });

  it('sets French as French printers do', () => {
    const wrong = [...wordsOf('fr')].filter(([, text]) =>
      /'|«(?!\u202f)|(?<!\u202f)»|[^\u202f{}][;:!?](?=\s|$)/.test(text),
    );
    expect(wrong).toEqual([]);
  });

  it('writes amounts, days and rates as each language does, however large', () => {
    expect(speeches.fr.money('-123456789012.34', 'EUR')).toBe('−123\u202f456\u202f789\u202f012,34\u00a0€');
    expect(speeches.en.money('1204.5', 'EUR')).toBe('€1,204.50');
    expect(speeches.fr.day('2026-11-21')).toBe('21/11/2026');
    expect(speeches.fr.percent('5.5')).toBe('5,5\u00a0%');
    expect(speeches.fr.typed('21.5', 2)).toBe('21,50');
  });

  it('reads numbers as people type them', () => {
    expect(['1\u202f204,50\u00a0€', '1204.50', '1,204.50', '1.204,50', '−3'].map(readNumber)).toEqual([
      '1204.50',
      '1204.50',
      '1204.50',
      '1204.50',
      '-3',
    ]);
    expect(readNumber('douze')).toBe('douze');
  });
});
