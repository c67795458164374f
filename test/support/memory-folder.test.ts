import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryFolder } from './memory-folder';

describe('the files of a run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'im-memory-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are kept where there is room for them, and nothing is left of the trial', () => {
    expect(memoryFolder(folder, 1)).toBe(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('are not kept where there is too little room, no such folder, or no program may run', () => {
    expect(memoryFolder(folder, Number.MAX_SAFE_INTEGER)).toBeNull();
    expect(memoryFolder(join(folder, 'missing'), 1)).toBeNull();
    // Nobody, root included, makes a program in /proc.
    expect(memoryFolder('/proc', 0)).toBeNull();
  });
});
