import jsonata from 'jsonata';
import type { Signature } from '../values.js';

/** A function of the library as its environment holds it. */
interface NativeFunction {
  readonly implementation: (...args: unknown[]) => unknown;
  readonly signature: Signature;
}

type Lookup = (name: string) => NativeFunction;

/** The library calls a function under this name before it evaluates a node, with the environment. */
const ON_ENTRY = Symbol.for('jsonata.__evaluate_entry') as unknown as string;

const lookup = readEnvironment();

/**
 * The environment in which the library looks its functions up: it exports no function, and those that work on one number or one short
 * text are used as they are. The library calls the hook before its first promise.
 */
function readEnvironment(): Lookup {
  let found: { lookup: Lookup } | undefined;
  const probe = jsonata('0');
  probe.assign(ON_ENTRY, (_node: unknown, _input: unknown, environment: { lookup: Lookup }) => void (found = environment));
  void probe.evaluate(null);
  if (!found) throw new Error('this version of jsonata does not call its entry hook');
  const environment = found;
  return (name) => environment.lookup(name);
}

/** A synchronous function of the library, without its check of arguments. */
export function nativeFunction(name: string): (...args: unknown[]) => unknown {
  return lookup(name).implementation;
}

/** The signature that the library has for one of its functions. */
export function nativeSignature(name: string): Signature {
  return lookup(name).signature;
}

/** A signature such as `<s-n?:s>`. */
export function parseSignature(text: string): Signature {
  const node = jsonata(`function()${text}{0}`).ast() as unknown as { signature: Signature };
  return node.signature;
}
