/** The import rule of ARCHITECTURE.md: apps → adapters → engine → flow → plugin-api; plugins → plugin-api. */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'a cycle means that two rooms are one room',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'plugin-api-imports-nothing-of-ours',
      comment: 'plugin authors depend on it alone',
      severity: 'error',
      from: { path: '^libs/plugin-api/' },
      to: { path: '^(libs|apps|plugins)/', pathNot: '^libs/plugin-api/' },
    },
    {
      name: 'plugins-only-plugin-api',
      comment: 'a connector uses what every author can use',
      severity: 'error',
      from: { path: '^plugins/([^/]+)/src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(libs|apps|plugins)/', pathNot: ['^plugins/$1/', '^libs/plugin-api/', '^libs/nest/'] },
    },
    {
      name: 'flow-only-plugin-api',
      comment: 'the language is pure',
      severity: 'error',
      from: { path: '^libs/flow/src' },
      to: { path: '^(libs|apps|plugins)/', pathNot: ['^libs/flow/', '^libs/plugin-api/'] },
    },
    {
      name: 'engine-knows-no-adapter',
      comment: 'the engine declares ports, adapters implement them',
      severity: 'error',
      from: { path: '^libs/engine/src', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(libs|apps|plugins)/', pathNot: ['^libs/(engine|flow|plugin-api)/'] },
    },
    {
      name: 'adapters-do-not-know-each-other',
      comment: 'an adapter must be replaceable alone',
      severity: 'error',
      from: { path: '^libs/(rabbit|embedded|pacer|store|nest)/src', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/(rabbit|embedded|pacer|store|nest|testing)/', pathNot: '^libs/$1/' },
    },
    {
      name: 'libs-not-apps',
      comment: 'programs are the outermost ring',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(apps|plugins)/' },
    },
    {
      name: 'testing-is-for-tests',
      comment: 'fakes never run in production',
      severity: 'error',
      from: { path: '^(libs|apps|plugins)/[^/]+/src', pathNot: ['\\.spec\\.ts$', '^libs/testing/'] },
      to: { path: '^libs/testing/' },
    },
    {
      name: 'no-deep-imports',
      comment: 'every package has one door, src/index.ts',
      severity: 'error',
      from: { path: '^(libs|apps|plugins)/([^/]+)/' },
      to: {
        path: '^(libs|apps|plugins)/[^/]+/src/',
        pathNot: ['^$1/$2/', '/src/index\\.ts$', '^libs/testing/src/servers/index\\.ts$'],
      },
    },
    { name: 'not-to-unresolvable', comment: 'a broken import', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-undeclared',
      comment: 'declare it in the package.json of this package',
      severity: 'error',
      from: { path: '^(apps|libs|plugins)/[^/]+/src', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    // an import of another package leads to its dist: not followed, and not excluded either, or no rule would see it
    doNotFollow: { path: 'node_modules|(^|/)dist/' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['source', 'import', 'node', 'default', 'types'] },
  },
};
