import { PEOPLE } from './people.sql.js';
import { DISCUSSIONS } from './discussions.sql.js';
import { SEARCH } from './search.sql.js';

/** Steps of the schema. Each runs once, in order. Never change a released step; a later change is a further step. */
export const STEPS = [PEOPLE, DISCUSSIONS, SEARCH] as const;
