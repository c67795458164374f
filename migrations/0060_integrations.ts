import type { Step } from './step';

/** Where hand-overs go. Secrets and the values of headers are sealed; the row stays when a connection is removed. */
export const integrations: Step = {
  name: '0060_integrations',
  async up({ schema, prefix }) {
    const { types } = schema;
    await schema.createTable(`${prefix}integrations`, {
      id: types.autoId,
      name: `${types.varchar(190)} NOT NULL`,
      kind: `${types.varchar(10)} NOT NULL`,
      url: `${types.text} NULL`,
      function_name: `${types.varchar(190)} NULL`,
      sealed_secret: `${types.text} NULL`,
      sealed_old_secret: `${types.text} NULL`,
      old_secret_until: `${types.time} NULL`,
      sealed_headers: `${types.long} NULL`,
      header_names: `${types.long} NOT NULL`,
      quoted_key: `${types.flag} NOT NULL`,
      enabled: `${types.flag} NOT NULL`,
      disabled_by: `${types.varchar(10)} NULL`,
      paused_until: `${types.time} NULL`,
      tested_at: `${types.time} NULL`,
      removed_at: `${types.time} NULL`,
      version: `${types.bigint} NOT NULL`,
    });
  },
  async down({ schema, prefix }) {
    await schema.dropTable(`${prefix}integrations`);
  },
};
