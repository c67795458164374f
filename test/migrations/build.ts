/** The real build in a folder of its own inside the repository, so that it finds node_modules; and processes that use it. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TableMap } from '../../plugin/host/contract';

const ROOT = resolve(__dirname, '../..');

export interface Build {
  folder: string;
  /**
   * A process of its own that migrates with the built code.
   * @param killAt the change of a table after which it kills itself
   */
  migrate(
    url: string,
    map: TableMap,
    killAt?: number,
  ): Promise<{ code: number | null; applied: string[]; errors: string }>;
  remove(): void;
}

export function build(): Build {
  mkdirSync(join(ROOT, '.tmp'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.tmp', 'build-'));
  execFileSync(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', folder],
    {
      cwd: ROOT,
      stdio: 'pipe',
    },
  );
  const script = `
    const { migrate } = require('./migrations/index.js');
    const { openDatabase } = require('./demo/database.js');
    const [url, map, killAt] = JSON.parse(process.argv[1]);
    const knex = openDatabase(url, { max: 1 });
    let changes = 0;
    migrate(knex, map, { onStep: () => { if (++changes === killAt) process.kill(process.pid, 'SIGKILL'); } })
      .then((applied) => console.log(JSON.stringify(applied)), (error) => { console.error(error); process.exitCode = 1; })
      .finally(() => knex.destroy());`;
  return {
    folder,
    migrate: (url, map, killAt = 0) =>
      new Promise((done, reject) => {
        const child = spawn(process.execPath, ['-e', script, JSON.stringify([url, map, killAt])], { cwd: folder });
        let output = '';
        let errors = '';
        child.stdout.on('data', (data: Buffer) => (output += data.toString()));
        child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
        child.on('error', reject);
        child.on('close', (code) => done({ code, applied: output ? (JSON.parse(output) as string[]) : [], errors }));
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
