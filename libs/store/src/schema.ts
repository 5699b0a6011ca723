/**
 * Every table is named with its schema, in entities and in SQL alike. TypeORM's option `schema` does not set the search path, and a
 * search path in the start-up options is refused by connection poolers.
 */
export const SCHEMA = 'sluice';
