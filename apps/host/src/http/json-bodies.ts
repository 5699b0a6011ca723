/**
 * Options of the server for JSON bodies. `__proto__` and `constructor` are ordinary keys of data: events with them are accepted, so an
 * operator can replay a run with them. `JSON.parse` makes them own properties, which change no prototype.
 */
export const JSON_BODIES = { onProtoPoisoning: 'ignore', onConstructorPoisoning: 'ignore' } as const;
