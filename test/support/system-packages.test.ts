import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePrograms, findProgram } from './system-packages';

const COMMAND =
  'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ' +
  'mariadb-server-core mariadb-client-core chromium-headless-shell fonts-dejavu-core';

/** A machine with one empty folder for programs, on which `apt-get` does what the test says. */
function freshMachine(options: { isRoot: boolean; install?: (folder: string) => string }) {
  const folder = mkdtempSync(join(tmpdir(), 'im-machine-'));
  const commands: string[] = [];
  const said: string[] = [];
  return {
    commands,
    said,
    folders: [folder],
    isRoot: options.isRoot,
    run(command: string) {
      commands.push(command);
      const output = options.install?.(folder) ?? '';
      return { ok: !output.includes('E:'), output };
    },
    say: (line: string) => void said.push(line),
  };
}

function putProgram(folder: string, name: string): void {
  writeFileSync(join(folder, name), '#!/bin/sh\n');
  chmodSync(join(folder, name), 0o755);
}

describe('programs that the tests need', () => {
  it('are installed by root with one command, and one line says so', () => {
    const machine = freshMachine({
      isRoot: true,
      install(folder) {
        for (const name of ['mariadbd', 'mariadb-install-db', 'chromium-headless-shell']) putProgram(folder, name);
        return 'Reading package lists...\nSetting up mariadb-server-core ...';
      },
    });
    ensurePrograms(['mariadbd', 'mariadb-install-db', 'chromium'], machine);
    expect(machine.commands).toEqual([COMMAND]);
    expect(machine.said).toEqual([`Installing what the tests need (once): ${COMMAND}`]);
    ensurePrograms(['mariadbd', 'mariadb-install-db', 'chromium'], machine);
    expect(machine.commands).toHaveLength(1);
  });

  it('fail the run of anybody else with the exact command', () => {
    const machine = freshMachine({ isRoot: false });
    expect(() => ensurePrograms(['mariadbd', 'mariadb-install-db', 'chromium'], machine)).toThrow(COMMAND);
    expect(machine.commands).toEqual([]);
  });

  it('fail the run with the end of what apt-get said when it could not install them', () => {
    const machine = freshMachine({ isRoot: true, install: () => 'E: Unable to locate package chromium' });
    expect(() => ensurePrograms(['chromium'], machine)).toThrow(
      /E: Unable to locate package chromium[^]*apt-get update/,
    );
  });

  it('are found under each of their names, in the folders of servers too', () => {
    const { folders } = freshMachine({ isRoot: false });
    expect(findProgram('chromium', folders)).toBeNull();
    putProgram(folders[0]!, 'google-chrome');
    expect(findProgram('chromium', folders)).toBe(join(folders[0]!, 'google-chrome'));
    putProgram(folders[0]!, 'chromium-headless-shell');
    expect(findProgram('chromium', folders)).toBe(join(folders[0]!, 'chromium-headless-shell'));
    expect(findProgram('mariadbd')).toMatch(/mariadbd$/);
  });
});
