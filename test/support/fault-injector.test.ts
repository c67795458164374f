import type { Knex } from 'knex';
import { eachDatabase, type TestDatabase } from './databases';
import { InjectedFault, spyOn } from './fault-injector';
import { countStatements } from './statement-counter';

describe.each(eachDatabase)('statement spy on %s', (name, createDatabase) => {
  let database: TestDatabase;
  let knex: Knex;
  beforeEach(async () => {
    database = await createDatabase();
    knex = database.knex;
    await knex.schema.createTable('t', (table) => {
      table.increments('id');
      table.integer('n');
    });
  });
  afterEach(() => database.close());

  const addTwo = (): Promise<string> =>
    knex.transaction(async (trx) => {
      await trx('t').insert({ n: 1 });
      await trx('t').insert({ n: 2 });
      await trx('t').select('n').where('n', 2);
      return 'saved';
    });
  /** Through another handle: what everybody else sees. */
  const stored = async (): Promise<number[]> => database.connect()('t').orderBy('n').pluck('n');

  it('tells statements of a transaction from its BEGIN, COMMIT and ROLLBACK, and from statements outside', async () => {
    const counter = countStatements(knex);
    await knex('t').select('n');
    await addTwo();
    await expect(
      knex.transaction(async (trx) => {
        await trx('t').insert({ n: 3 });
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');

    expect(counter.sent.map((statement) => statement.kind)).toEqual([
      'statement',
      ...['begin', 'statement', 'statement', 'statement', 'commit'],
      ...['begin', 'statement', 'rollback'],
    ]);
    expect(counter.sent.map((statement) => statement.inTransaction)).toEqual([false, ...Array<boolean>(8).fill(true)]);
    expect(counter.statements).toHaveLength(4);
    expect(counter.statements[0]).toMatch(/^insert into/);
    expect(counter.sent[2]!.bindings).toEqual([1]);
    expect([counter.commits, counter.rollbacks]).toEqual([1, 1]);
    counter.reset();
    expect(counter.sent).toEqual([]);
  });

  it('sees an isolation level, nested transactions and streams', async () => {
    const counter = countStatements(knex);
    await knex.transaction(
      async (trx) => {
        await trx.transaction(async (inner) => void (await inner('t').insert({ n: 1 })));
        if (name !== 'sqlite') for await (const row of trx('t').stream()) expect(row).toMatchObject({ n: 1 });
      },
      name !== 'sqlite' ? { isolationLevel: 'read committed' } : {},
    );
    expect(counter.sent.map((statement) => statement.kind)).toEqual([
      ...(name !== 'sqlite' ? ['set'] : []),
      ...['begin', 'savepoint', 'statement', 'savepoint'],
      ...(name !== 'sqlite' ? ['statement'] : []),
      'commit',
    ]);
  });

  it('leaves other handles alone, and this one after restore', async () => {
    const spy = spyOn(knex);
    const other = database.connect();
    await other.transaction(async (trx) => void (await trx('t').select('n')));
    expect(spy.sent).toEqual([]);
    spy.restore();
    await addTwo();
    expect(spy.sent).toEqual([]);
    expect(await stored()).toEqual([1, 2]);
  });

  it('fails before and after every statement in turn, and the database is as before each time', async () => {
    const spy = spyOn(knex);
    await addTwo();
    const points = spy.statements.length;
    await knex('t').del();
    for (let statement = 1; statement <= points; statement++)
      for (const when of ['before', 'after'] as const) {
        spy.reset();
        spy.failAt({ statement, when });
        await expect(addTwo()).rejects.toThrow(new RegExp(`injected fault ${when} ${statement}: (insert|select)`));
        expect(spy.fired).toMatchObject([{ statement, when }]);
        expect(spy.statements).toHaveLength(statement);
        expect([spy.commits, spy.rollbacks]).toEqual([0, 1]);
        expect(await stored()).toEqual([]);
      }
    expect(points).toBe(3);
  });

  it('loses a COMMIT that the server never got: nothing is stored', async () => {
    const spy = spyOn(knex);
    spy.failAt({ statement: 'commit', when: 'before' });
    const error: unknown = await addTwo().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InjectedFault);
    expect(error).not.toHaveProperty('code');
    expect(error).not.toHaveProperty('errno');
    expect(spy.fired).toHaveLength(1);
    expect(await stored()).toEqual([]);
    expect(await addTwo()).toBe('saved');
    expect(await stored()).toEqual([1, 2]);
  });

  it('loses the answer to a COMMIT: all is stored, and the caller gets an error', async () => {
    const spy = spyOn(knex);
    spy.failAt({ statement: 'commit', when: 'after' });
    await expect(addTwo()).rejects.toThrow('injected fault after commit');
    expect(spy.fired).toHaveLength(1);
    expect(await stored()).toEqual([1, 2]);
  });

  it.each([2, 'commit'] as const)(
    'can look like a database that asks for a retry at %s: once, then it works',
    async (statement) => {
      const spy = spyOn(knex);
      spy.failAt({ statement, when: 'before', as: 'retryable' });
      await expect(addTwo()).rejects.toMatchObject(
        name !== 'sqlite' ? { errno: 1213, code: 'ER_LOCK_DEADLOCK' } : { code: 'SQLITE_BUSY' },
      );
      expect(spy.fired).toHaveLength(1);
      expect(await stored()).toEqual([]);
      expect(await addTwo()).toBe('saved');
      expect(await stored()).toEqual([1, 2]);
    },
  );

  it('records no shot when the code never gets that far', async () => {
    const spy = spyOn(knex);
    spy.failAt({ statement: 99, when: 'before' });
    await addTwo();
    expect(spy.fired).toEqual([]);
  });
});
