/**
 * Schema of the store. Entities and SQL name every table with its schema: TypeORM's option `schema` does not set the search path, and
 * connection poolers refuse a search path in the start-up options.
 */
export const SCHEMA = 'sluice';
