import type { EnvironmentView } from '../lint/expressions.js';
import type { Texts } from '../texts.js';
import type { ScalarNode } from '../yaml/nodes.js';

/** The environment as the language sees it: who may read what, and what has been read. */
export class Environment {
  readonly values: Readonly<Record<string, string>>;
  private readonly names: readonly string[];
  private readonly secret = new Set<string>();
  private readonly readBySteps = new Set<string>();

  constructor(env: Readonly<Record<string, string | undefined>>) {
    const given = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
    this.values = Object.fromEntries(given);
    this.names = given.map(([name]) => name);
  }

  /** From now on no flow may read the variables that fill this field. */
  protect(secret: ScalarNode, texts: Texts): void {
    for (const name of namesRead(secret, texts)) this.secret.add(name);
  }

  /** Where connections and options are filled: secrets as well. */
  get atStart(): EnvironmentView {
    return { names: this.names, secret: new Set(), read: () => undefined };
  }

  /** Where constants are, which steps can read. */
  get inConstants(): EnvironmentView {
    return { names: this.names, secret: this.secret, read: () => undefined };
  }

  get inSteps(): EnvironmentView {
    return { names: this.names, secret: this.secret, read: (name) => this.readBySteps.add(name) };
  }

  /** What the runs need: the variables that flows name, and no others. */
  forRuns(): Record<string, string> {
    return Object.fromEntries(Object.entries(this.values).filter(([name]) => this.readBySteps.has(name)));
  }
}

/** Variables of the environment that a text reads. */
export function namesRead(node: ScalarNode, texts: Texts): string[] {
  const references = texts.expressions(node).flatMap((part) => part.references);
  return references.flatMap(({ path }) => (path[0] === 'env' && path[1] !== undefined ? [path[1]] : []));
}
