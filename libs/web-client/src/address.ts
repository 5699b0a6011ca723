import { fail } from '@sluice/plugin-api';

/** Parameters by name, or all of it as it is to stand behind the question mark: some servers know flags without a value. */
export type Query = string | Readonly<Record<string, string | number | boolean>>;

/** Some servers decode these before they resolve `..`. */
const ENCODED_SLASH = /%2f|%5c/gi;

/** Path and query for the request line; what must be encoded is encoded. Throws `REJECTED` for a path that leads out of the base. */
export function addressBelow(base: URL, path: string, query: Query = {}): string {
  const root = base.pathname.replace(/\/+$/, '');
  const url = new URL(base);
  for (const reading of [path.replaceAll(ENCODED_SLASH, '/'), path]) {
    url.pathname = root + reading; // resolves `..`, spelled in any way that a URL knows
    if (url.pathname !== root && !url.pathname.startsWith(`${root}/`))
      throw fail.REJECTED(`the path ${path} leads out of the base URL`, { sent: 'no' });
  }
  url.search = typeof query === 'string' ? query : parametersOf(query);
  return url.pathname + url.search;
}

function parametersOf(query: Exclude<Query, string>): string {
  const parameters = Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]));
  return new URLSearchParams(parameters).toString().replaceAll('+', '%20'); // a plus is a space in forms only
}
