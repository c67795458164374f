import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.tmp/**', 'assets/**/*.d.ts'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // Objects here are made of closures: none of their functions uses `this`.
      '@typescript-eslint/unbound-method': 'off',
      // `Col | 'percent'` says which texts are no column.
      '@typescript-eslint/no-redundant-type-constituents': 'off',
      // Knex query builders are thenables that we also pass along unfinished.
      '@typescript-eslint/no-floating-promises': ['error', { checkThenables: false }],
      '@typescript-eslint/require-await': 'off',
    },
  },
);
