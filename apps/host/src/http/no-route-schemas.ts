import { engineFail } from '@sluice/plugin-api';

/**
 * For Fastify's `schemaController`: bodies are checked by NestJS's pipe with Standard Schemas, and not by JSON Schemas at routes. The
 * compilers of those would be loaded at each start, two hundred modules; so there are none, and a route that has one is refused instead of
 * not being checked.
 */
export const NO_ROUTE_SCHEMAS = { compilersFactory: { buildValidator: refuse, buildSerializer: refuse } };

function refuse(): never {
  throw engineFail.CONFIG_INVALID(
    'a route of a plugin has a JSON Schema for Fastify: give the schema to @Body, @Query or @Param',
  );
}
