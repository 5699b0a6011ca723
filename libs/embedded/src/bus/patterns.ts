/**
 * A pattern of event types as a regular expression for `'.' || type`: the leading dot makes every word look alike.
 * `*` is one word, `#` any number of words.
 */
export function regexOf(pattern: string): string {
  return `^${pattern.split('.').map(wordOf).join('')}$`;
}

function wordOf(word: string): string {
  if (word === '*') return '\\.[^.]+';
  if (word === '#') return '(\\.[^.]+)*';
  return `\\.${word.replace(/[^A-Za-z0-9_-]/g, '\\$&')}`;
}
