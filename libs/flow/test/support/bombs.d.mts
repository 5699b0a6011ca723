type Case = readonly [source: string, data: () => unknown, ends?: 'limit' | 'any'];

export const BOMBS: Readonly<Record<string, Case>>;
export const FUNCTION_CASES: Readonly<Record<string, readonly Case[]>>;
