import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { transformFileSync } from '@swc/core';

const root = join(__dirname, '../..');

/** The two files as Node runs them, inside the repository so that they find node_modules. */
function compiledSupport(): string {
  mkdirSync(join(root, '.tmp'), { recursive: true });
  const folder = mkdtempSync(join(root, '.tmp/support-'));
  for (const name of ['mariadb-server', 'system-packages']) {
    const { code } = transformFileSync(join(__dirname, `${name}.ts`), {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    });
    writeFileSync(join(folder, `${name}.js`), code);
  }
  return folder;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });

describe('the MariaDB of a run', () => {
  const scripts = compiledSupport();
  afterAll(() => rmSync(scripts, { recursive: true, force: true }));

  it.concurrent.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'is gone with all its files when the run is ended by %s',
    async (signal) => {
      const temporary = mkdtempSync(join(scripts, 'tmp-'));
      const run = spawn(
        process.execPath,
        [
          '-e',
          `const { startMariadb, createRunFolder } = require('./mariadb-server');
           createRunFolder();
           startMariadb().then((server) => console.log(server.port));
           setInterval(() => {}, 1000);`,
        ],
        { cwd: scripts, env: { ...process.env, TMPDIR: temporary }, stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const port = await new Promise<number>((resolve, reject) => {
        run.stdout.once('data', (line: Buffer) => resolve(Number(line.toString())));
        run.once('exit', () => reject(new Error('the run ended before its server answered')));
      });
      expect(await answers(port)).toBe(true);
      expect(readdirSync(temporary)).toHaveLength(2);

      run.kill(signal);

      for (let n = 0; n < 100 && readdirSync(temporary).length > 0; n++) await sleep(50);
      expect(readdirSync(temporary)).toEqual([]);
      expect(await answers(port)).toBe(false);
    },
  );
});
