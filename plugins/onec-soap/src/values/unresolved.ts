import { SchemaProblem } from '../schema/read-schema.js';
import type { Field, TypeDefinition, Types } from '../schema/types.js';
import type { Name } from '../xml/names.js';
import { XmlProblem } from '../xml/read-xml.js';
import { isBuiltIn } from './type-names.js';

/** Returns one message for each type of these fields, at any depth, that is not described or not supported. */
export function unresolvedIn(types: Types, fields: readonly Field[]): readonly string[] {
  const problems = new Set<string>();
  const seen = new Set<Name>();
  const waiting = fields.map(({ type }) => type);
  for (let type = waiting.pop(); type !== undefined; type = waiting.pop()) {
    if (seen.has(type)) continue;
    seen.add(type);
    const definition = definitionOf(types, type, problems);
    if (definition?.kind === 'simple') waiting.push(definition.base);
    else if (definition) waiting.push(...definition.fields.map((field) => field.type));
  }
  return [...problems];
}

function definitionOf(types: Types, type: Name, problems: Set<string>): TypeDefinition | undefined {
  try {
    const definition = types.get(type);
    if (!definition && !isBuiltIn(type)) problems.add(`the type ${type} is not described`);
    return definition;
  } catch (error) {
    if (!(error instanceof SchemaProblem || error instanceof XmlProblem)) throw error;
    problems.add(error.message);
    return undefined;
  }
}
