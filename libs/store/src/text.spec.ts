import { describe, expect, it } from '@jest/globals';
import { fromColumn, toColumn } from './text.js';

describe('toColumn', () => {
  it.each(['plain', 'Звонок-№1', '😀', 'zero\0byte', 'half \ud83d pair', '\udc00', 'json:"already"', ''])(
    'preserves %j',
    (text) => {
      const kept = toColumn(text);
      expect(fromColumn(kept)).toBe(text);
      expect(kept).not.toContain('\0');
      expect(Buffer.from(kept).toString()).toBe(kept);
    },
  );
});
