import { fail } from '@sluice/plugin-api';

/** Parameters by name, or the whole text after the question mark, because some servers use flags without a value. */
export type Query = string | Readonly<Record<string, string | number | boolean>>;

/** Encoded slashes, which some servers decode before they resolve `..`. */
const ENCODED_SLASH = /%2f|%5c/gi;

/**
 * Returns path and query for the request line, percent-encoded where necessary.
 *
 * @throws `REJECTED` for a path that leads out of the base URL.
 */
export function addressBelow(base: URL, path: string, query: Query = {}): string {
  const root = base.pathname.replace(/\/+$/, '');
  const url = new URL(base);
  for (const reading of [path.replaceAll(ENCODED_SLASH, '/'), path]) {
    url.pathname = root + reading; // the setter resolves `..` in every spelling that a URL allows
    if (url.pathname !== root && !url.pathname.startsWith(`${root}/`))
      throw fail.REJECTED(`the path ${path} leads out of the base URL`, { sent: 'no' });
  }
  url.search = typeof query === 'string' ? query : parametersOf(query);
  return url.pathname + url.search;
}

function parametersOf(query: Exclude<Query, string>): string {
  const parameters = Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]));
  return new URLSearchParams(parameters).toString().replaceAll('+', '%20'); // a plus means a space in forms only
}
