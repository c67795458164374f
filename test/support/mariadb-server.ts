/** A private MariaDB on a free port of the loopback address, in a folder that is gone when the run ends, however it ends. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { programPath } from './system-packages';

export interface MariadbServer {
  /** mysql://root@127.0.0.1:PORT, without a database */
  url: string;
  port: number;
  /** Ends it at once, as a power cut would. */
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
 * server nor a file outlives a test run. Only the process started here is ever ended, by its own id; what that one had
 * started (the making of the data folder) ends by itself once the folder is gone, hence the second look.
 * After the start the shell itself says nothing: writing to a pipe whose reader is gone would end it too early.
 */
const WHILE_PIPE_IS_OPEN = `
"$@" 3<&- & program=$!
exec >/dev/null 2>&1
{ read -r nothing <&3; kill -9 $program; } & watch=$!
wait $program
kill $watch 2>/dev/null
rm -rf "$FOLDER"
while [ -e "$FOLDER" ]; do sleep 0.2; rm -rf "$FOLDER"; done
`;

/** @returns what it said last, whether it has ended, and `release`: ends it and waits until the folder is gone */
function runWhileAlive(folder: string, program: string[]) {
  // detached: a Ctrl-C in the terminal must reach jest only; the pipe tells the rest.
  const shell = spawn('sh', ['-c', WHILE_PIPE_IS_OPEN, 'sh', ...program], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
    cwd: '/',
    env: { ...process.env, FOLDER: folder },
  });
  let said = '';
  for (const pipe of shell.stdio.slice(1) as Socket[]) {
    pipe.on('error', () => undefined);
    pipe.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-3000)));
    pipe.unref();
  }
  shell.unref();
  let hasEnded = false;
  const ended = new Promise<void>((resolve) =>
    shell.once('exit', () => {
      hasEnded = true;
      resolve();
    }),
  );
  return {
    said: () => said,
    hasEnded: () => hasEnded,
    async release(): Promise<void> {
      shell.ref();
      (shell.stdio[3] as Socket).end();
      await ended;
    },
  };
}

/** A folder for everything that a run writes to; removed when the run ends, however it ends. */
export function createRunFolder(): { folder: string; remove(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'im-run-'));
  // A server that runs as another user has its own folder inside.
  chmodSync(folder, 0o711);
  const holder = runWhileAlive(folder, ['sleep', 'infinity']);
  return { folder, remove: () => holder.release() };
}

/** @throws with the end of the server's log when it does not come up */
export async function startMariadb(): Promise<MariadbServer> {
  return thrice(async () => serve(await freePort(), { user: userInfo().username, options: ['--skip-log-bin'] }));
}

/** A free port is not a reserved one: another run may have taken it in between. */
export async function thrice<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

/** $0 makes the data folder; then the shell becomes the server "$@", whose words 2 to 5 say where and as whom. */
const INSTALL_THEN_SERVE = `
"$0" "$2" "$3" "$4" "$5" --auth-root-authentication-method=normal --skip-test-db >/dev/null || exit 1
exec "$@"
`;

/**
 * One server on this port of the loopback address, in a folder of its own.
 * @param about `user`: as whom it runs, which only root may choose; `options`: words of its command line
 */
export async function serve(port: number, about: { user: string; options: string[] }): Promise<MariadbServer> {
  const folder = mkdtempSync(join(tmpdir(), 'im-mariadb-'));
  if (about.user !== userInfo().username) execFileSync('chown', [about.user, folder]);
  const data = join(folder, 'data');
  const server = runWhileAlive(folder, [
    ...['sh', '-c', INSTALL_THEN_SERVE, programPath('mariadb-install-db'), programPath('mariadbd')],
    '--no-defaults',
    `--datadir=${data}`,
    `--user=${about.user}`,
    // Its own: a server that starts removes the temporary tables that it finds, also those of another that runs.
    `--tmpdir=${folder}`,
    `--socket=${join(folder, 's.sock')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-buffer-pool-size=64M',
    '--innodb-log-file-size=16M',
    '--performance-schema=OFF',
    '--skip-name-resolve',
    '--max-connections=300',
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
    ...about.options,
  ]);
  const url = `mysql://root@127.0.0.1:${port}`;
  const problem = await waitUntilItAnswers(url, data, server.hasEnded);
  if (problem === null) return { url, port, stop: () => server.release() };
  await server.release();
  throw new Error(`MariaDB did not start on port ${port}:\n${server.said()}`, { cause: problem });
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
