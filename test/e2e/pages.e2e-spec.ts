import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

/** Bytes of the first load of a page with gzip. */
const MAX_FIRST_LOAD = 250_000;

const pages = readdirSync('plugins').filter((name) => existsSync(path.join('plugins', name, 'page', 'main.tsx')));

describe.each(pages)('the built page of %s', (name) => {
  const folder = path.join('plugins', name, 'dist', 'page');
  const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');
  /** Returns the files that index.html loads at once. */
  const firstFiles = () => [...read('index.html').matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);

  it('loads at first less than 250 KB', () => {
    const local = firstFiles().map((address) => address.replace(`/${name}/`, ''));
    const bytes = ['index.html', ...local].map((file) => gzipSync(read(file)).length);
    expect(local.length).toBeGreaterThan(1);
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(MAX_FIRST_LOAD);
  });

  it('loads files of this host only, by their names with a hash', () => {
    for (const address of firstFiles())
      expect(address).toMatch(new RegExp(`^/${name}/(assets/[\\w.-]+-[\\w-]{8}\\.(js|css|svg)|icon\\.svg)$`));
  });

  it('has neither inline scripts nor inline styles, which its policy forbids', () => {
    const html = read('index.html');
    expect(html.match(/<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son\w+=/g)).toBeNull();
  });
});
