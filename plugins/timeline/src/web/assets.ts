import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);
const require = createRequire(import.meta.url);
/** Folder of this package: the path is the same from `src` and from `dist`. */
const HOME = fileURLToPath(new URL('../../', import.meta.url));

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
  readonly zipped: Buffer;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Files of npm packages, served unchanged: the page needs no bundler. */
const VENDOR: Readonly<Record<string, () => string>> = {
  'vendor/vis-timeline.js': () => vis('standalone/esm/vis-timeline-graph2d.min.mjs'),
  'vendor/vis-timeline.css': () => vis('styles/vis-timeline-graph2d.min.css'),
  'vendor/stomp.js': () => path.join(path.dirname(require.resolve('@stomp/stompjs')), 'stomp.umd.min.js'),
};

/** Returns a file of vis-timeline. Its package.json hides its ES modules from `require.resolve`. */
const vis = (file: string) => path.join(path.dirname(require.resolve('vis-timeline/package.json')), file);

const loaded = new Map<string, Promise<Asset | undefined>>();

/** Returns the number of cached files. */
export const rememberedAssets = (): number => loaded.size;

/** Returns a file of the page, or undefined if there is no such file. Each file is read and compressed once. */
export function asset(name: string): Promise<Asset | undefined> {
  const file = fileOf(name);
  if (file === undefined) return Promise.resolve(undefined);
  const known = loaded.get(name);
  if (known) return known;
  const loading = load(name, file);
  loaded.set(name, loading);
  // unauthenticated clients can request any name, so names of missing files are not cached
  void loading.then((found) => found ?? loaded.delete(name));
  return loading;
}

/** Returns the path of a file. Names have a fixed form, so that no name leads out of the folders. */
function fileOf(name: string): string | undefined {
  const vendor = Object.hasOwn(VENDOR, name) ? VENDOR[name] : undefined;
  if (vendor) return vendor();
  if (!/^[a-z-]+\.(html|css|svg|js)$/.test(name)) return undefined;
  return path.join(HOME, name.endsWith('.js') ? 'dist/page' : 'page', name);
}

async function load(name: string, file: string): Promise<Asset | undefined> {
  const body = await readFile(file).catch(() => undefined);
  if (!body) return undefined;
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { type: TYPES[path.extname(name)] ?? 'application/octet-stream', body, zipped: await compress(body), etag };
}
