import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  readonly zipped: Buffer;
  readonly etag: string;
  /** True if the name contains a hash of the content: browsers may keep the file without asking again. */
  readonly isImmutable: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/**
 * The files of one built page. Each file is read and compressed once. Only files that were in the folder at the first request are served, by their exact
 * names, so that no name leads out of the folder and unknown names cost neither a look at the disk nor memory.
 */
export class PageFiles {
  #names: Promise<ReadonlySet<string>> | undefined;
  readonly #loaded = new Map<string, Promise<PageFile>>();

  /** @param folder folder that Vite has written */
  constructor(private readonly folder: string) {}

  /**
   * Returns a file of the page.
   *
   * @param name path below the folder, such as `assets/index-1a2b3c4d.js`
   * @returns undefined if there is no such file, or the page was not built
   */
  async file(name: string): Promise<PageFile | undefined> {
    this.#names ??= namesBelow(this.folder);
    const names = await this.#names;
    // a page that is built later is served without a restart
    if (names.size === 0) this.#names = undefined;
    if (!names.has(name)) return undefined;
    const known = this.#loaded.get(name);
    if (known) return known;
    const loading = load(this.folder, name);
    this.#loaded.set(name, loading);
    return loading;
  }
}

async function namesBelow(folder: string): Promise<ReadonlySet<string>> {
  const found = await readdir(folder, { recursive: true }).catch(() => []);
  return new Set(found.map((name) => name.split(path.sep).join('/')).filter((name) => Object.hasOwn(TYPES, path.extname(name))));
}

async function load(folder: string, name: string): Promise<PageFile> {
  const body = await readFile(path.join(folder, name));
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return {
    type: TYPES[path.extname(name)] ?? 'application/octet-stream',
    body,
    zipped: await compress(body),
    etag,
    isImmutable: name.startsWith('assets/'),
  };
}
