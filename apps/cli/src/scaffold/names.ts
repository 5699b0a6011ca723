import { UsageError } from '../exit.js';

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const MAX_NAME = 63;

/**
 * Returns the name of a flow, a connection or a plugin.
 *
 * @throws UsageError for anything else than lower-case Latin words joined by dashes, with a name that would do where one is near
 */
export function checkedName(kind: 'flow' | 'connection' | 'plugin', name: string): string {
  if (NAME.test(name) && name.length <= MAX_NAME) return name;
  const near = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll(/[\s_.-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  const example = NAME.test(near) && near.length <= MAX_NAME ? near : 'incoming-call';
  throw new UsageError(
    `"${name}" cannot be the name of a ${kind}: write small Latin letters, digits and single dashes, at most ${MAX_NAME} characters, such as ${example}`,
  );
}
