/** @type {import('jest').Config} */
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {
    '^.+\\.ts$': ['@swc/jest'],
    // pages of plugins
    '^.+\\.tsx$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: { target: 'es2023', parser: { syntax: 'typescript', tsx: true }, transform: { react: { runtime: 'automatic' } } },
      },
    ],
  },
  moduleNameMapper: {
    '^@sluice/plugin-api$': '<rootDir>/libs/plugin-api/src/index.ts',
    '^@sluice/plugin-([^/]+)$': '<rootDir>/plugins/$1/src/index.ts',
    '^@sluice/(host|cli|emulator)$': '<rootDir>/apps/$1/src/index.ts',
    '^@sluice/host/workspace$': '<rootDir>/apps/host/src/workspace.ts',
    '^@sluice/host/failures$': '<rootDir>/apps/host/src/failures.ts',
    '^@sluice/flow/codes$': '<rootDir>/libs/flow/src/code-register.ts',
    '^@sluice/pacer/failures$': '<rootDir>/libs/pacer/src/failures.ts',
    '^@sluice/web-ui$': '<rootDir>/libs/web-ui/ui/index.ts',
    '^@sluice/web-ui/server$': '<rootDir>/libs/web-ui/src/index.ts',
    '\\.css$': '<rootDir>/libs/web-ui/test/no-styles.ts',
    '^@sluice/testing/servers$': '<rootDir>/libs/testing/src/servers/index.ts',
    '^@sluice/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.tsx', '$1.js'],
  },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/'],
  setupFiles: ['reflect-metadata'],
  clearMocks: true,
};

/**
 * unit: nothing outside the process. services: real servers that the tests start themselves. e2e: the built programs.
 * faults: the crash walk. real: servers that are not ours, which scripts/real.mjs starts.
 */
export default {
  // a machine with other work may take as long for one; what a test waits for ends sooner and says what it was
  testTimeout: 120_000,
  projects: [
    {
      ...common,
      displayName: 'unit',
      roots: ['<rootDir>/libs', '<rootDir>/plugins', '<rootDir>/apps', '<rootDir>/test/load'],
      testMatch: ['**/src/**/*.spec.ts', '**/test/**/*.spec.ts'],
      testPathIgnorePatterns: ['\\.services\\.spec\\.ts$', '/node_modules/', '/dist/'],
    },
    {
      ...common,
      displayName: 'services',
      roots: ['<rootDir>/libs', '<rootDir>/plugins', '<rootDir>/apps'],
      testMatch: ['**/test/**/*.services.spec.ts'],
    },
    { ...common, displayName: 'e2e', roots: ['<rootDir>/test/e2e'], testMatch: ['**/*.e2e-spec.ts'] },
    { ...common, displayName: 'faults', roots: ['<rootDir>/test/faults'], testMatch: ['**/*.faults.ts'] },
    { ...common, displayName: 'upgrade', roots: ['<rootDir>/test/upgrade'], testMatch: ['**/*.upgrade.ts'] },
    { ...common, displayName: 'real', roots: ['<rootDir>/test/real'], testMatch: ['**/*.real.ts'] },
  ],
};
