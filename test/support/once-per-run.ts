/** What several test files need and nobody changes: made by the first that asks, for the whole run. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @param make fills the folder; when it fails, so does everybody who waits for it
 * @returns the folder, in the run's temporary folder and gone with it
 */
export async function oncePerRun(name: string, make: (folder: string) => Promise<unknown>): Promise<string> {
  const folder = join(tmpdir(), `once-${name}`);
  const [done, failed] = [join(folder, '.done'), join(folder, '.failed')];
  try {
    // Of two that ask at once, one makes the folder and the other gets EEXIST.
    mkdirSync(folder);
  } catch {
    while (!existsSync(done)) {
      if (existsSync(failed)) throw new Error(`${name} could not be made; the test that asked first says why`);
      await sleep(50);
    }
    return folder;
  }
  try {
    await make(folder);
    writeFileSync(done, '');
  } catch (error) {
    writeFileSync(failed, '');
    throw error;
  }
  return folder;
}
