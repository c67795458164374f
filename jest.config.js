const { availableParallelism } = require('node:os');

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/test/stress/'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  // Jest leaves one core free for itself; here MariaDB and Chromium need the others, and tests mostly wait for them.
  maxWorkers: Math.max(3, Math.floor(availableParallelism() / 2)),
  testTimeout: 30000,
  moduleNameMapper: {
    '^crm-invoice-merge$': '<rootDir>/plugin/index.ts',
    '^crm-invoice-merge/contract$': '<rootDir>/plugin/host/contract-suite.ts',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
};
