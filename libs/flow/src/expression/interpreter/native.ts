import jsonata from 'jsonata';
import type { Signature } from '../values.js';

/** A function of the library, as its environment stores it. */
interface NativeFunction {
  readonly implementation: (...args: unknown[]) => unknown;
  readonly signature: Signature;
}

type Lookup = (name: string) => NativeFunction;

/** Name of a hook that the library calls with the environment before it evaluates a node. */
const ON_ENTRY = Symbol.for('jsonata.__evaluate_entry') as unknown as string;

const lookup = readEnvironment();

/**
 * Reads the environment in which the library looks up its functions: the library does not export them, but some are called unchanged.
 * The library calls the hook synchronously, before its first promise.
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

/** Returns a synchronous function of the library, without its check of arguments. */
export function nativeFunction(name: string): (...args: unknown[]) => unknown {
  return lookup(name).implementation;
}

/** Returns the library's signature of one of its functions. */
export function nativeSignature(name: string): Signature {
  return lookup(name).signature;
}

/** Parses a signature such as `<s-n?:s>`. */
export function parseSignature(text: string): Signature {
  const node = jsonata(`function()${text}{0}`).ast() as unknown as { signature: Signature };
  return node.signature;
}
