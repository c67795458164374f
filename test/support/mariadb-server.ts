/** A private MariaDB on a free port of the loopback address, in a folder that is gone when the run ends, however it ends. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { programPath } from './system-packages';

export interface MariadbServer {
  /** mysql://root@127.0.0.1:PORT, without a database */
  url: string;
  port: number;
  stop(): Promise<void>;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/**
 * Runs "$@" as long as file descriptor 3 is open, then ends it and removes the folder $FOLDER.
 * The operating system closes a pipe when its owner ends, whether by exit, SIGINT, SIGTERM or SIGKILL, so that neither a
 * server nor a file outlives a test run. Only the process started here is ever ended, by its own id.
 */
const WHILE_PIPE_IS_OPEN = `
"$@" 3<&- & program=$!
{ read -r nothing <&3; kill -9 $program; } & watch=$!
wait $program
kill $watch 2>/dev/null
rm -rf "$FOLDER"
`;

function runWhileAlive(folder: string, log: number, program: string[]) {
  // detached: a Ctrl-C in the terminal must reach jest only; the pipe tells the rest.
  const shell = spawn('sh', ['-c', WHILE_PIPE_IS_OPEN, 'sh', ...program], {
    stdio: ['ignore', log, log, 'pipe'],
    detached: true,
    cwd: '/',
    env: { ...process.env, FOLDER: folder },
  });
  const pipe = shell.stdio[3] as Socket;
  pipe.on('error', () => undefined);
  pipe.unref();
  shell.unref();
  let hasEnded = false;
  const ended = new Promise<void>((resolve) =>
    shell.once('exit', () => {
      hasEnded = true;
      resolve();
    }),
  );
  return {
    hasEnded: () => hasEnded,
    async release(): Promise<void> {
      shell.ref();
      pipe.end();
      await ended;
    },
  };
}

/** A folder for everything that a run writes to; removed when the run ends, however it ends. */
export function createRunFolder(): { folder: string; remove(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'im-run-'));
  const holder = runWhileAlive(folder, openSync('/dev/null', 'a'), ['sleep', 'infinity']);
  return { folder, remove: () => holder.release() };
}

const logTail = (file: string): string => readFileSync(file, 'utf8').split('\n').slice(-12).join('\n');

/** @throws with the end of the server's log when it does not come up */
export async function startMariadb(): Promise<MariadbServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce();
    } catch (error) {
      // A free port is not a reserved one: another run may have taken it in between.
      if (attempt === 3) throw error;
    }
  }
}

async function startOnce(): Promise<MariadbServer> {
  const folder = mkdtempSync(join(tmpdir(), 'im-mariadb-'));
  const data = join(folder, 'data');
  const logFile = join(folder, 'log');
  const log = openSync(logFile, 'a');
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : [];
  const installed = spawnSync(
    programPath('mariadb-install-db'),
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...asRoot],
    { stdio: ['ignore', log, log] },
  );
  if (installed.status !== 0) {
    const said = logTail(logFile);
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`mariadb-install-db failed:\n${said}`, { cause: installed.error });
  }
  const port = await freePort();
  const server = runWhileAlive(folder, log, [
    programPath('mariadbd'),
    '--no-defaults',
    ...asRoot,
    `--datadir=${data}`,
    `--socket=${join(folder, 's.sock')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-log-bin',
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-buffer-pool-size=64M',
    '--innodb-log-file-size=16M',
    '--performance-schema=OFF',
    '--skip-name-resolve',
    '--max-connections=300',
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
  ]);
  const url = `mysql://root@127.0.0.1:${port}`;
  const problem = await waitUntilItAnswers(url, data, server.hasEnded);
  if (problem === null) return { url, port, stop: () => server.release() };
  const said = server.hasEnded() ? 'it ended at once' : logTail(logFile);
  await server.release();
  throw new Error(`MariaDB did not start on port ${port}:\n${said}`, { cause: problem });
}

/** @returns null, or why this very server (and not another one on its port) does not answer */
async function waitUntilItAnswers(url: string, data: string, hasEnded: () => boolean): Promise<unknown> {
  let problem: unknown;
  for (const end = Date.now() + 30000; Date.now() < end && !hasEnded(); await sleep(50)) {
    try {
      const connection = await mysql.createConnection({ uri: url });
      const [rows] = await connection.query<mysql.RowDataPacket[]>('SELECT @@datadir AS folder');
      await connection.end();
      if (String(rows[0]?.folder).startsWith(data)) return null;
      return new Error('another server answers on this port');
    } catch (error) {
      problem = error;
    }
  }
  return problem ?? new Error('it ended before it answered');
}
