/** The code that the README tells a CRM's developer to copy, taken from the README itself. */
import { readSource } from '../support/source-files';

/** The fenced blocks of one language below a heading, in order. */
export function blocksOf(heading: string, language: string): string[] {
  const section = readSource('README.md')
    .split(/^## /m)
    .find((part) => part.startsWith(heading));
  if (section === undefined) throw new Error(`README.md has no "## ${heading}"`);
  return [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, name, code]) =>
    name === language && code !== undefined ? [code] : [],
  );
}

/** The block that says this; fails when there is none, or more than one. */
export function blockWith(text: string, language: string, heading = 'Mounting it, in five steps'): string {
  const found = blocksOf(heading, language).filter((block) => block.includes(text));
  const [block] = found;
  if (block === undefined || found.length > 1)
    throw new Error(`${found.length} blocks of ${language} in "${heading}" say ${text}`);
  return block;
}
