/** The programs that tests need beside npm's packages: MariaDB, Galera and Chromium, found or installed, never skipped. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** What a program may be called, best first. */
const PROGRAMS = {
  mariadbd: ['mariadbd'],
  'mariadb-install-db': ['mariadb-install-db'],
  // What copies a node's data to one that joins.
  wsrep_sst_rsync: ['wsrep_sst_rsync'],
  rsync: ['rsync'],
  'libgalera_smm.so': ['libgalera_smm.so'],
  // The shell draws the same pages without windows: journeys take half the time in it.
  chromium: ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
};
export type Program = keyof typeof PROGRAMS;

const PACKAGES: Record<Program, string[]> = {
  mariadbd: ['mariadb-server-core', 'mariadb-client-core'],
  'mariadb-install-db': ['mariadb-server-core', 'mariadb-client-core'],
  wsrep_sst_rsync: ['mariadb-server'],
  rsync: ['rsync'],
  'libgalera_smm.so': ['galera-4'],
  chromium: ['chromium-headless-shell', 'fonts-dejavu-core'],
};

/** Servers live in /usr/sbin, which is not on everybody's PATH, and Galera's library in its own folder. */
function searchFolders(): string[] {
  const path = (process.env.PATH ?? '').split(delimiter);
  return [...path, '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/lib/galera', '/usr/lib64/galera-4'].filter(Boolean);
}

/** The path of a program, or null when this machine has none of its names. */
export function findProgram(program: Program, folders = searchFolders()): string | null {
  for (const name of PROGRAMS[program])
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        // A library is read, a program run.
        accessSync(path, name.endsWith('.so') ? constants.R_OK : constants.X_OK);
        return path;
      } catch {
        continue;
      }
    }
  return null;
}

/** The path of a program that global set-up has seen to. */
export function programPath(program: Program): string {
  const path = findProgram(program);
  if (path === null) throw new Error(missingMessage([program], 'run the tests with npx jest, whose set-up sees to it'));
  return path;
}

/** The one command that installs the packages of these programs. */
export function installCommand(programs: Program[]): string {
  const packages = [...new Set(programs.flatMap((program) => PACKAGES[program]))];
  return `apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${packages.join(' ')}`;
}

export function missingMessage(programs: Program[], cause: string): string {
  return [
    `The tests need ${programs.join(', ')}, which this machine does not have (${cause}).`,
    `Install it as root, then run the tests again:`,
    ``,
    `    ${installCommand(programs)}`,
    ``,
  ].join('\n');
}

interface Machine {
  folders: string[];
  isRoot: boolean;
  /** Runs the command in a shell; its output is kept back, and answered when it failed. */
  run(command: string): { ok: boolean; output: string };
  say(line: string): void;
}

/** `flock`: two runs at once wait for each other; the second finds everything installed. */
function runAlone(command: string): { ok: boolean; output: string } {
  const lock = join('/tmp', 'crm-invoice-merge-apt.lock');
  const result = spawnSync('flock', ['--timeout', '900', lock, 'sh', '-c', command], {
    encoding: 'utf8',
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? String(result.error) : ''}`;
  return { ok: result.status === 0, output };
}

const thisMachine = (): Machine => ({
  folders: searchFolders(),
  isRoot: process.getuid?.() === 0,
  run: runAlone,
  say: (line) => process.stderr.write(`${line}\n`),
});

/**
 * Sees to it that all of these programs are there, installing what is missing with apt-get when it may.
 * @throws with the exact command when it may not, or when the command failed
 */
export function ensurePrograms(programs: Program[], machine: Machine = thisMachine()): void {
  const missing = (): Program[] => programs.filter((program) => findProgram(program, machine.folders) === null);
  const lacking = missing();
  if (lacking.length === 0) return;
  if (!machine.isRoot) throw new Error(missingMessage(lacking, 'and only root may install it'));
  const command = installCommand(lacking);
  machine.say(`Installing what the tests need (once): ${command}`);
  const { ok, output } = machine.run(command);
  const still = missing();
  if (still.length === 0) return;
  const tail = output.trimEnd().split('\n').slice(-15).join('\n');
  throw new Error(
    missingMessage(still, ok ? 'apt-get installed the packages, but not the program' : `apt-get failed:\n${tail}\n`),
  );
}
