import eslint from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

const nodeGlobals = Object.fromEntries(
  [
    'process',
    'console',
    'Buffer',
    'URL',
    'fetch',
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
    'setImmediate',
    'performance',
    'AbortController',
    'AbortSignal',
  ].map((name) => [name, 'readonly']),
);

const PORT = 'time is a port: use the Clock that was passed in (@sluice/plugin-api)';
const timeIsAPort = {
  'no-restricted-globals': [
    'error',
    ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'].map((name) => ({
      name,
      message: PORT,
    })),
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: PORT },
    { object: 'performance', property: 'now', message: PORT },
    { object: 'process', property: 'hrtime', message: PORT },
    { object: 'AbortSignal', property: 'timeout', message: PORT },
  ],
  'no-restricted-imports': [
    'error',
    { paths: ['node:timers', 'node:timers/promises', 'timers', 'timers/promises'].map((name) => ({ name, message: PORT })) },
  ],
};

const environmentIsPassedIn = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'the environment is read in apps/*/src/env.ts only: pass the value in',
};
const dateOfNow = { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: PORT };

export default tseslint.config(
  { ignores: ['**/dist/**', 'coverage/**', 'node_modules/**', '.sluice/**', 'test/bench/rivals/**'] },
  eslint.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: ['./tsconfig.test.json', './tsconfig.page-tests.json'], tsconfigRootDir: import.meta.dirname },
    },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: { ...tseslint.configs.disableTypeChecked.languageOptions, globals: { ...nodeGlobals, module: 'writable' } },
  },
  {
    // an extension of VS Code is loaded with require
    files: ['editors/vscode/**/*.js'],
    languageOptions: { sourceType: 'commonjs', globals: { require: 'readonly', exports: 'writable' } },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['libs/*/src/**/*.ts', 'plugins/*/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', environmentIsPassedIn],
    },
  },
  {
    rules: {
      'no-restricted-properties': [
        'error',
        ...['describe', 'it', 'test'].flatMap((object) =>
          ['skip', 'todo', 'only'].map((property) => ({
            object,
            property,
            message: 'tests never skip themselves: see CONTRIBUTING.md',
          })),
        ),
      ],
    },
  },
  {
    files: ['libs/{engine,memory,pacer,store}/src/**/*.ts', 'plugins/*/src/**/*.ts'],
    ignores: [
      '**/*.spec.ts',
      // passes one turn of the event loop between two timers
      'libs/memory/src/virtual-clock.ts',
    ],
    rules: { ...timeIsAPort, 'no-restricted-syntax': ['error', environmentIsPassedIn, dateOfNow] },
  },
  prettier,
);
