#!/usr/bin/env node
import module from 'node:module';

// from Node 22.8 on: compiled modules are kept, and a start has less to do
module.enableCompileCache?.();
import('../dist/main.js').catch((error) => {
  const notBuilt = error?.code === 'ERR_MODULE_NOT_FOUND' && String(error.message).includes('dist');
  console.error(notBuilt ? 'sluice is not built yet: run "npm run build" in the repository' : error);
  process.exit(2);
});
