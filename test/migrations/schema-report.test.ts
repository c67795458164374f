import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createDatabase } from '../support/databases';
import { schemaReport } from './schema-report';

const FILE = resolve(__dirname, '../../docs/schema.md');

it('K5 docs/schema.md says what the migrations add on both engines', async () => {
  const mariadb = await createDatabase('mariadb');
  const sqlite = await createDatabase('sqlite');
  try {
    const report = await schemaReport(mariadb, sqlite);
    if (process.env.UPDATE_SCHEMA_REPORT) writeFileSync(FILE, report);
    expect(readFileSync(FILE, 'utf8')).toBe(report);
  } finally {
    await Promise.all([mariadb.close(), sqlite.close()]);
  }
});
