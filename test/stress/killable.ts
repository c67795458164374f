/** Builds the demo CRM as the package does, and runs it as a process that can be ended at any statement. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { KillPoint, Reply, Told } from './killable-demo';

const ROOT = resolve(__dirname, '../..');

/** A folder that is a package of its own, with what is not compiled beside it. */
export function build(): string {
  mkdirSync(join(ROOT, '.tmp'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.tmp', 'kill-'));
  const config = {
    extends: join(ROOT, 'tsconfig.build.json'),
    compilerOptions: { rootDir: ROOT, outDir: folder, declaration: false },
    include: [...['plugin', 'migrations', 'demo'].map((part) => join(ROOT, part)), join(__dirname, 'killable-demo.ts')],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-p', folder], { cwd: ROOT, stdio: 'pipe' });
  // The demo asks for the package by its name: here that is this folder.
  const itself = { name: 'crm-invoice-merge', type: 'commonjs', exports: { '.': './plugin/index.js' } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(itself));
  for (const part of ['views', 'lang', 'public'])
    symlinkSync(join(ROOT, 'demo', part), join(folder, 'demo', part), 'dir');
  return folder;
}

export interface Served {
  url: string;
  /** Counts statements from now on, and ends at this one. */
  arm(point: KillPoint): Promise<void>;
  /** Statements in transactions since the last call. */
  count(): Promise<number>;
  /** Lets the worker send what is due so much later. @returns how many tries it made */
  work(ahead: number): Promise<number>;
  /** At once, without a chance to clean up; nothing when it has ended already. */
  kill(): Promise<void>;
  /** Resolves with its last word, where it ended itself. */
  ended: Promise<string | null>;
}

interface Booted {
  child: ChildProcess;
  said(): string;
  ended: Served['ended'];
}

const running = new Set<ChildProcess>();
/** Loading the demo takes most of a start: the next process does that while this round is looked at. */
let spare: Booted | null = null;

function boot(folder: string): Booted {
  const child = spawn(process.execPath, [join(folder, 'test/stress/killable-demo.js')], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  running.add(child);
  let said = '';
  const listen = (data: Buffer): void => void (said += data.toString());
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  // 'close', not 'exit': then its last word has been read.
  const ended = once(child, 'close').then(() => {
    running.delete(child);
    return /killed (.*)/.exec(said)?.[1] ?? null;
  });
  return { child, said: () => said, ended };
}

/** @param ahead milliseconds that its clock is ahead of time */
export async function serve(folder: string, databaseUrl: string, ahead = 0): Promise<Served> {
  const { child, said, ended } = spare ?? boot(folder);
  spare = boot(folder);
  const ask = async (told: Told): Promise<Reply> => {
    const answer = once(child, 'message') as Promise<[Reply]>;
    child.send(told);
    return (await answer)[0];
  };
  const gone = ended.then(() => Promise.reject(new Error(`the demo did not start: ${said()}`)));
  const { url } = await Promise.race([ask({ start: databaseUrl, ahead }), gone]);
  // Later its end is what the campaign is after.
  gone.catch(() => undefined);
  return {
    url: url ?? '',
    ended,
    arm: async (point) => void (await ask({ arm: point })),
    count: async () => (await ask({ count: true })).statements ?? 0,
    work: async (ahead) => (await ask({ work: ahead })).made ?? 0,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Ends all that still run. */
export async function killAll(): Promise<void> {
  spare = null;
  await Promise.all([...running].map((child) => (child.kill('SIGKILL'), once(child, 'close'))));
}
