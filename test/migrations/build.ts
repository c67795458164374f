/** The real build, and processes that use it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TableMap } from '../../plugin/host/contract';
import { builtFolder } from '../packaging/consumer';

export interface Run {
  code: number | null;
  applied: string[];
  errors: string;
}

export interface Build {
  /**
   * As many processes that migrate with the built code, let loose together once all are connected.
   * @param killAt the change of a table after which they kill themselves
   */
  migrate(url: string, map: TableMap, processes?: number, killAt?: number): Promise<Run[]>;
}

const SCRIPT = `
  const { migrate } = require('./migrations/index.js');
  const { openDatabase } = require('./demo/database.js');
  const [url, map, killAt] = JSON.parse(process.argv[1]);
  const knex = openDatabase(url, { max: 1 });
  let changes = 0;
  const onStep = () => { if (++changes === killAt) process.kill(process.pid, 'SIGKILL'); };
  process.once('message', () =>
    migrate(knex, map, { onStep })
      .then((applied) => console.log(JSON.stringify(applied)), (error) => { console.error(error); process.exitCode = 1; })
      .finally(() => { process.disconnect(); return knex.destroy(); }));
  knex.raw('SELECT 1').then(() => process.send('connected'));`;

function start(folder: string, input: string): { connected: Promise<unknown>; go(): void; done: Promise<Run> } {
  const child = spawn(process.execPath, ['-e', SCRIPT, input], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  let errors = '';
  child.stdout?.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (errors += data.toString()));
  const done = new Promise<Run>((resolveRun, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolveRun({ code, applied: output ? (JSON.parse(output) as string[]) : [], errors }));
  });
  // One that dies before it connects must not keep the others waiting.
  const connected = Promise.race([once(child, 'message'), done]);
  return { connected, go: () => child.connected && child.send('go'), done };
}

export async function build(): Promise<Build> {
  const folder = await builtFolder();
  return {
    async migrate(url, map, processes = 1, killAt = 0) {
      const children = Array.from({ length: processes }, () => start(folder, JSON.stringify([url, map, killAt])));
      await Promise.all(children.map(({ connected }) => connected));
      for (const child of children) child.go();
      return Promise.all(children.map(({ done }) => done));
    },
  };
}
