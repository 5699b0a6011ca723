import type { EnvironmentView } from '../lint/expressions.js';
import type { Texts } from '../texts.js';
import type { ScalarNode } from '../yaml/nodes.js';

/** The environment variables: which parts of a workspace may read them, and which variables steps have read. */
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

  /** Forbids flows to read the variables that fill this secret field. */
  protect(secret: ScalarNode, texts: Texts): void {
    for (const name of namesRead(secret, texts)) this.secret.add(name);
  }

  /** The names of the variables that flows must not read. */
  get secretNames(): readonly string[] {
    return [...this.secret].sort();
  }

  /** The variables for connections and options, including secrets. */
  get atStart(): EnvironmentView {
    return { names: this.names, secret: new Set(), read: () => undefined };
  }

  /** The variables for constants. Without secrets, because steps can read the constants. */
  get inConstants(): EnvironmentView {
    return { names: this.names, secret: this.secret, read: () => undefined };
  }

  /** The variables for the steps of one flow. `values` returns those that its expressions have read so far. */
  inSteps(): EnvironmentView & { readonly values: () => Record<string, string> } {
    const read = new Set<string>();
    return {
      names: this.names,
      secret: this.secret,
      read: (name) => {
        read.add(name);
        this.readBySteps.add(name);
      },
      values: () => this.valuesOf(read),
    };
  }

  /** Returns the variables that the runs need: only those that steps read. */
  forRuns(): Record<string, string> {
    return this.valuesOf(this.readBySteps);
  }

  private valuesOf(names: ReadonlySet<string>): Record<string, string> {
    return Object.fromEntries(Object.entries(this.values).filter(([name]) => names.has(name)));
  }
}

/** Returns the names of the environment variables that a text reads. */
export function namesRead(node: ScalarNode, texts: Texts): string[] {
  const references = texts.expressions(node).flatMap((part) => part.references);
  return references.flatMap(({ path }) => (path[0] === 'env' && path[1] !== undefined ? [path[1]] : []));
}
