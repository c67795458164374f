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
export type Told = { arm: KillPoint } | { count: true };
/** `armed`: from now on statements are counted. */
export interface Reply {
  armed?: true;
  /** Of transactions since it was told to count. */
  statements?: number;
}

async function start(): Promise<void> {
  const demo = await createDemo({ databaseUrl: process.env.DATABASE_URL ?? '', data: 'empty' });
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

  const reply = (words: Reply): void => void process.send?.(words);
  process.on('message', (told: Told) => {
    if ('count' in told) reply({ statements });
    else {
      point = told.arm;
      reply({ armed: true });
    }
    statements = 0;
  });

  const server = createServer(demo.app);
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`demo CRM listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
  });
}

start().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
