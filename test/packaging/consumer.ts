/** Projects outside the repository that have the packed plugin installed, as a CRM has. */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { oncePerRun } from '../support/once-per-run';
import { ROOT, readSource } from '../support/source-files';

const run = promisify(execFile);
const tool = (path: string): string => join(ROOT, 'node_modules', path);

const { dependencies } = JSON.parse(readSource('package.json')) as { dependencies: Record<string, string> };
const installed = Object.fromEntries(
  [...Object.keys(dependencies), 'knex', 'mysql2', '@types/node'].map((name) => [name, name]),
);
/** What stands in a host's node_modules beside the plugin. */
export const EXPRESS_5 = { ...installed, express: 'express', '@types/express': '@types/express' };
export const EXPRESS_4 = { ...installed, express: 'express-v4', '@types/express': '@types/express-v4' };

export interface Tarball {
  path: string;
  files: string[];
  folder: string;
}

/** A copy of the repository with its build in dist/, so that the repository's own is neither used nor touched. */
const buildCopy = (): Promise<string> =>
  oncePerRun('build', async (folder) => {
    for (const name of [
      ...['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'tsconfig.json', 'tsconfig.build.json'],
      ...['plugin', 'migrations', 'demo', 'views', 'assets', 'lang', 'docs', 'test'],
    ])
      if (existsSync(join(ROOT, name))) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    await compile(folder, ['-p', 'tsconfig.build.json']);
  });

/** The real build, which finds the repository's node_modules. */
export const builtFolder = async (): Promise<string> => join(await buildCopy(), 'dist');

/** @returns the packed build; its folder is the run's, for projects that install it */
export async function packTarball(): Promise<Tarball> {
  const folder = await oncePerRun('pack', async (destination) => {
    const { stdout } = await run(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--offline', '--pack-destination', destination],
      { cwd: await buildCopy() },
    );
    writeFileSync(join(destination, 'packed.json'), stdout);
  });
  const [packed] = JSON.parse(readFileSync(join(folder, 'packed.json'), 'utf8')) as {
    filename: string;
    files: { path: string }[];
  }[];
  return { path: join(folder, packed!.filename), files: packed!.files.map((file) => file.path).sort(), folder };
}

export interface Consumer {
  folder: string;
  /** Compiles with tsc, beside the sources, and no shortcut: strict, declarations of libraries checked too. */
  compile(...files: string[]): Promise<void>;
  /** Runs a file with Node and answers what it printed, as JSON. */
  run(file: string): Promise<unknown>;
}

/**
 * @param packages which package of the repository's node_modules stands under which name
 * @param files what the project consists of
 */
export function createConsumer(
  tarball: Tarball,
  name: string,
  packages: Record<string, string>,
  files: Record<string, string>,
): Consumer {
  const folder = join(tarball.folder, name);
  const installed = join(folder, 'node_modules', 'crm-invoice-merge');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', tarball.path, '--strip-components=1', '-C', installed]);
  for (const [alias, target] of Object.entries(packages)) {
    const link = join(folder, 'node_modules', alias);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', target), link);
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true }));
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  return {
    folder,
    async compile(...sources) {
      await compile(folder, [
        ...['--strict', '--noUncheckedIndexedAccess', '--skipLibCheck', 'false', '--esModuleInterop'],
        ...['--target', 'es2022', '--lib', 'es2023', '--module', 'node16', '--types', 'node', ...sources],
      ]);
    },
    async run(file) {
      const { stdout } = await run(process.execPath, [file], { cwd: folder, timeout: 20000 });
      return JSON.parse(stdout) as unknown;
    },
  };
}

async function compile(folder: string, args: string[]): Promise<void> {
  try {
    await run(process.execPath, [tool('typescript/bin/tsc'), ...args], { cwd: folder });
  } catch (error) {
    throw new Error(`tsc: ${(error as { stdout: string }).stdout}`, { cause: error });
  }
}

/** Runs a command line tool of node_modules. @returns its output, also when it found faults */
export async function runTool(path: string, args: string[]): Promise<{ ok: boolean; output: string }> {
  try {
    const { stdout, stderr } = await run(process.execPath, [tool(path), ...args]);
    return { ok: true, output: stdout + stderr };
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return { ok: false, output: stdout + stderr };
  }
}
