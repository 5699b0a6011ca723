/**
 * Converts a pattern of event types to a regular expression for `'.' || type`; with the leading dot all words look alike.
 * `*` stands for one word, `#` for any number of words.
 */
export function regexOf(pattern: string): string {
  return `^${pattern.split('.').map(wordOf).join('')}$`;
}

function wordOf(word: string): string {
  if (word === '*') return '\\.[^.]+';
  if (word === '#') return '(\\.[^.]+)*';
  return `\\.${word.replace(/[^A-Za-z0-9_-]/g, '\\$&')}`;
}
