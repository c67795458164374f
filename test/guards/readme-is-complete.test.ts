import ts from 'typescript';
import { filesIn, parseSource, readSource, walk } from '../support/source-files';

const readme = readSource('README.md');
/** Names that stand nowhere as `name` or `name(…)`. */
const missing = (names: string[]): string[] =>
  names.filter((name) => !readme.includes(`\`${name}\``) && !readme.includes(`\`${name}(`));

/** The literals of a union, or the members of an interface. */
function namesOf(path: string, type: string): string[] {
  const names: string[] = [];
  walk(parseSource(path), (node) => {
    if (ts.isTypeAliasDeclaration(node) && node.name.text === type)
      walk(node, (inner) => {
        if (ts.isStringLiteral(inner)) names.push(inner.text);
      });
    if (ts.isInterfaceDeclaration(node) && node.name.text === type)
      for (const { name } of node.members) if (name) names.push(name.getText());
  });
  expect(names.length).toBeGreaterThan(3);
  return names;
}

/** Everything of this form that the browser's scripts and the templates say. */
const saidInPages = (pattern: RegExp): string[] => {
  const files = [...filesIn(['assets/js'], '.js'), ...filesIn(['views'], '.ejs')];
  const found = files.flatMap((file) => [...readSource(file).matchAll(pattern)].map(([whole]) => whole));
  expect(found.length).toBeGreaterThan(3);
  return [...new Set(found)];
};

it.each([
  ['plugin/contract.ts', 'Options'],
  ['plugin/contract.ts', 'Action'],
  ['plugin/contract.ts', 'Hooks'],
  ['plugin/contract.ts', 'BannerSpec'],
])('the README names all that %s has as %s', (path, type) => {
  expect(missing(namesOf(path, type))).toEqual([]);
});

it('the README names every function of a host that may be replaced', () => {
  expect(missing(namesOf('plugin/host/contract.ts', 'HostCrm').filter((name) => name !== 'map'))).toEqual([]);
});

it('the README says of every error code with which status it comes and what to do', () => {
  const rows = readme.split('\n').filter((line) => /^\| `IM_.*\| [\d, ]+ \| .+ \|$/.test(line));
  const codes = namesOf('plugin/errors.ts', 'ErrorCode');
  expect(codes.filter((code) => !rows.some((row) => row.includes(`\`${code}\``)))).toEqual([]);
});

it('the README names every event of the page, but for the one between our own scripts', () => {
  const ours = ['invoice-merge:pressed'];
  expect(missing(saidInPages(/invoice-merge:[a-z]+/g).filter((event) => !ours.includes(event)))).toEqual([]);
});

it('the README names every mark that a host’s form may bear', () => {
  const marks = saidInPages(/data-invoice-merge(-[a-z]+)?/g);
  expect(marks.filter((mark) => !new RegExp(`${mark}(?![a-z-])`).test(readme))).toEqual([]);
});
