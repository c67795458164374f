declare module 'knex/lib/dialects/better-sqlite3/index.js' {
  import type { Knex } from 'knex';
  class BetterSqlite3Client extends (Object as unknown as typeof Knex.Client) {
    _query(connection: object, query: object): Promise<unknown>;
  }
  export default BetterSqlite3Client;
}
