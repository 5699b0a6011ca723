import { describe, expect, it } from '@jest/globals';
import { cleanName, directoryQuery, directoryWords } from './names.js';

describe('cleanName', () => {
  it('removes zero-width characters and directions, and reports them', () => {
    expect(cleanName('\u202Eнавит\u200Bри\u2066 \u{E0041}Анна')).toEqual({
      name: 'навитри Анна',
      removed: ['U+202E', 'U+200B', 'U+2066', 'U+E0041'],
    });
  });

  it('makes two names equal that look equal', () => {
    const [composed, decomposed] = [cleanName('Андрей'), cleanName('Андреи\u0306')];
    expect(decomposed).toEqual(composed);
  });

  it('replaces line breaks and runs of spaces by one space', () => {
    expect(cleanName('  Иванова\n\t Анна\u00A0П. ')).toEqual({ name: 'Иванова Анна П.', removed: [] });
  });

  it('returns an empty name when nothing visible is left', () => {
    expect(cleanName('\u3164\u2800\u200D'.replace('\u2800', ' ')).name).toBe('');
  });
});

describe('the words of the directory', () => {
  it('contain each word of the name with е for ё, the address, and the digits of the phone from each one on', () => {
    const words = directoryWords({ name: 'Фёдор Соколов', phone: '+7 (912) 34', email: 'F.Sokolov@firma.ru' });
    expect(words).toEqual(expect.arrayContaining(['федор', 'соколов', 'f.sokolov@firma.ru', 'firma', '791234', '91234', '34']));
    expect(words).not.toContain('4');
  });

  it.each([
    ['Сок фё', "'сок':* & 'фе':*"],
    ['+7 (912)', "'7912':*"],
    ["o'Neil\\", "'o':* & 'neil':*"],
    ["a'b@x", "'a''b@x':*"],
  ])('are searched for %s', (search, query) => {
    expect(directoryQuery(search)).toBe(query);
  });

  it('are not searched for a text without letters and digits', () => {
    expect(directoryQuery(' -)(')).toBeUndefined();
  });
});
