import type { Connection } from '../../migrations/connection';
import { againAfterConflict } from '../../migrations/exclusive';

/** What a Galera node answers to SHOW STATUS of its provider; '' on MariaDB alone, null on MySQL, which has no such word. */
const server = (provider: string | null): Connection => ({
  engine: 'mysql',
  rows: () => Promise.resolve(provider === null ? [] : [{ Variable_name: 'wsrep_provider_name', Value: provider }]),
});

/** A step that the server breaks off twice; how often it was begun. */
async function begun(errno: number, provider: string | null): Promise<number> {
  let times = 0;
  const step = (): Promise<void> => {
    times += 1;
    return times > 2 ? Promise.resolve() : Promise.reject(Object.assign(new Error('broken off'), { errno }));
  };
  await againAfterConflict(server(provider), step).catch(() => undefined);
  return times;
}

it.each([
  ['a deadlock', 1213],
  ['a node that has lost its cluster for a moment', 1047],
])('a step goes on after %s', async (_what, errno) => {
  expect(await begun(errno, null)).toBe(3);
});

it('a change of a table that is interrupted is tried again on a cluster only: elsewhere somebody stopped it', async () => {
  expect([await begun(1317, 'Galera'), await begun(1317, ''), await begun(1317, null)]).toEqual([3, 1, 1]);
});
