import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { PageFiles } from '../src/page-files.js';

describe('the files of a page', () => {
  let home: string;
  let folder: string;

  beforeAll(() => {
    home = mkdtempSync(path.join(tmpdir(), 'page-'));
    folder = path.join(home, 'page');
    mkdirSync(path.join(folder, 'assets'), { recursive: true });
    writeFileSync(path.join(folder, 'index.html'), '<!doctype html>');
    writeFileSync(path.join(folder, 'assets', 'index-1a2b.js'), 'export {};');
    writeFileSync(path.join(folder, '.inputs'), 'hash');
    writeFileSync(path.join(home, 'secret.js'), 'secret');
  });

  afterAll(() => rmSync(home, { recursive: true }));

  it('have a type, an etag and a compressed body; those with a hash in their name are immutable', async () => {
    const files = new PageFiles(folder);
    const script = await files.file('assets/index-1a2b.js');
    expect(script).toMatchObject({ type: 'text/javascript; charset=utf-8', isImmutable: true });
    expect(gunzipSync(script?.zipped ?? Buffer.alloc(0)).toString()).toBe('export {};');
    const index = await files.file('index.html');
    expect(index).toMatchObject({ type: 'text/html; charset=utf-8', isImmutable: false });
    expect(index?.etag).not.toBe(script?.etag);
  });

  it.each([
    '../secret.js',
    'assets/../../secret.js',
    '.inputs',
    'assets',
    'other.js',
    '',
    'assets\\index-1a2b.js',
    'constructor',
  ])('are served by their exact names only: %j is none', async (name) => {
    expect(await new PageFiles(folder).file(name)).toBeUndefined();
  });

  it('are missing before the build and appear after it, without a restart', async () => {
    const later = path.join(home, 'later');
    const files = new PageFiles(later);
    expect(await files.file('index.html')).toBeUndefined();
    mkdirSync(later);
    writeFileSync(path.join(later, 'index.html'), 'built');
    expect((await files.file('index.html'))?.body.toString()).toBe('built');
  });
});
