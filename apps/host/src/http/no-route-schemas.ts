import { engineFail } from '@sluice/plugin-api';

/**
 * For Fastify's `schemaController`: bodies are checked by NestJS's pipe with Standard Schemas, and not by JSON Schemas at routes. The
 * compilers of JSON Schemas have two hundred modules, so they are not loaded, and a route with a schema is rejected instead of
 * silently not validated.
 */
export const NO_ROUTE_SCHEMAS = { compilersFactory: { buildValidator: refuse, buildSerializer: refuse } };

function refuse(): never {
  throw engineFail.CONFIG_INVALID(
    'a route of a plugin has a JSON Schema for Fastify: pass the schema to @Body, @Query or @Param',
  );
}
