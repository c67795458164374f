/** The demo CRM as it starts itself, but it ends at a statement that it was told: by SIGKILL, without a chance to clean up. */
import { writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDemo } from '../../demo/app';
import { interceptStatements } from '../support/statement-counter';

/** Where the next transaction ends. `during`: the statement is on its way, nobody knows whether it was done. */
export interface KillPoint {
  /** 1 = the first statement after BEGIN. */
  statement: number | 'commit';
  when: 'before' | 'during' | 'after';
}
/** `start` comes first, with the database. */
/** `work`: the worker sends what is due so many milliseconds later than now; the clock stays there. */
export type Told = { start: string; ahead: number } | { arm: KillPoint } | { count: true } | { work: number };
/** `armed`: from now on statements are counted. */
export interface Reply {
  /** Where it listens. */
  url?: string;
  armed?: true;
  /** Of transactions since it was told to count. */
  statements?: number;
  /** Tries that the worker made. */
  made?: number;
}

const reply = (words: Reply): void => void process.send?.(words);

async function start(databaseUrl: string, later: number): Promise<void> {
  let ahead = later;
  const demo = await createDemo({
    ...{ databaseUrl, data: 'empty', allowedDestinations: ['127.0.0.1'] },
    clock: () => new Date(Date.now() + ahead),
  });
  let point: KillPoint | null = null;
  let statements = 0;

  const end = ({ statement, when }: KillPoint): void => {
    // At once, past all buffers: it is the last word.
    writeSync(1, `killed ${when} ${statement}\n`);
    process.kill(process.pid, 'SIGKILL');
  };

  interceptStatements(demo.knex, async ({ kind, inTransaction }, send) => {
    if (!inTransaction || !['statement', 'savepoint', 'commit'].includes(kind)) return send();
    if (kind !== 'commit') statements += 1;
    const reached = point && (point.statement === 'commit' ? kind === 'commit' : point.statement === statements);
    if (!point || !reached) return send();
    if (point.when === 'before') end(point);
    const sent = send();
    if (point.when === 'during') await new Promise((resolve) => setImmediate(resolve));
    else await sent;
    end(point);
    return sent;
  });

  process.on('message', (told: Told) => {
    if ('work' in told) {
      ahead = told.work;
      demo.merge.worker.runOnce().then(
        (made) => reply({ made }),
        (error: unknown) => process.stderr.write(`${String(error)}\n`),
      );
    } else if ('count' in told) reply({ statements });
    else if ('arm' in told) {
      point = told.arm;
      reply({ armed: true });
    }
    statements = 0;
  });

  const server = createServer(demo.app);
  // A connection that it closes while the next request is on its way would look like its end.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1', () => {
    reply({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  });
}

process.once('message', (told: Told) => {
  const { start: databaseUrl, ahead } = 'start' in told ? told : { start: '', ahead: 0 };
  start(databaseUrl, ahead).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  });
});
// It does not outlive the run that started it.
process.once('disconnect', () => process.exit());
