/** Starts the demo CRM from the environment: PORT, DATABASE_URL, DEMO_DATA, DEMO_ALLOWED_DESTINATIONS (with commas between). */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createDemo } from './app';
import { packageFolder } from './paths';

async function start(): Promise<void> {
  const port = Number(process.env.PORT ?? 3000);
  const demo = await createDemo({
    databaseUrl: process.env.DATABASE_URL ?? `sqlite:${join(packageFolder, 'demo.sqlite')}`,
    data: process.env.DEMO_DATA === 'empty' ? 'empty' : 'full',
    allowedDestinations: (process.env.DEMO_ALLOWED_DESTINATIONS ?? '').split(',').filter((one) => one.trim() !== ''),
  });
  const server = createServer(demo.app);
  server.once('error', (error: NodeJS.ErrnoException) => {
    const taken = error.code === 'EADDRINUSE';
    process.stderr.write(taken ? `Port ${port} is taken: PORT=${port + 1} npm start\n` : `${error.stack}\n`);
    process.exitCode = 1;
    void demo.close();
  });
  server.listen(port, '127.0.0.1', () => {
    const address = server.address();
    const taken = address !== null && typeof address === 'object' ? address.port : port;
    demo.merge.worker.start();
    process.stdout.write(`demo CRM listening on http://127.0.0.1:${taken}\n`);
  });
  const stop = (): void => {
    server.close(() => {
      void demo.close().then(() => process.exit(0));
    });
    server.closeIdleConnections();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

start().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
