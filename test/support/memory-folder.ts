/** Where a run that says nothing of TMPDIR keeps its files: in memory, if the machine can spare it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
/** A whole run needs a quarter of it at most; containers often have 64 MB. */
const ENOUGH = 2 * 1024 ** 3;

/**
 * Making a database costs a server dozens of files, each of them synced: in memory a tenth of the time.
 * @returns null where there is no such folder, too little room in it, or where its files may not be run, as some tests do
 */
export function memoryFolder(folder = MEMORY, enough = ENOUGH): string | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < enough) return null;
    const trial = mkdtempSync(join(folder, 'im-trial-'));
    try {
      const program = join(trial, 'program');
      writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
      execFileSync(program);
    } finally {
      rmSync(trial, { recursive: true, force: true });
    }
    return folder;
  } catch {
    return null;
  }
}
