// Builds the web pages of the plugins with Vite: plugins/<name>/page → plugins/<name>/dist/page, served at /<name>.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ROOT } from './run.mjs';

const HOME = fileURLToPath(ROOT);
/** Name of the file in a build with the hash of its inputs. */
const STAMP = '.inputs';
const SKIPPED = new Set(['dist', 'node_modules', 'test']);

/** Returns the names of the plugins that have a page. */
export function pages() {
  return readdirSync(join(HOME, 'plugins')).filter((name) => existsSync(join(HOME, 'plugins', name, 'page/main.tsx')));
}

/**
 * Builds the pages whose inputs have changed since their last build: the page, the design system, the versions of the packages and this script. Needs no
 * network. Resolves with the names of the pages that were built; rejects with the error of Vite.
 */
export async function buildPages() {
  const shared = hashOf(['libs/web-ui/ui', 'libs/web-ui/package.json', 'package-lock.json', 'scripts/lib/pages.mjs']);
  const built = [];
  for (const name of pages()) {
    const inputs = hashOf([`plugins/${name}/page`], shared);
    const stamp = join(HOME, 'plugins', name, 'dist/page', STAMP);
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) continue;
    await buildPage(name);
    writeFileSync(stamp, inputs);
    built.push(name);
  }
  return built;
}

/** Returns the options of Vite for a page; `npm run page -- <name>` uses them as well. */
export async function viteOptions(name) {
  const { default: react } = await fromWebUi('@vitejs/plugin-react');
  return {
    configFile: false,
    root: join(HOME, 'plugins', name, 'page'),
    base: `/${name}/`,
    publicDir: false,
    plugins: [react(), indexHtml(join(HOME, 'plugins', name, 'page'))],
    logLevel: 'warn',
    resolve: { conditions: ['source', 'module', 'browser', 'import', 'default'] },
    build: {
      outDir: '../dist/page',
      emptyOutDir: true,
      // the content security policy allows neither inline scripts nor data: fonts
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      // a test compares the size of the first load
      chunkSizeWarningLimit: 1_000,
    },
  };
}

/** Plugin of Vite: `index.html` of each page is `page.html` of the design system, which loads `main.tsx` and `icon.svg` of the page. */
function indexHtml(page) {
  const template = () => readFileSync(join(HOME, 'libs/web-ui/ui/page.html'), 'utf8');
  const file = join(page, 'index.html');
  return {
    name: 'sluice-index-html',
    config: () => ({ build: { rolldownOptions: { input: file } } }),
    resolveId: (id) => (id === file ? id : undefined),
    load: (id) => (id === file ? template() : undefined),
    configureServer: (server) => () => {
      server.middlewares.use(async (request, response, next) => {
        if (!request.headers.accept?.includes('text/html')) return next();
        const html = await server.transformIndexHtml('/index.html', template()).catch(next);
        if (html) response.setHeader('content-type', 'text/html').end(html);
      });
    },
  };
}

/** Imports a package that libs/web-ui declares: npm may have put it into the folder of libs/web-ui. */
export function fromWebUi(name) {
  return import(pathToFileURL(createRequire(new URL('libs/web-ui/package.json', ROOT)).resolve(name)));
}

async function buildPage(name) {
  const { build } = await fromWebUi('vite');
  await build(await viteOptions(name));
}

function hashOf(paths, start = '') {
  const hash = createHash('sha256').update(start);
  for (const path of paths.flatMap((one) => filesOf(join(HOME, one))))
    hash.update(relative(HOME, path)).update(readFileSync(path));
  return hash.digest('hex');
}

function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path];
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => (SKIPPED.has(entry.name) ? [] : filesOf(join(path, entry.name))));
}
