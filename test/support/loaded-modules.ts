import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeFolder } from './workspace.js';

/** Records the modules that a program loads. */
export interface LoadedModules {
  /** Variables for the environment of the program. */
  readonly env: { readonly NODE_OPTIONS: string };
  /** Returns the packages of the modules that the program has imported so far. */
  packages(): ReadonlySet<string>;
  remove(): void;
}

/** Starts a record of loaded modules. @see https://nodejs.org/docs/latest-v20.x/api/module.html#loadurl-context-nextload */
export function watchLoadedModules(): LoadedModules {
  const folder = makeFolder('modules');
  const list = path.join(folder.path, 'list');
  writeFileSync(list, '');
  const hooks = `import { appendFileSync } from 'node:fs';
    export const load = (url, context, next) => { appendFileSync(${JSON.stringify(list)}, url + '\\n'); return next(url, context); };`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(asUrl(hooks))});`;
  return {
    env: { NODE_OPTIONS: `--import=${asUrl(register)}` },
    packages: () => {
      const urls = readFileSync(list, 'utf8').split('\n');
      return new Set(urls.map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? 'ours'));
    },
    remove: () => folder.remove(),
  };
}

function asUrl(code: string): string {
  return `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
}
