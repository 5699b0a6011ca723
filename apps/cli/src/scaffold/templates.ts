import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NewFile } from './new-files.js';

/** Beside `dist` and `src`, so that both find it. */
const TEMPLATES = fileURLToPath(new URL('../../templates/', import.meta.url));
const SUFFIX = '.tmpl';

export type Words = Readonly<Record<string, string>>;

/** Returns the text of a template with its words filled in. */
export async function filled(name: string, words: Words): Promise<string> {
  return fill(await readFile(path.join(TEMPLATES, `${name}${SUFFIX}`), 'utf8'), words);
}

/** Returns all files of a folder of templates with their words filled in, in the order of their names. */
export async function filledFolder(name: string, words: Words): Promise<readonly NewFile[]> {
  const entries = await readdir(path.join(TEMPLATES, name), { recursive: true, encoding: 'utf8' });
  const names = entries
    .filter((entry) => entry.endsWith(SUFFIX))
    .map((entry) => entry.slice(0, -SUFFIX.length).split(path.sep).join('/'))
    .sort();
  return Promise.all(names.map(async (file) => ({ file: targetOf(file), text: await filled(`${name}/${file}`, words) })));
}

/** npm leaves files called .gitignore out of a package. */
function targetOf(file: string): string {
  return file === 'gitignore' ? '.gitignore' : file;
}

function fill(text: string, words: Words): string {
  return text.replaceAll(/%(\w+)%/g, (_all, word: string) => {
    const value = words[word];
    if (value === undefined) throw new Error(`a template needs the word "${word}"`);
    return value;
  });
}
