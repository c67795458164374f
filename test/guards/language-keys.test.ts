import { filesIn, parseSource, readSource, walk } from '../support/source-files';
import ts from 'typescript';

interface Words {
  [key: string]: string | Words;
}

function flatten(words: Words, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(words).flatMap(([key, value]): [string, string][] =>
      typeof value === 'string' ? [[prefix + key, value]] : [...flatten(value, `${prefix}${key}.`)],
    ),
  );
}

const wordsOf = (path: string): Map<string, string> => flatten(JSON.parse(readSource(path)) as Words);
const PLURAL = /_(zero|one|two|few|many|other)$/;
/** French has a plural form ("un million de factures") that English lacks. */
const meanings = (words: Map<string, string>): string[] =>
  [...new Set([...words.keys()].map((key) => key.replace(PLURAL, '')))].sort();
const variables = (text: string): string[] =>
  [...new Set([...text.matchAll(/\{-? *([\w.]+)/g)].map((match) => match[1]!))].sort();

const folders = [...new Set(filesIn(['lang', 'demo/lang'], '.json').map((path) => path.replace(/\/[^/]+$/, '')))];

it('French and English say the same things, with the same variables, and leave nothing empty', () => {
  for (const folder of folders) {
    const [en, fr] = [wordsOf(`${folder}/en.json`), wordsOf(`${folder}/fr.json`)];
    expect(meanings(fr)).toEqual(meanings(en));
    for (const [key, text] of [...en, ...fr]) expect([folder, key, text.trim()]).not.toEqual([folder, key, '']);
    for (const [key, text] of en)
      // The singular may leave the number out.
      if (fr.has(key) && !key.endsWith('_one')) expect([key, variables(fr.get(key)!)]).toEqual([key, variables(text)]);
  }
});

it('every counted text has its singular and its plural in both languages', () => {
  for (const folder of folders) {
    const languages = ['en', 'fr'].map((language) => [...wordsOf(`${folder}/${language}.json`).keys()]);
    const counted = languages.flat().filter((key) => key.endsWith('_one'));
    for (const keys of languages)
      for (const form of ['_one', '_other'])
        expect(keys).toEqual(expect.arrayContaining(counted.map((key) => key.replace(PLURAL, form))));
  }
});

it('every error of the plugin has its words', () => {
  const codes: string[] = [];
  walk(parseSource('plugin/errors.ts'), (node) => {
    if (ts.isTypeAliasDeclaration(node) && node.name.text === 'ErrorCode')
      walk(node, (inner) => {
        if (ts.isStringLiteral(inner)) codes.push(inner.text);
      });
  });
  expect(codes).toContain('IM_STALE_TARGET');
  for (const language of filesIn(['lang'], '.json')) {
    const words = wordsOf(language);
    expect(codes.filter((code) => ![...words.keys()].some((key) => key.startsWith(`errors.${code}`)))).toEqual([]);
  }
});
