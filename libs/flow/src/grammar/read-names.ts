import { opensExpression } from '../expression/index.js';
import { inLatinLetters, lookAlikeNote } from '../look-alikes.js';
import { replacing, type Report } from '../report.js';
import type { MapNode, ScalarNode, YamlNode } from '../yaml/nodes.js';
import { isIdentifier, isName, isReserved } from './names.js';
import { readText } from './values.js';

export function readName(node: YamlNode | undefined, key: string, report: Report): string | undefined {
  const name = readText(node, key, report);
  if (name === undefined || node === undefined || isName(name)) return name;
  const kebab = (inLatinLetters(name) ?? name)
    .trim()
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[\s_.-]+/g, '-')
    .toLowerCase();
  report.error(
    node,
    'FLOW_NAME',
    `"${name}" is not a valid name${lookAlikeNote(name)}`,
    isName(kebab)
      ? replacing(node, kebab)
      : { do: 'use small Latin letters, digits and single dashes, a letter first, at most 63: sync-orders' },
  );
  return undefined;
}

/**
 * Checks the id of a step or the name of a constant, and reports a wrong one.
 * @param what its role, for the message: "the id of a step"
 */
export function checkIdentifier(name: string, at: ScalarNode, what: string, report: Report): boolean {
  if (isReserved(name)) {
    report.error(at, 'FLOW_NAME', `"${name}" is a reserved word of the language and cannot be ${what}`, {
      do: 'choose another name',
    });
    return false;
  }
  if (isIdentifier(name)) return true;
  const camel = (inLatinLetters(name) ?? name).replace(/[-_ ]+([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const cure = isIdentifier(camel)
    ? replacing(at, camel)
    : { do: 'use Latin letters and digits, a small letter first, at most 63: saveOrder' };
  report.error(at, 'FLOW_NAME', `"${name}" cannot be ${what}: an expression could not read it${lookAlikeNote(name)}`, cure);
  return false;
}

/** Returns the reason why a text cannot be the id of a step; undefined when it can. */
export function stepIdProblem(id: string): string | undefined {
  if (isReserved(id)) return `"${id}" is a reserved word of the language`;
  if (isIdentifier(id)) return undefined;
  return `"${id}" cannot be the id of a step: use Latin letters and digits, a small letter first, at most 63${lookAlikeNote(id)}`;
}

/** Reads the name of a trigger's connection. An expression is reported as an error but still returned, so that checking can continue. */
export function readConnectionName(node: YamlNode | undefined, report: Report): ScalarNode | undefined {
  if (node?.kind !== 'scalar' || !opensExpression(node.value))
    return readText(node, 'connection', report) === undefined ? undefined : (node as ScalarNode);
  report.error(node, 'FLOW_VALUE', 'connection of a trigger takes no expression: it is opened once, at the start', {
    do: 'write the name of one connection; each further connection needs a flow of its own',
  });
  return node;
}

/** Reads the connection of a step: a name, or one whole expression that is evaluated when the step begins. */
export function readConnection(node: YamlNode | undefined, report: Report): ScalarNode | undefined {
  if (node?.kind === 'scalar' && opensExpression(node.value)) return node;
  return readText(node, 'connection', report) === undefined ? undefined : (node as ScalarNode);
}

export function readWith(node: YamlNode | undefined, report: Report): MapNode | undefined {
  if (node === undefined || node.kind === 'map') return node;
  report.error(node, 'FLOW_VALUE', 'with is a map', { do: 'write its keys, each with a value or an expression' });
  return undefined;
}
