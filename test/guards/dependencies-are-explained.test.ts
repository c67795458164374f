import { readSource } from '../support/source-files';

type Versions = Record<string, string>;
const manifest = JSON.parse(readSource('package.json')) as Record<
  'dependencies' | 'devDependencies' | 'peerDependencies',
  Versions
>;

/** The packages that CONTRIBUTING.md names in the first column of the table with this heading. */
function explained(heading: string): string[] {
  const [, table = ''] = readSource('CONTRIBUTING.md').split(`| ${heading} |`);
  const rows = table.split('\n\n')[0]!.split('\n').slice(2);
  return rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name!)).sort();
}

it('CONTRIBUTING says why hosts install each dependency, and names none that is gone', () => {
  const { dependencies, peerDependencies } = manifest;
  expect(explained('what hosts install')).toEqual(Object.keys({ ...dependencies, ...peerDependencies }).sort());
});

it('CONTRIBUTING says why developers install each dependency, and names none that is gone', () => {
  expect(explained('what only developers install')).toEqual(Object.keys(manifest.devDependencies).sort());
});
