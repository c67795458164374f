import ts from 'typescript';
import { filesIn, parseSource, readSource, walk } from '../support/source-files';

/** Written in two halves, so that this file may be read by its own guard. */
const word = (...halves: string[]): RegExp => new RegExp(`\\b${halves.join('')}\\b`);

const product = filesIn(['plugin', 'migrations']);
const everything = [
  ...filesIn(['plugin', 'migrations', 'demo', 'test', 'bench']),
  ...filesIn(['views', 'assets', 'demo/views'], '.ejs'),
  ...filesIn(['assets', 'demo/public'], '.js'),
  ...filesIn(['assets', 'demo/public'], '.css'),
];

const linesWith = (files: string[], pattern: RegExp): string[] =>
  files.flatMap((file) =>
    readSource(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : [])),
  );

it('nothing is left for later in a comment', () => {
  expect(everything.length).toBeGreaterThan(10);
  for (const left of [word('TO', 'DO'), word('FIX', 'ME'), word('XX', 'X')])
    expect(linesWith(everything, left)).toEqual([]);
});

it('no type is given up', () => {
  for (const comment of [/@ts-(ign)ore/, /@ts-(noc)heck/, /@ts-(exp)ect-error/])
    expect(linesWith(everything, comment)).toEqual([]);
  const found: string[] = [];
  for (const file of everything.filter((path) => path.endsWith('.ts')))
    walk(parseSource(file), (node) => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) found.push(`${file}: ${node.parent.getText()}`);
    });
  expect(found).toEqual([]);
});

it('the plugin writes to the logger it was given; only its default logger warns on the console', () => {
  expect(linesWith(product, /\bconsole\.(?!warn|error)/)).toEqual([]);
  const elsewhere = product.filter((file) => file !== 'plugin/create-plugin.ts');
  expect(linesWith(elsewhere, /\bconsole\./)).toEqual([]);
  expect(linesWith(product, /process\.(stdout|stderr|exit)/)).toEqual([]);
});

it('no test is left out', () => {
  expect(linesWith(filesIn(['test']), /\b(it|test|describe)(\.concurrent)?\.(sk[i]p|on[l]y|tod[o]|failing)\b/)).toEqual(
    [],
  );
  expect(linesWith(filesIn(['test']), /^\s*(xi[t]|xtes[t]|xdescrib[e]|fi[t]|fdescrib[e])\(/)).toEqual([]);
});

it('the lock file names no registry', () => {
  expect(readSource('package-lock.json')).not.toMatch(/"resolved"\s*:\s*"https?:/);
});
